#include "gateway/store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

#include "gateway/base/bytes.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<Database> MustOpen(const std::string& dir) {
  auto db = Database::Open(dir);
  EXPECT_TRUE(db.ok()) << db.status();
  return db.ok() ? *std::move(db) : nullptr;
}

std::string MustGet(const Database& db, Table table, std::string_view key) {
  const auto value = db.Get(table, key);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() && value->has_value() ? **value : "(none)";
}

std::vector<std::string> Keys(const Database& db, Table table, std::string_view from,
                              std::string_view until) {
  std::vector<std::string> keys;
  const Status scanned = db.Scan(table, from, until, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  });
  EXPECT_TRUE(scanned.ok()) << scanned;
  return keys;
}

TEST(DatabaseTest, RowsOutliveAReopen) {
  const Scratch scratch;
  auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kSheets, "day", "1");
  batch.Put(Table::kCells, "cell", std::string("a\0b", 3));
  ASSERT_TRUE(db->Commit(batch).ok());
  ASSERT_TRUE(db->Close().ok());
  db = MustOpen(scratch.dir());
  EXPECT_EQ(MustGet(*db, Table::kSheets, "day"), "1");
  EXPECT_EQ(MustGet(*db, Table::kCells, "cell"), std::string("a\0b", 3));
  EXPECT_EQ(MustGet(*db, Table::kCells, "day"), "(none)");
}

TEST(DatabaseTest, ACommitEmptiesTheBatchAndNothingIsVisibleBefore) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kSheets, "a", "1");
  batch.Put(Table::kBlocks, "b", "2");
  EXPECT_EQ(MustGet(*db, Table::kSheets, "a"), "(none)");
  EXPECT_EQ(db->commits(), 0u);
  ASSERT_TRUE(db->Commit(batch).ok());
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(db->commits(), 1u);
  EXPECT_EQ(MustGet(*db, Table::kSheets, "a"), "1");
  EXPECT_EQ(MustGet(*db, Table::kBlocks, "b"), "2");
}

// The Syncer reads in this order: a mark that names a change which nobody syncs would be a lie.
TEST(DatabaseTest, WhoeverSeesAChangeSeesItsCommit) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  const uint64_t before = db->changes();
  constexpr uint64_t kCommits = 20'000;
  std::thread writer([&] {
    Batch batch;
    for (uint64_t i = 0; i < kCommits; ++i) {
      batch.Put(Table::kSheets, "a", "1");
      ASSERT_TRUE(db->Commit(batch).ok());
    }
  });
  uint64_t uncounted = 0;
  for (uint64_t seen = 0; seen < kCommits;) {
    seen = db->changes() - before;
    if (db->commits() < seen) ++uncounted;
  }
  writer.join();
  EXPECT_EQ(uncounted, 0u);
}

TEST(DatabaseTest, LaterChangesOfABatchWin) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kSheets, "a", "1");
  batch.Put(Table::kSheets, "b", "1");
  batch.Put(Table::kSheets, "c", "1");
  batch.DeleteRange(Table::kSheets, "a", "c");
  batch.Put(Table::kSheets, "b", "2");
  batch.Delete(Table::kSheets, "c");
  batch.DeleteRange(Table::kSheets, "z", "a");  // upside down: no rows
  ASSERT_TRUE(db->Commit(batch).ok());
  EXPECT_THAT(Keys(*db, Table::kSheets, {}, {}), ElementsAre("b"));
  EXPECT_EQ(MustGet(*db, Table::kSheets, "b"), "2");
}

TEST(DatabaseTest, AFailedCommitLeavesTheBatch) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kSheets, "a", "1");
  ASSERT_TRUE(db->Close().ok());
  EXPECT_EQ(db->Commit(batch).code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(batch.empty());
  const auto again = MustOpen(scratch.dir());
  ASSERT_TRUE(again->Commit(batch).ok());
  EXPECT_EQ(MustGet(*again, Table::kSheets, "a"), "1");
}

