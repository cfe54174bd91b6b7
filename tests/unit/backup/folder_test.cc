#include "gateway/backup/folder.h"

#include <gmock/gmock.h>

#include "tests/unit/backup/backup_fixture.h"

namespace gateway::backup {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using FolderTest = BackupTest;

TEST_F(FolderTest, ABackupIsWholeAndGivesTheFilesBack) {
  Create();
  EXPECT_THAT(Problems(), IsEmpty());
  fs::create_directory(root_ / "out");
  ASSERT_TRUE(Extract(**OpenFolder(folder(), ""), root_ / "out", nothing_).ok());
  EXPECT_EQ(FilesOf(root_ / "out"), FilesOf(db()));
}

TEST_F(FolderTest, TheSecondBackupCopiesOnlyWhatIsNew) {
  Create();
  WriteAll(db() / "000015.sst", "new");
  EXPECT_EQ(*Write(Describe(2)), 3u);
  EXPECT_THAT(*ListFolder(folder()), SizeIs(2));
}

TEST_F(FolderTest, EachBackupCanBeChosenTheNewestIsTheDefault) {
  const SignedManifest first = Create(1);
  WriteAll(db() / "CURRENT", "MANIFEST-000002\n");
  const SignedManifest second = Create(2);
  EXPECT_EQ((*OpenFolder(folder(), ""))->backup().id, second.id);
  EXPECT_EQ((*OpenFolder(folder(), first.id))->backup().id, first.id);
  EXPECT_THAT(Problems(first.id), IsEmpty());
}

TEST_F(FolderTest, NamesEveryObjectThatIsMissing) {
  const SignedManifest made = Create();
  fs::remove(ObjectOf(made, "000012.sst"));
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("(000012.sst): missing")));
}

TEST_F(FolderTest, NamesAnObjectWithAFlippedByte) {
  const fs::path object = ObjectOf(Create(), "000012.sst");
  std::string bytes = ReadAll(object);
  bytes[150'000] ^= 1;
  WriteAll(object, bytes);
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("(000012.sst): its bytes are damaged")));
}

TEST_F(FolderTest, NamesAnObjectThatIsTooShortOrTooLong) {
  const fs::path object = ObjectOf(Create(), "000012.sst");
  const std::string bytes = ReadAll(object);
  WriteAll(object, bytes.substr(0, 10));
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("10 bytes, should be 300003")));
  WriteAll(object, bytes + "x");
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("300004 bytes, should be 300003")));
}

TEST_F(FolderTest, AnObjectUnderAnothersNameIsFound) {
  const SignedManifest made = Create();
  fs::copy_file(ObjectOf(made, "CURRENT"), ObjectOf(made, "000012.sst"),
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(Problems(), SizeIs(1));
}

TEST_F(FolderTest, ADamagedManifestIsNotTakenForAnother) {
  const SignedManifest first = Create(1);
  WriteAll(db() / "CURRENT", "MANIFEST-000002\n");
  const SignedManifest second = Create(2);
  fs::copy_file(folder() / "manifests" / first.id, folder() / "manifests" / second.id,
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(OpenFolder(folder(), second.id).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ((*OpenFolder(folder(), ""))->backup().id, first.id);
}

TEST_F(FolderTest, FilesThatNoManifestNamesDoNoHarm) {
  Create();
  WriteAll(folder() / "objects/something.unfinished", "half");
  WriteAll(folder() / "manifests/notes.txt", "ours");
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(FolderTest, AnUnfinishedObjectOfTheWrongSizeIsCopiedAgain) {
  const SignedManifest made = Describe();
  fs::create_directories(folder() / "objects");
  WriteAll(ObjectOf(made, "000012.sst"), "half");
  ASSERT_TRUE(Write(made).ok());
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(FolderTest, StoppedItLeavesNothingNew) {
  const SignedManifest first = Create(1);
  const auto objects = FilesOf(folder() / "objects");
  WriteAll(db() / "000011.sst", "first to be copied");
  WriteAll(db() / "000015.sst", std::string(500'000, 'z'));
  const SignedManifest second = Describe(2);
  const Progress stop = [](uint64_t done, uint64_t) { return done < 400'000; };
  Meter meter(stop, 0);
  EXPECT_EQ(WriteFolder(folder(), db(), second, meter).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(FilesOf(folder() / "objects"), objects);
  EXPECT_EQ((*OpenFolder(folder(), ""))->backup().id, first.id);
}

TEST_F(FolderTest, AFileThatChangesUnderItIsRefused) {
  const SignedManifest made = Describe();
  WriteAll(db() / "000013.sst", "other");
  EXPECT_EQ(Write(made).status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(FilesOf(folder() / "objects"), IsEmpty());
}

}  // namespace
}  // namespace gateway::backup
