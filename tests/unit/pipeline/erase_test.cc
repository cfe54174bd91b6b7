#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "gateway/backup/restored.h"
#include "gateway/base/bytes.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/policy/receipt.h"
#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

std::string SubscriptionsRow(const std::filesystem::path& dir) {
  const auto copy = dir.parent_path() / "subscriptions-copy";
  std::filesystem::copy(dir, copy, std::filesystem::copy_options::recursive);
  std::string row;
  {
    const auto db = store::Database::Open(copy.string());
    EXPECT_TRUE(db.ok());
    row = (*db)->Get(store::Table::kMeta, "subscriptions")->value_or("");
  }
  std::filesystem::remove_all(copy);
  return row;
}

// The wrapped data keys of the gateway's store: the one way back to what they sealed.
std::vector<std::string> WrappedKeys(const std::filesystem::path& dir) {
  const auto copy = dir.parent_path() / "keys-copy";
  std::filesystem::copy(dir, copy, std::filesystem::copy_options::recursive);
  std::vector<std::string> keys;
  {
    const auto db = store::Database::Open(copy.string());
    EXPECT_TRUE(db.ok());
    EXPECT_TRUE((*db)->Scan(store::Table::kKeys, {}, {},
                            [&](std::string_view key, std::string_view value) {
                              const bool own = key.starts_with(std::string(16, '\0'));
                              if (!own && value.size() > 1) keys.emplace_back(value.substr(1));
                              return true;
                            })
                    .ok());
  }
  std::filesystem::remove_all(copy);
  return keys;
}

TEST(EraseTest, NoFileHoldsAnyKeyOfTheHouseholdAfterwards) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  commons.SendDay(gone, "2013-01-13T00:00:00Z", 500);
  commons.Restart();
  const std::vector<std::string> keys = WrappedKeys(commons.dir());
  ASSERT_EQ(keys.size(), 2u);  // of its registry row, and of the month
  const std::string before = AllBytes(commons.dir());
  for (const std::string& key : keys) ASSERT_NE(before.find(key), std::string::npos);
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  const std::string after = AllBytes(commons.dir());
  for (const std::string& key : keys) EXPECT_EQ(after.find(key), std::string::npos);
  EXPECT_TRUE(commons.gateway().ListHouseholds()->empty());
}

// A crash after the keys' end, before the files were rewritten.
TEST(EraseTest, TheNextStartFinishesWhatACrashLeft) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  commons.Restart();
  const std::vector<std::string> keys = WrappedKeys(commons.dir());
  ASSERT_TRUE(commons.gateway().Close().ok());
  {
    const auto db = store::Database::Open(commons.dir().string());
    ASSERT_TRUE(db.ok());
    const auto vault =
        store::Vault::Open(**db, *crypto::SecretKey::FromBytes(commons.master()));
    ASSERT_TRUE(vault.ok());
    store::Batch batch;
    batch.Put(store::Table::kMeta, "erasing", "1");
    const OwnerId owner = (*vault)->OwnerOf(SubjectId::FromBytes(gone.invite.subject));
    ASSERT_TRUE((*vault)->DestroyOwner(batch, owner).ok());
  }
  commons.Restart();
  EXPECT_TRUE(commons.gateway().ListHouseholds()->empty());
  const std::string after = AllBytes(commons.dir());
  for (const std::string& key : keys) EXPECT_EQ(after.find(key), std::string::npos);
}

// They are under the gateway's own key, which stays.
TEST(EraseTest, TheTopicsOfItsOwnProfilesGoAndThoseOfOthersStay) {
  Commons commons;
  commons.Join("flat-1");
  commons.Join("flat-2");
  const auto enrol = [&](const std::string& household, const std::string& quoted) {
    return commons.gateway()
        .EnrolDevice({.device = "plug-" + household, .household = household, .profile = "ha-plug",
                      .claim = "claim-" + household,
                      .own_profile = "messages:\n  - topic: '" + quoted + "'\n    format: number\n"
                                     "  - topic: 'all/of-" + household + "'\n"})
        .status();
  };
  ASSERT_TRUE(enrol("flat-1", "home/grandma''s-plug").ok());
  ASSERT_TRUE(enrol("flat-2", "home/other-plug").ok());
  const std::vector<std::string> all = {"all/of-flat-1", "home/grandma's-plug", "home/other-plug",
                                        "sensors/+/+"};
  const std::vector<std::string> rest = {"home/other-plug", "sensors/+/+"};
  ASSERT_TRUE(commons.gateway().KeepSubscriptions(all).ok());
  commons.Close();
  {
    // Into one file at the bottom, where nothing but the erasure itself rewrites it: else the files
    // that follow from it may be enough for RocksDB to do so of its own accord.
    const auto db = store::Database::Open(commons.dir().string());
    ASSERT_TRUE(db.ok() && (*db)->Rewrite(store::Table::kMeta).ok());
  }
  ASSERT_TRUE(commons.TryOpen(commons.dir()).ok());
  const std::string row = SubscriptionsRow(commons.dir());
  ASSERT_GT(row.size(), 32u);
  ASSERT_NE(AllBytes(commons.dir()).find(row), std::string::npos);
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  EXPECT_EQ(commons.gateway().Subscriptions(), rest);
  const std::string after = AllBytes(commons.dir());
  EXPECT_EQ(after.find(row), std::string::npos);
  EXPECT_EQ(after.find("grandma"), std::string::npos);
  // Whoever talks to the broker says them again until it took them back.
  ASSERT_TRUE(commons.gateway().KeepSubscriptions(all).ok());
  EXPECT_EQ(commons.gateway().Subscriptions(), rest);
}