TEST(DatabaseTest, ScanStaysInsideItsRangeAndStopsWhenTold) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  Batch batch;
  for (const char* key : {"a", "b", "ba", "c"}) batch.Put(Table::kSheets, key, "v");
  ASSERT_TRUE(db->Commit(batch).ok());
  EXPECT_THAT(Keys(*db, Table::kSheets, "b", "c"), ElementsAre("b", "ba"));
  EXPECT_THAT(Keys(*db, Table::kSheets, "b", {}), ElementsAre("b", "ba", "c"));
  EXPECT_THAT(Keys(*db, Table::kSheets, "d", {}), IsEmpty());
  int visited = 0;
  ASSERT_TRUE(db->Scan(Table::kSheets, {}, {}, [&](auto, auto) { return ++visited < 2; }).ok());
  EXPECT_EQ(visited, 2);
}

TEST(DatabaseTest, LastKeyIsTheGreatestOfItsTable) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  EXPECT_EQ(*db->LastKey(Table::kJournal), std::nullopt);
  Batch batch;
  batch.Put(Table::kJournal, "b", "");
  batch.Put(Table::kJournal, "a", "");
  batch.Put(Table::kLedger, "z", "");
  ASSERT_TRUE(db->Commit(batch).ok());
  EXPECT_EQ(*db->LastKey(Table::kJournal), "b");
}

TEST(DatabaseTest, DroppingARangeGivesItsSpaceBackAndTakesNothingElse) {
  const Scratch scratch;
  auto db = MustOpen(scratch.dir());
  Batch batch;
  std::string noise(4096, 'x');
  for (uint32_t month = 1; month <= 3; ++month) {
    for (uint32_t row = 0; row < 200; ++row) {
      for (char& c : noise) c = static_cast<char>(c * 31 + 7 + static_cast<char>(row));
      batch.Put(Table::kBlocks, ByteWriter().U32(month).U32(row).bytes(), noise);
    }
    ASSERT_TRUE(db->Commit(batch).ok());
    ASSERT_TRUE(db->Close().ok());
    db = MustOpen(scratch.dir());  // writes what is in memory into a file
  }
  batch.Put(Table::kRollups, ByteWriter().U32(2).bytes(), "of another table");
  ASSERT_TRUE(db->Commit(batch).ok());
  const auto key = [](uint32_t month) { return ByteWriter().U32(month).Take(); };
  const auto before = db->UsedBytes();
  ASSERT_TRUE(db->DropRange(Table::kBlocks, key(2), key(3)).ok());
  ASSERT_TRUE(db->DropRange(Table::kBlocks, key(2), key(3)).ok());  // again is harmless
  const auto after = db->UsedBytes();
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_LT(*after, *before);
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_THAT(Keys(*db, Table::kBlocks, key(2), key(3)), IsEmpty());
    EXPECT_EQ(Keys(*db, Table::kBlocks, key(1), key(2)).size(), 200u);
    EXPECT_EQ(Keys(*db, Table::kBlocks, key(3), key(4)).size(), 200u);
    EXPECT_EQ(Keys(*db, Table::kRollups, "", "").size(), 1u);
    ASSERT_TRUE(db->Close().ok());
    db = MustOpen(scratch.dir());
  }
}

TEST(DatabaseTest, OnlyTheOwnerMayEnterTheDirectory) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  struct stat info {};
  ASSERT_EQ(::stat(scratch.dir().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(DatabaseTest, AStoreOfANewerFormatIsRefusedNamingBothFormats) {
  const Scratch scratch;
  auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kMeta, "format", ByteWriter().U32(7).bytes());
  ASSERT_TRUE(db->Commit(batch).ok());
  db.reset();
  const auto refused = Database::Open(scratch.dir());
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("format 7"));
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("up to 3"));
}

