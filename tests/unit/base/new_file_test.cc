#include "gateway/base/new_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace gateway {
namespace {

class NewFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/new-file-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::size_t FilesInFolder() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(dir_), {}));
  }
  std::string dir_;
};

TEST_F(NewFileTest, IsWholePrivateAndAloneOnceFinished) {
  const std::string path = dir_ + "/export";
  {
    StatusOr<NewFile> file = NewFile::Create(path, FileMode::kPrivate);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file->Append("one ").ok());
    EXPECT_TRUE(file->Append("two").ok());
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(file->Finish().ok());
  }
  EXPECT_EQ(*ReadFile(path, 100), "one two");
  EXPECT_EQ(FilesInFolder(), 1u);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(NewFileTest, LeavesNothingBehindUnlessFinished) {
  {
    StatusOr<NewFile> file = NewFile::Create(dir_ + "/export", FileMode::kPrivate);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file->Append("half").ok());
  }
  EXPECT_EQ(FilesInFolder(), 0u);
}

TEST_F(NewFileTest, NeverReplacesAFile) {
  const std::string path = dir_ + "/export";
  StatusOr<NewFile> file = NewFile::Create(path, FileMode::kPrivate);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(WriteFile(path, "mine", FileMode::kPrivate, IfExists::kRefuse).ok());
  EXPECT_EQ(file->Finish().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(NewFile::Create(path, FileMode::kPrivate).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadFile(path, 100), "mine");
  EXPECT_EQ(NewFile::Create(dir_ + "/no/folder", FileMode::kPrivate).status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace gateway
