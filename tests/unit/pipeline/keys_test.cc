// What opens the store: keyslots, and a new master key, whatever interrupts it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "gateway/backup/age_file.h"
#include "gateway/backup/folder.h"
#include "gateway/backup/source.h"
#include "gateway/base/bytes.h"
#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/crypto/age.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/proof/note.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using crypto::Keyslots;
using crypto::MasterKey;

template <typename T>
T Must(StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << Message(value.status());
    abort();
  }
  return *std::move(value);
}

std::string ReadSlots(const Commons& commons) {
  return Must(ReadFile(commons.keyslots(), crypto::kKeyslotsBytesMax));
}

void WriteSlots(const Commons& commons, const std::string& bytes) {
  ASSERT_TRUE(WriteFile(commons.keyslots(), bytes, FileMode::kPrivate, IfExists::kReplace).ok());
}

std::vector<MasterKey> Masters(const Commons& commons, const std::string& file) {
  return Must(crypto::OpenMasters(Must(crypto::ParseKeyslots(file)), commons.slot_secret())).keys;
}

StatusCode OpenCode(const Commons& commons, const std::filesystem::path& db,
                    const std::string& file) {
  const auto parsed = crypto::ParseKeyslots(file);
  if (!parsed.ok()) return parsed.status().code();
  auto masters = crypto::OpenMasters(*parsed, commons.slot_secret());
  if (!masters.ok()) return masters.status().code();
  WriteSlots(commons, file);
  ReplayClock clock(At("2013-01-13T00:00:00Z"));
  return Pipeline::Open({.dir = db.string(),
                         .master = *std::move(masters),
                         .keyslots = commons.keyslots(),
                         .gateway = GatewayId("gw-a"),
                         .clock = &clock,
                         .replay = &clock})
      .status()
      .code();
}

crypto::Keyslot NewSlot(char fill) {
  crypto::Keyslot slot;
  slot.public_key = crypto::SlotPublicKey(*crypto::SecretKey::FromBytes(std::string(32, fill)));
  return slot;
}

TEST(KeysTest, ANewMasterKeyOpensTheStoreAndTheOldOneNoLongerDoes) {
  Commons commons;
  const Member member = commons.Join("a");
  const std::string before = ReadSlots(commons);
  EXPECT_GE(Must(commons.gateway().RotateKeys("master")), 6u);
  commons.SendDay(member, "2013-01-13T00:00:00Z", 100);  // mints under the new one
  commons.Restart();
  EXPECT_EQ(commons.Counts()[""], 0u);  // counted by the earlier process
  EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 1u);
  const std::vector<MasterKey> masters = Masters(commons, ReadSlots(commons));
  ASSERT_EQ(masters.size(), 1u);
  EXPECT_EQ(masters[0].generation, 2u);
  EXPECT_FALSE(masters[0].key.Equals(*crypto::SecretKey::FromBytes(commons.master())));
  const auto copy = commons.dir().parent_path() / "copy";
  CopyOfOneMoment(commons.dir(), copy);
  EXPECT_EQ(OpenCode(commons, copy, before), StatusCode::kPermissionDenied);
}

// The file has both keys; the store is as it was before the commit, after it, or was written to by
// a process that did not know that its commit had happened.
TEST(KeysTest, ARotationThatIsCutShortAnywhereLeavesAStoreThatOpens) {
  Commons commons;
  const Member member = commons.Join("a");
  const auto at = [&](const char* name) { return commons.dir().parent_path() / name; };
  const std::string file_before = ReadSlots(commons);
  CopyOfOneMoment(commons.dir(), at("before"));
  ASSERT_TRUE(commons.gateway().RotateKeys("master").ok());
  CopyOfOneMoment(commons.dir(), at("after"));
  const std::string file_after = ReadSlots(commons);
  const std::vector<MasterKey> old = Masters(commons, file_before);
  const std::vector<MasterKey> next = Masters(commons, file_after);
  const std::string both = crypto::SerializeKeyslots(
      Must(crypto::SealKeyslots(Must(crypto::ParseKeyslots(file_after)).slots,
                                {&old.front(), &next.front()})));

  EXPECT_EQ(OpenCode(commons, at("before"), file_after), StatusCode::kPermissionDenied);
  for (const char* name : {"before", "after"}) {
    EXPECT_EQ(OpenCode(commons, at(name), both), StatusCode::kOk) << name;
    // The start has ended the rotation: the file has the new key alone, and it opens the store.
    const std::string settled = ReadSlots(commons);
    const std::vector<MasterKey> masters = Masters(commons, settled);
    ASSERT_EQ(masters.size(), 1u) << name;
    EXPECT_TRUE(masters[0].key.Equals(next[0].key)) << name;
    EXPECT_EQ(OpenCode(commons, at(name), settled), StatusCode::kOk) << name;
    EXPECT_EQ(OpenCode(commons, at(name), file_before), StatusCode::kPermissionDenied) << name;
  }
}