TEST(DatabaseTest, AStoreOfAnEarlierFormatIsRefusedAndLeftAsItIs) {
  const Scratch scratch;
  auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kMeta, "format", ByteWriter().U32(1).bytes());
  ASSERT_TRUE(db->Commit(batch).ok());
  db.reset();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto refused = Database::Open(scratch.dir());
    EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("format 1"));
  }
}

TEST(DatabaseTest, AStoreWithKeysButNoFormatIsDamaged) {
  const Scratch scratch;
  auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Delete(Table::kMeta, "format");
  batch.Put(Table::kKeys, "key", "row");
  ASSERT_TRUE(db->Commit(batch).ok());
  db.reset();
  EXPECT_EQ(Database::Open(scratch.dir()).status().code(), StatusCode::kDataLoss);
}

TEST(DatabaseTest, ADirectoryThatLostItsCurrentFileIsNotTakenForAnEmptyOne) {
  const Scratch scratch;
  MustOpen(scratch.dir()).reset();
  ASSERT_TRUE(std::filesystem::remove(scratch.dir() + "/CURRENT"));
  EXPECT_EQ(Database::Open(scratch.dir()).status().code(), StatusCode::kDataLoss);
}

TEST(DatabaseTest, ASecondOpenIsUnavailable) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  EXPECT_EQ(Database::Open(scratch.dir()).status().code(), StatusCode::kUnavailable);
}

TEST(DatabaseTest, AfterCloseEverythingIsRefused) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  ASSERT_TRUE(db->Close().ok());
  EXPECT_TRUE(db->Close().ok());
  EXPECT_EQ(db->Get(Table::kMeta, "format").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(db->LastKey(Table::kMeta).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(db->Sync().code(), StatusCode::kFailedPrecondition);
}

// A torn end of the log must take whole batches with it, never parts of one.
// Sync cannot reach the log of a process that was killed, so opening must leave nothing there.
TEST(DatabaseTest, WhatAKilledProcessLoggedIsOnTheDiskOnceTheStoreIsOpen) {
  const Scratch scratch;
  const auto db = MustOpen(scratch.dir());
  Batch batch;
  batch.Put(Table::kCells, "cell", "figures");
  ASSERT_TRUE(db->Commit(batch).ok());
  const std::string copy = scratch.dir() + "-killed";
  std::filesystem::copy(scratch.dir(), copy);
  const auto again = MustOpen(copy);
  EXPECT_EQ(MustGet(*again, Table::kCells, "cell"), "figures");
  std::uintmax_t tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(copy)) {
    if (entry.path().extension() == ".sst") ++tables;
  }
  EXPECT_GT(tables, 0u);
}

TEST(DatabaseTest, ATornLogLosesWholeBatchesFromTheEnd) {
  const Scratch scratch;
  auto db = MustOpen(scratch.dir());
  const std::string copy = scratch.dir() + "-copy";
  Batch batch;
  for (int i = 0; i < 20; ++i) {
    batch.Put(Table::kSheets, std::to_string(i), std::string(50, 'd'));
    batch.Put(Table::kCells, std::to_string(i), std::string(50, 'c'));
    ASSERT_TRUE(db->Commit(batch).ok());
  }
  // As after kill -9: what is on disk now, with no Close.
  std::filesystem::copy(scratch.dir(), copy, std::filesystem::copy_options::recursive);
  db.reset();
  std::filesystem::path log;
  for (const auto& entry : std::filesystem::directory_iterator(copy)) {
    if (entry.path().extension() == ".log" &&
        (log.empty() || entry.file_size() > std::filesystem::file_size(log))) {
      log = entry.path();
    }
  }
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 70);  // inside the last batch
  const auto torn = MustOpen(copy);
  EXPECT_EQ(Keys(*torn, Table::kSheets, {}, {}).size(), 19u);
  EXPECT_EQ(Keys(*torn, Table::kSheets, {}, {}), Keys(*torn, Table::kCells, {}, {}));
}

}  // namespace
}  // namespace gateway::store