TEST(EraseTest, OthersKeepTheirReadingsAndTheErasedOneNeverReturns) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  const Member stays = commons.Join("flat-2");
  commons.SendDay(gone, "2013-01-13T00:00:00Z", 500);
  commons.SendDay(stays, "2013-01-13T00:00:00Z", 300);
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  commons.Crash();
  EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 1u);
  EXPECT_EQ(commons.Send(stays, "2013-01-13T00:00:00Z", 300), port::DoorCode::kAdmitted);
  EXPECT_EQ(commons.Counts()["repeated"], 1u);
}

TEST(EraseTest, ALateMessageIsDeniedAndCounted) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  const auto picture = commons.gateway().admissions();  // as a message in flight holds it
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  EXPECT_EQ(commons.Send(gone, "2013-01-13T00:00:00Z", 5), port::DoorCode::kUnknownDevice);
  const port::Admission admission = picture->Find("generic", gone.device, "load");
  ASSERT_EQ(admission.code, port::DoorCode::kAdmitted);
  commons.gateway().Received(1);
  const port::Admitted late{&admission, {.time = At("2013-01-13T00:30:00Z"), .value = 5}};
  EXPECT_TRUE(
      commons.gateway().Append({.topic = "t", .payload = "p"}, {&late, 1}, false).ok());
  const auto status = commons.gateway().GetStatus();
  EXPECT_EQ(status->journaled, 0u);
  EXPECT_EQ(status->waiting, 0u);
  EXPECT_TRUE(WrappedKeys(commons.dir()).empty());
}

// The list of withdrawals is beside the database and can fail after the keys' end.
TEST(EraseTest, AHouseholdIsGoneThoughItsWithdrawalsCannotBeTakenOffTheList) {
  namespace fs = std::filesystem;
  Commons commons;
  const Member gone = commons.Join("flat-1");
  commons.SendDay(gone, "2013-01-13T00:00:00Z", 500);
  ASSERT_EQ(*commons.gateway().WithdrawGrants("flat-1", ""), 1u);
  const fs::path list = commons.dir() / "withdrawals";
  const fs::path aside = commons.dir().parent_path() / "withdrawals-aside";
  fs::rename(list, aside);
  fs::create_directories(list / "in-the-way");
  const auto receipt = commons.gateway().EraseHousehold("flat-1");
  EXPECT_TRUE(receipt.ok()) << Message(receipt.status());
  EXPECT_TRUE(commons.gateway().ListHouseholds()->empty());
  EXPECT_EQ(commons.Send(gone, "2013-01-13T00:00:00Z", 5), port::DoorCode::kUnknownDevice);
  fs::remove_all(list);
  fs::rename(aside, list);
  // The next that is written has those of others only.
  commons.Join("flat-2");
  ASSERT_EQ(*commons.gateway().WithdrawGrants("flat-2", ""), 1u);
  std::ifstream written(list, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(written), {}};
  const auto read = backup::ReadWithdrawals(text);
  ASSERT_TRUE(read.ok()) << Message(read.status());
  EXPECT_EQ(read->grants.size(), 2u);  // the grant, and the no to everything
}

TEST(EraseTest, TheHouseholdCanJoinAgainUnderANewSubject) {
  Commons commons;
  const Member before = commons.Join("flat-1");
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  const Member again = commons.Join("flat-1");
  EXPECT_NE(again.invite.subject, before.invite.subject);
  EXPECT_EQ(commons.Send(again, "2013-01-13T00:00:00Z", 5), port::DoorCode::kAdmitted);
  EXPECT_EQ(commons.Counts()[""], 1u);
}

TEST(EraseTest, AnOlderBackupDoesNotBringItBack) {
  Commons commons;
  commons.Join("flat-1");
  commons.Restart();
  const auto backup = commons.dir().parent_path() / "backup";
  std::filesystem::copy(commons.dir(), backup, std::filesystem::copy_options::recursive);
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  std::filesystem::copy_file(commons.dir() / "erasures", backup / "erasures");
  ReplayClock clock(At("2013-01-13T00:00:00Z"));
  auto restored = Pipeline::Open({.dir = backup.string(),
                                  .master = *crypto::SecretKey::FromBytes(commons.master()),
                                  .gateway = GatewayId("gw-a"),
                                  .clock = &clock,
                                  .replay = &clock});
  ASSERT_TRUE(restored.ok()) << Message(restored.status());
  EXPECT_TRUE((*restored)->ListHouseholds()->empty());
}