TEST(KeysTest, ASlotIsAddedWithoutItsSecretAndOpensFromThenOn) {
  Commons commons;
  ASSERT_TRUE(commons.gateway().AddKeySlot(crypto::SerializeSlot(NewSlot('n'))).ok());
  EXPECT_EQ(commons.gateway().AddKeySlot(crypto::SerializeSlot(NewSlot('n'))).code(),
            StatusCode::kAlreadyExists);
  ASSERT_TRUE(commons.gateway().RotateKeys("master").ok());
  const Keyslots file = Must(crypto::ParseKeyslots(ReadSlots(commons)));
  const auto secret = Must(crypto::SecretKey::FromBytes(std::string(32, 'n')));
  const auto opened = Must(crypto::OpenMasters(file, secret));
  EXPECT_TRUE(opened.keys[0].key.Equals(Masters(commons, ReadSlots(commons))[0].key));
  const auto rows = Must(commons.gateway().ListKeySlots());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].id, NewSlot('n').public_key);
  EXPECT_EQ(rows[1].type, "key-file");
}

TEST(KeysTest, ARemovedSlotOpensNothingNotEvenWithAnOldCopyOfTheFile) {
  Commons commons;
  ASSERT_TRUE(commons.gateway().AddKeySlot(crypto::SerializeSlot(NewSlot('n'))).ok());
  const std::string copy = ReadSlots(commons);
  ASSERT_TRUE(commons.gateway().RemoveKeySlot(NewSlot('n').public_key).ok());
  const auto secret = Must(crypto::SecretKey::FromBytes(std::string(32, 'n')));
  const Keyslots now = Must(crypto::ParseKeyslots(ReadSlots(commons)));
  EXPECT_EQ(crypto::OpenMasters(now, secret).status().code(), StatusCode::kPermissionDenied);
  const auto db = commons.dir().parent_path() / "copy";
  CopyOfOneMoment(commons.dir(), db);
  EXPECT_EQ(OpenCode(commons, db, copy), StatusCode::kPermissionDenied);
}

