#include "gateway/backup/manifest.h"

#include "gateway/backup/keys.h"
#include "gateway/backup/restored.h"
#include "gateway/model/limits.h"
#include "tests/unit/backup/backup_fixture.h"

namespace gateway::backup {
namespace {

class ManifestTest : public BackupTest {
 protected:
  StatusOr<SignedManifest> Sign(const std::function<void(Manifest&)>& change) {
    Manifest manifest = Describe().manifest;
    change(manifest);
    return SignManifest(std::move(manifest), signer());
  }
};

TEST_F(ManifestTest, OpensAsItWasSigned) {
  const SignedManifest made = Describe(7, {std::string(16, 'x')});
  const auto opened = OpenManifest(made.envelope);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->manifest, made.manifest);
  EXPECT_EQ(opened->id, made.id);
  EXPECT_EQ(opened->signer, signer().public_key());
}

TEST_F(ManifestTest, EveryFlippedBitIsFound) {
  const auto& [id, whole, signer, manifest] = Describe();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto opened = OpenManifest(flipped);
      // The key id of a signature is a hint; changed, it gives the backup another id.
      if (opened.ok()) {
        EXPECT_NE(opened->id, id) << i;
      } else {
        EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss) << i;
      }
    }
  }
}

TEST_F(ManifestTest, EveryTruncationIsFound) {
  const std::string whole = Describe().envelope;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(OpenManifest(whole.substr(0, i)).status().code(), StatusCode::kDataLoss) << i;
  }
}

TEST_F(ManifestTest, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"../keyslots", "/etc/passwd", "a/b", "..", ".", "", ".hidden",
                           "restored", "erasures", "withdrawals", "a b", "a\\b"}) {
    EXPECT_FALSE(IsFileName(name)) << name;
    EXPECT_FALSE(Sign([&](Manifest& m) { m.files[0].name = name; }).ok()) << name;
  }
  EXPECT_FALSE(IsFileName(std::string(limits::kBackupFileNameBytesMax + 1, 'a')));
  for (const char* name : {"000012.sst", "CURRENT", "MANIFEST-000001", "OPTIONS-000007"}) {
    EXPECT_TRUE(IsFileName(name)) << name;
  }
}

TEST_F(ManifestTest, RefusesSizesThatNoDiskHas) {
  EXPECT_FALSE(Sign([](Manifest& m) { m.files[0].bytes = limits::kBackupBytesMax + 1; }).ok());
  EXPECT_FALSE(Sign([](Manifest& m) {
                 m.files[0].bytes = m.files[1].bytes = ~uint64_t{0} / 2 + 1;  // the sum wraps
               }).ok());
}

TEST_F(ManifestTest, RefusesRepeatedNamesAndEmptyBackups) {
  EXPECT_FALSE(Sign([](Manifest& m) { m.files[1].name = m.files[0].name; }).ok());
  EXPECT_FALSE(Sign([](Manifest& m) { m.files.clear(); }).ok());
}

TEST_F(ManifestTest, RefusesAnotherStoreFormat) {
  const auto made = Sign([](Manifest& m) { m.store_format = kStoreFormat + 1; });
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(OpenManifest(made->envelope).status().code(), StatusCode::kFailedPrecondition);
}

TEST(KeysBackupTest, OpensForThirtyDays) {
  const Time made = Time(std::chrono::hours(1000));
  const KeysBackup keys{.gateway = "gw-a",
                        .created = made,
                        .expires = made + limits::kKeysBackupLife,
                        .keyslots = "slots",
                        .config = "config",
                        .mode = "live\n"};
  const std::string bytes = WriteKeys(keys);
  ASSERT_TRUE(ReadKeys(bytes, made).ok());
  EXPECT_EQ(ReadKeys(bytes, made)->keyslots, "slots");
  EXPECT_TRUE(ReadKeys(bytes, keys.expires - Millis(1)).ok());
  EXPECT_EQ(ReadKeys(bytes, keys.expires).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadKeys(bytes, made - Millis(1)).status().code(), StatusCode::kFailedPrecondition);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(ReadKeys(bytes.substr(0, i), made).status().code(), StatusCode::kDataLoss);
  }
}

TEST(KeysBackupTest, RefusesALongerLife) {
  const KeysBackup keys{.gateway = "gw-a",
                        .expires = Time(limits::kKeysBackupLife + Millis(1)),
                        .keyslots = "slots"};
  EXPECT_EQ(ReadKeys(WriteKeys(keys), Time()).status().code(), StatusCode::kDataLoss);
}

TEST(RestoredTest, ReadsWhatItWroteAndNoPartOfIt) {
  const Restored restored{.at = Time(Millis(1234567)),
                          .backup = std::string(64, 'a'),
                          .erased = {std::string(16, 'x'), std::string(16, 'y')}};
  const std::string text = WriteRestored(restored);
  const auto read = ReadRestored(text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->at, restored.at);
  EXPECT_EQ(read->backup, restored.backup);
  EXPECT_EQ(read->erased, restored.erased);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(ReadRestored(text.substr(0, i)).status().code(), StatusCode::kDataLoss) << i;
  }
}

}  // namespace
}  // namespace gateway::backup