TEST(EraseTest, TheReceiptIsSignedByTheGateway) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  const auto receipt = commons.gateway().EraseHousehold("flat-1");
  ASSERT_TRUE(receipt.ok());
  const auto own = commons.gateway().GetKeys();
  policy::GatewayKeys keys{.id = GatewayId("gw-a"), .tls = {}, .sign = own->sign, .log = {}};
  const auto read = policy::VerifyReceipt(*receipt, keys);
  ASSERT_TRUE(read.ok()) << Message(read.status());
  EXPECT_EQ(read->subject.view(), gone.invite.subject);
  EXPECT_EQ(read->data_keys, 1u);
  keys.sign = own->log;
  EXPECT_EQ(policy::VerifyReceipt(*receipt, keys).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(policy::VerifyReceipt("x", keys).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(commons.gateway().EraseHousehold("flat-1").status().code(), StatusCode::kNotFound);
}

// The store is as a crash leaves it after the keys' end, because the master key cannot be renewed.
TEST(EraseTest, AReceiptThatACrashSwallowedIsGivenAfterTheRestart) {
  namespace fs = std::filesystem;
  Commons commons;
  const Member gone = commons.Join("flat-1");
  fs::permissions(commons.keyslots(), fs::perms::group_read, fs::perm_options::add);
  ASSERT_EQ(commons.gateway().EraseHousehold("flat-1").status().code(),
            StatusCode::kFailedPrecondition);
  // Not before every file is rewritten.
  EXPECT_EQ(commons.gateway().ErasureReceipt("flat-1").status().code(), StatusCode::kUnavailable);
  fs::permissions(commons.keyslots(), fs::perms::group_read, fs::perm_options::remove);
  commons.Crash();
  const auto receipt = commons.gateway().ErasureReceipt("flat-1");
  ASSERT_TRUE(receipt.ok()) << Message(receipt.status());
  const auto own = commons.gateway().GetKeys();
  const auto read = policy::VerifyReceipt(
      *receipt, {.id = GatewayId("gw-a"), .tls = {}, .sign = own->sign, .log = {}});
  ASSERT_TRUE(read.ok()) << Message(read.status());
  EXPECT_EQ(read->subject.view(), gone.invite.subject);
  EXPECT_EQ(read->erased_at, At("2013-01-13T00:00:00Z"));
  EXPECT_EQ(read->data_keys, 1u);
  EXPECT_EQ(commons.gateway().ErasureReceipt("flat-2").status().code(), StatusCode::kNotFound);
}

TEST(EraseTest, ACrashBeforeTheKeysEndLeavesAReceiptToo) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  commons.Close();
  std::string owner;
  {
    const auto db = store::Database::Open(commons.dir().string());
    const auto vault = store::Vault::Open(**db, *crypto::SecretKey::FromBytes(commons.master()));
    ASSERT_TRUE(vault.ok());
    owner = (*vault)->OwnerOf(SubjectId::FromBytes(gone.invite.subject)).view();
  }
  std::ofstream(commons.dir() / "erasures") << HexEncode(owner) << "\n";
  ASSERT_TRUE(commons.TryOpen(commons.dir()).ok());
  EXPECT_TRUE(commons.gateway().ListHouseholds()->empty());
  EXPECT_TRUE(commons.gateway().ErasureReceipt("flat-1").ok());
}

TEST(EraseTest, AReceiptIsGivenAgainForThirtyDays) {
  Commons commons;
  commons.Join("flat-1");
  const auto receipt = commons.gateway().EraseHousehold("flat-1");
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(*commons.gateway().ErasureReceipt("flat-1"), *receipt);
  commons.clock().Set(At("2013-02-12T00:00:00Z"));
  commons.Restart();
  EXPECT_TRUE(commons.gateway().ErasureReceipt("flat-1").ok());
  commons.clock().Set(At("2013-02-12T00:00:01Z"));
  commons.Restart();
  EXPECT_EQ(commons.gateway().ErasureReceipt("flat-1").status().code(), StatusCode::kNotFound);
}

// Each rewrites the files on its own thread: whoever is first must not take away the other's mark.
TEST(EraseTest, TwoErasuresAtOnceBothEnd) {
  Commons commons;
  for (const char* name : {"flat-1", "flat-2", "flat-3"}) {
    commons.SendDay(commons.Join(name), "2013-01-13T00:00:00Z", 500);
  }
  const std::vector<std::string> keys = WrappedKeys(commons.dir());
  Status other;
  std::thread thread([&] { other = commons.gateway().EraseHousehold("flat-2").status(); });
  const Status status = commons.gateway().EraseHousehold("flat-1").status();
  thread.join();
  ASSERT_TRUE(status.ok()) << Message(status);
  ASSERT_TRUE(other.ok()) << Message(other);
  EXPECT_TRUE(commons.gateway().ErasureReceipt("flat-1").ok());
  EXPECT_TRUE(commons.gateway().ErasureReceipt("flat-2").ok());
  EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 1u);
  const std::string after = AllBytes(commons.dir());
  for (const std::string& key : keys) EXPECT_EQ(after.find(key), std::string::npos);
}

}  // namespace
}  // namespace gateway::pipeline
