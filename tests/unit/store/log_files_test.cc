#include "gateway/store/log_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/faulty_env.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

using rocksdb::FSWritableFile;
using rocksdb::IOOptions;

// A directory with watched logs on a disk that can fail.
struct Logs {
  Logs() { std::filesystem::create_directory(scratch.dir()); }

  std::unique_ptr<FSWritableFile> Make(const std::string& name) {
    std::unique_ptr<FSWritableFile> file;
    EXPECT_TRUE(files.NewWritableFile(scratch.dir() + "/" + name, {}, &file, nullptr).ok());
    return file;
  }
  bool Append(FSWritableFile& file) { return file.Append("x", IOOptions(), nullptr).ok(); }
  // How often the disk was asked.
  uint64_t Sync() {
    disk.Arm({});
    EXPECT_TRUE(files.Sync().ok());
    return disk.operations();
  }

  const Scratch scratch;
  FaultyEnv disk;
  LogFiles files{disk.env()->GetFileSystem()};
};

TEST(LogFilesTest, EveryOpenLogIsSyncedAndEveryNewNameOnce) {
  Logs logs;
  EXPECT_EQ(logs.Sync(), 0u);
  auto first = logs.Make("1.log");
  EXPECT_EQ(logs.Sync(), 2u);
  EXPECT_EQ(logs.Sync(), 1u);
  const auto second = logs.Make("2.log");
  const auto other = logs.Make("3.sst");
  EXPECT_EQ(logs.Sync(), 3u);
  EXPECT_TRUE(first->Close(IOOptions(), nullptr).ok());
  EXPECT_EQ(logs.Sync(), 1u);
  first.reset();
  EXPECT_EQ(logs.Sync(), 1u);
}

TEST(LogFilesTest, AfterAWriteFailedNoSyncOfThatLogSucceeds) {
  Logs logs;
  const auto log = logs.Make("1.log");
  logs.disk.Arm({.at = 1, .once = true});
  EXPECT_FALSE(logs.Append(*log));
  EXPECT_FALSE(logs.files.Sync().ok());
  EXPECT_FALSE(log->Sync(IOOptions(), nullptr).ok());
  EXPECT_EQ(logs.disk.operations(), 1u);  // the disk is not asked again: it might say yes
}

TEST(LogFilesTest, AfterASyncFailedWhoeverAskedNothingIsWrittenToThatLog) {
  for (const bool ours : {true, false}) {
    Logs logs;
    const auto log = logs.Make("1.log");
    EXPECT_TRUE(logs.Append(*log));
    logs.disk.Arm({.at = 1, .once = true});
    EXPECT_FALSE(ours ? logs.files.Sync().ok() : log->Sync(IOOptions(), nullptr).ok());
    EXPECT_FALSE(logs.Append(*log));
    EXPECT_FALSE(logs.files.Sync().ok());
    EXPECT_TRUE(log->Close(IOOptions(), nullptr).ok());
  }
}

TEST(LogFilesTest, ANameThatCouldNotBeSyncedIsSyncedNextTime) {
  Logs logs;
  const auto log = logs.Make("1.log");
  logs.disk.Arm({.at = 2, .once = true});
  EXPECT_FALSE(logs.files.Sync().ok());
  EXPECT_EQ(logs.Sync(), 2u);
  EXPECT_EQ(logs.Sync(), 1u);
}

TEST(LogFilesTest, AnErrorOfAnotherFileIsNotTheLogs) {
  Logs logs;
  const auto log = logs.Make("1.log");
  const auto table = logs.Make("2.sst");
  logs.disk.Arm({.at = 1, .once = true});
  EXPECT_FALSE(logs.Append(*table));
  EXPECT_TRUE(logs.Append(*log));
  EXPECT_EQ(logs.Sync(), 2u);
}

}  // namespace
}  // namespace gateway::store
