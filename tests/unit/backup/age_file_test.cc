#include "gateway/backup/age_file.h"

#include <gmock/gmock.h>

#include "gateway/model/limits.h"
#include "tests/unit/backup/backup_fixture.h"

namespace gateway::backup {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AgeFileTest : public BackupTest {
 protected:
  AgeFileTest() { identities_.push_back(*crypto::AgeIdentity::Generate()); }
  std::string path(const std::string& name) const { return (root_ / name).string(); }
  std::vector<crypto::AgeRecipient> recipients() const { return {identities_[0].recipient()}; }
  StatusOr<uint64_t> WriteFile(const std::string& name, const SignedManifest& backup,
                               const std::set<std::string>& known = {}) {
    Meter meter(nothing_, 0);
    return WriteAgeFile(path(name), recipients(), backup, db().string(), known, meter);
  }
  std::vector<std::string> ProblemsOf(std::vector<std::string> paths) {
    const auto source = OpenAgeFiles(std::move(paths), identities_);
    if (!source.ok()) return {std::string(Message(source.status()))};
    return *Check(**source, nothing_);
  }
  std::vector<crypto::AgeIdentity> identities_;
};

TEST_F(AgeFileTest, GivesTheFilesBack) {
  ASSERT_TRUE(WriteFile("full.age", Describe()).ok());
  EXPECT_THAT(ProblemsOf({path("full.age")}), IsEmpty());
  fs::create_directory(root_ / "out");
  ASSERT_TRUE(Extract(**OpenAgeFiles({path("full.age")}, identities_), path("out"), nothing_).ok());
  EXPECT_EQ(FilesOf(root_ / "out"), FilesOf(db()));
}

TEST_F(AgeFileTest, AnIncrementIsSmallAndNeedsItsBase) {
  const SignedManifest full = Describe(1);
  ASSERT_TRUE(WriteFile("full.age", full).ok());
  std::set<std::string> known;
  for (const BackupFile& file : full.manifest.files) known.insert(file.hash);
  WriteAll(db() / "000015.sst", "new");
  EXPECT_EQ(*WriteFile("more.age", Describe(2), known), 3u);
  EXPECT_THAT(ProblemsOf({path("more.age"), path("full.age")}), IsEmpty());
  EXPECT_THAT(ProblemsOf({path("more.age")}), ::testing::SizeIs(5));
}

TEST_F(AgeFileTest, EveryDamagedByteIsFound) {
  WriteAll(db() / "000012.sst", "was large");
  ASSERT_TRUE(WriteFile("full.age", Describe()).ok());
  const std::string whole = ReadAll(path("full.age"));
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    WriteAll(path("damaged.age"), damaged);
    EXPECT_FALSE(ProblemsOf({path("damaged.age")}).empty()) << i;
    WriteAll(path("damaged.age"), whole.substr(0, i));
    EXPECT_FALSE(ProblemsOf({path("damaged.age")}).empty()) << i;
  }
}

TEST_F(AgeFileTest, AnotherIdentityOpensNothing) {
  ASSERT_TRUE(WriteFile("full.age", Describe()).ok());
  std::vector<crypto::AgeIdentity> other;
  other.push_back(*crypto::AgeIdentity::Generate());
  EXPECT_EQ(OpenAgeFiles({path("full.age")}, other).status().code(),
            StatusCode::kPermissionDenied);
}

TEST_F(AgeFileTest, DoesNotReplaceAFile) {
  WriteAll(path("full.age"), "mine");
  EXPECT_EQ(WriteFile("full.age", Describe()).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadAll(path("full.age")), "mine");
}

TEST_F(AgeFileTest, DebiansAgeOpensIt) {
  if (std::system("command -v age >/dev/null") != 0) GTEST_SKIP() << "no age program here";
  ASSERT_TRUE(WriteFile("full.age", Describe()).ok());
  WriteAll(path("id.txt"), "# made by a test\n" + identities_[0].ToString() + "\n");
  const std::string command =
      "age -d -i " + path("id.txt") + " -o " + path("plain") + " " + path("full.age");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(ReadAll(path("plain")).starts_with("CGBS1"));
  EXPECT_EQ(ReadIdentities(path("id.txt"))->size(), 1u);
}

TEST_F(AgeFileTest, KeysComeBackUntilTheyExpire) {
  const KeysBackup keys{
      .gateway = "gw-a", .expires = Time(limits::kKeysBackupLife), .keyslots = "slots"};
  ASSERT_TRUE(WriteKeysFile(path("keys.age"), recipients(), keys).ok());
  EXPECT_EQ(ReadAll(path("keys.age")).find("slots"), std::string::npos);
  EXPECT_EQ(ReadKeysFile(path("keys.age"), identities_, Time())->keyslots, "slots");
  EXPECT_EQ(ReadKeysFile(path("keys.age"), identities_, keys.expires).status().code(),
            StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gateway::backup