TEST(KeysTest, TheLastSlotAndAnUnknownOneAreNotRemoved) {
  Commons commons;
  const auto rows = Must(commons.gateway().ListKeySlots());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(commons.gateway().RemoveKeySlot(rows[0].id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(commons.gateway().RemoveKeySlot("other").code(), StatusCode::kNotFound);
}

// Whoever has the card in his hand can put a slot of his own into the file, and wait.
TEST(KeysTest, ASlotThatSomeoneElsePutIntoTheFileNeverGetsTheNextMasterKey) {
  Commons commons;
  Keyslots file = Must(crypto::ParseKeyslots(ReadSlots(commons)));
  crypto::Keyslot foreign = file.slots[0];
  foreign.public_key = NewSlot('w').public_key;
  file.slots.push_back(foreign);
  WriteSlots(commons, crypto::SerializeKeyslots(file));
  EXPECT_EQ(Must(commons.gateway().ListKeySlots())[1].detail, "damaged: opens nothing");
  ASSERT_TRUE(commons.gateway().RotateKeys("master").ok());
  EXPECT_EQ(Must(crypto::ParseKeyslots(ReadSlots(commons))).slots.size(), 1u);
}

TEST(KeysTest, AKeyslotsFileThatOthersCanReadIsRefused) {
  Commons commons;
  ASSERT_EQ(chmod(commons.keyslots().c_str(), 0640), 0);
  EXPECT_EQ(commons.gateway().RotateKeys("master").status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(commons.gateway().ListKeySlots().status().code(), StatusCode::kFailedPrecondition);
}

TEST(KeysTest, NewIdentityKeysAreShownAtOnceAndUsedOnceTheRosterNamesThem) {
  Commons commons;
  const auto before = Must(commons.gateway().GetKeys());
  EXPECT_EQ(Must(commons.gateway().RotateKeys("identity")), 3u);
  const auto next = Must(commons.gateway().GetKeys());
  EXPECT_NE(next.sign, before.sign);
  EXPECT_NE(next.log, before.log);
  EXPECT_NE(next.tls, before.tls);
  commons.Restart();
  EXPECT_EQ(commons.gateway().signer().public_key(), before.sign);
  EXPECT_EQ(Must(commons.gateway().tls_identity()).pin, before.tls);

  std::string prev;
  for (const port::DocumentRow& row : Must(commons.gateway().ShowDocuments())) {
    if (row.type == "roster") prev = HexEncode(row.hash);
  }
  const std::string roster =
      "schema: commons-roster/1\ncommons: testville\nversion: 2\nprev: \"" + prev +
      "\"\nissued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
      "gateways: [{id: gw-a, zone: north, address: \"localhost:7443\", tls: [\"" +
      crypto::FormatPin(next.tls) + "\"], sign: \"" + crypto::FormatPublicKey(next.sign) +
      "\", log: \"" + crypto::FormatPublicKey(next.log) +
      "\"}]\nparties: [{id: city-hall, kind: municipality}, {id: institute, kind: researcher}]\n";
  const auto warnings = Must(
      commons.gateway().ActivateDocuments({commons.Sign(crypto::kRosterType, roster)}));
  ASSERT_FALSE(warnings.empty());
  EXPECT_NE(warnings.back().find("restart commonsd"), std::string::npos);
  EXPECT_EQ(commons.gateway().signer().public_key(), before.sign);
  commons.Restart();
  EXPECT_EQ(commons.gateway().signer().public_key(), next.sign);
  EXPECT_EQ(Must(commons.gateway().tls_identity()).pin, next.tls);
  EXPECT_EQ(Must(commons.gateway().GetKeys()).log, next.log);
  // The ledger's head is signed by the key that the roster names.
  const auto note = proof::ParseNote(commons.gateway().checkpoint());
  ASSERT_TRUE(note.ok()) << Message(note.status());
  const std::vector<proof::NoteKey> known = {
      {.name = proof::LogOrigin("testville", "gw-a", true), .public_key = next.log}};
  EXPECT_EQ(Must(proof::VerifyNote(*note, known)).size(), 1u);
}

TEST(KeysTest, AnUnknownLevelIsRefused) {
  Commons commons;
  EXPECT_EQ(commons.gateway().RotateKeys("everything").status().code(),
            StatusCode::kInvalidArgument);
}

// A copy of the keys and a copy of the data that is made with it are of one moment.
TEST(KeysTest, AKeysBackupOpensTheDataThatItWasMadeWithWhateverIsRenewedMeanwhile) {
  Commons commons;
  commons.Join("a");
  const std::filesystem::path root = commons.dir().parent_path();
  for (const char* name : {"commonsd.yaml", "mode"}) {
    ASSERT_TRUE(WriteFile((root / name).string(), "x", FileMode::kPrivate, IfExists::kRefuse).ok());
  }
  auto identity = Must(crypto::AgeIdentity::FromSigner(Must(crypto::Signer::Generate())));
  const std::string recipient = identity.recipient().ToString();
  std::atomic<bool> done{false};
  std::thread renewing([&] {
    while (!done) EXPECT_TRUE(commons.gateway().RotateKeys("master").ok());
  });
  for (int i = 0; i < 6; ++i) {
    const std::string keys = root / ("keys-" + std::to_string(i));
    const auto made = commons.gateway().CreateBackup({.folder = (root / "backups").string(),
                                                      .keys_file = keys,
                                                      .keys_recipients = {recipient}},
                                                     {});
    ASSERT_TRUE(made.ok()) << Message(made.status());
    const auto opened = backup::ReadKeysFile(keys, {&identity, 1}, RealClock().SystemNow());
    ASSERT_TRUE(opened.ok()) << Message(opened.status());
    const auto source = backup::OpenFolder((root / "backups").string(), made->id);
    ASSERT_TRUE(source.ok());
    EXPECT_EQ(opened->generation, (*source)->backup().manifest.generation);
    EXPECT_EQ(Must(crypto::ParseKeyslots(opened->keyslots)).generation, opened->generation);
  }
  done = true;
  renewing.join();
}

TEST(KeysTest, NoKeysAreBackedUpWhileARenewalHasNotEnded) {
  namespace fs = std::filesystem;
  Commons commons;
  const fs::path root = commons.dir().parent_path();
  for (const char* name : {"commonsd.yaml", "mode"}) {
    ASSERT_TRUE(WriteFile((root / name).string(), "x", FileMode::kPrivate, IfExists::kRefuse).ok());
  }
  auto identity = Must(crypto::AgeIdentity::FromSigner(Must(crypto::Signer::Generate())));
  const port::BackupRequest request{.keys_file = root / "keys",
                                    .keys_recipients = {identity.recipient().ToString()}};
  fs::permissions(commons.keyslots(), fs::perms::group_read, fs::perm_options::add);
  ASSERT_FALSE(commons.gateway().RotateKeys("master").ok());
  fs::permissions(commons.keyslots(), fs::perms::group_read, fs::perm_options::remove);
  const auto refused = commons.gateway().CreateBackup(request, {});
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(refused.status()).find("is being renewed"), std::string_view::npos);
  EXPECT_FALSE(fs::exists(root / "keys"));
  ASSERT_TRUE(commons.gateway().RotateKeys("master").ok());
  EXPECT_TRUE(commons.gateway().CreateBackup(request, {}).ok());
}

}  // namespace
}  // namespace gateway::pipeline
