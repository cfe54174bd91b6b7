#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gateway/store/database.h"
#include "gateway/store/gate.h"
#include "gateway/store/syncer.h"
#include "tests/support/faulty_env.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Database> MustOpen(const Scratch& scratch, FaultyEnv& disk) {
  auto db = Database::Open({.dir = scratch.dir(), .space = {}, .env = disk.env()});
  EXPECT_TRUE(db.ok()) << db.status();
  return db.ok() ? *std::move(db) : nullptr;
}

Status CommitOne(Database& db, std::string_view key, std::string_view value = "1") {
  Batch batch;
  batch.Put(Table::kSheets, key, value);
  batch.Put(Table::kCells, key, value);
  return db.Commit(batch);
}

std::map<std::string, std::string> Rows(const Database& db, Table table = Table::kSheets) {
  std::map<std::string, std::string> rows;
  const Status scanned = db.Scan(table, {}, {}, [&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  EXPECT_TRUE(scanned.ok()) << scanned;
  return rows;
}

using Map = std::map<std::string, std::string>;

TEST(HealTest, AFullDiskRefusesCommitsUntilHealedAndNothingCommittedIsMissing) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  ASSERT_TRUE(CommitOne(*db, "a").ok());
  disk.Arm({.at = 1, .error = Fault::Error::kNoSpace});
  EXPECT_EQ(CommitOne(*db, "b").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(db->health().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(db->Sync().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Rows(*db), (Map{{"a", "1"}}));  // reading goes on
  EXPECT_FALSE(db->Heal().ok());
  disk.Repair();
  ASSERT_TRUE(db->Heal().ok());
  EXPECT_TRUE(db->health().ok());
  EXPECT_EQ(db->reopened(), 1u);
  EXPECT_EQ(db->lost_changes(), 0u);
  ASSERT_TRUE(CommitOne(*db, "c").ok());
  ASSERT_TRUE(db->Sync().ok());
  EXPECT_EQ(Rows(*db), (Map{{"a", "1"}, {"c", "1"}}));
}

TEST(HealTest, AnErrorThatGoesAwayByItselfIsHealedToo) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  disk.Arm({.at = 1, .once = true});
  EXPECT_EQ(CommitOne(*db, "a").code(), StatusCode::kUnavailable);
  ASSERT_TRUE(db->Heal().ok());
  ASSERT_TRUE(CommitOne(*db, "a").ok());
  EXPECT_EQ(Rows(*db), (Map{{"a", "1"}}));
}

TEST(HealTest, ACommitThatFailedIsUndoneThoughItIsWholeInTheLog) {
  const Scratch scratch;
  FaultyEnv disk;
  auto db = MustOpen(scratch, disk);
  ASSERT_TRUE(CommitOne(*db, "changed", "before").ok());
  ASSERT_TRUE(CommitOne(*db, "deleted").ok());
  disk.Arm({.at = 1, .once = true, .landed = Fault::Landed::kAll});
  Batch batch;
  batch.Put(Table::kSheets, "changed", "after");
  batch.Put(Table::kSheets, "new", "1");
  batch.Delete(Table::kCells, "deleted");
  EXPECT_FALSE(db->Commit(batch).ok());
  ASSERT_TRUE(db->Heal().ok());
  const Map want{{"changed", "before"}, {"deleted", "1"}};
  EXPECT_EQ(Rows(*db), want);
  EXPECT_EQ(Rows(*db, Table::kCells), want);
  ASSERT_TRUE(db->Close().ok());
  db = MustOpen(scratch, disk);
  EXPECT_EQ(Rows(*db), want);
  EXPECT_EQ(Rows(*db, Table::kCells), want);
}

TEST(HealTest, AFailedSyncIsHealedByWritingEverythingAnew) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  ASSERT_TRUE(CommitOne(*db, "a").ok());
  disk.Arm({.at = 1, .once = true});
  EXPECT_EQ(db->Sync().code(), StatusCode::kUnavailable);
  // The kernel would say yes now, which would prove nothing.
  EXPECT_EQ(db->Sync().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(CommitOne(*db, "b").ok());
  ASSERT_TRUE(db->Heal().ok());
  EXPECT_EQ(db->reopened(), 1u);
  ASSERT_TRUE(db->Sync().ok());
  EXPECT_EQ(Rows(*db), (Map{{"a", "1"}}));
}

TEST(HealTest, ADiskThatLostWhatWasCommittedIsNotHealed) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(CommitOne(*db, key).ok());
  disk.Arm({.at = 1});
  EXPECT_FALSE(db->Sync().ok());
  for (const auto& file : std::filesystem::directory_iterator(scratch.dir())) {
    if (file.path().extension() == ".log") std::filesystem::resize_file(file.path(), 0);
  }
  disk.Repair();
  const Status healed = db->Heal();
  EXPECT_EQ(healed.code(), StatusCode::kDataLoss);
  EXPECT_EQ(db->lost_changes(), 6u);
  EXPECT_THAT(std::string(Message(healed)), HasSubstr("6 changes"));
  EXPECT_EQ(CommitOne(*db, "d").code(), StatusCode::kDataLoss);
  EXPECT_EQ(db->Sync().code(), StatusCode::kDataLoss);
  EXPECT_EQ(db->Heal().code(), StatusCode::kDataLoss);
}

TEST(HealTest, ReadersGoOnWhileTheStoreIsOpenedAgainAndAgain) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  ASSERT_TRUE(CommitOne(*db, "a").ok());
  std::atomic<bool> stop{false};
  std::atomic<int> scans{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        const Status scanned = db->Scan(Table::kSheets, {}, {}, [&](auto key, auto) {
          const auto again = db->Get(Table::kCells, key);  // inside the scan
          EXPECT_TRUE(again.ok() && again->has_value());
          return true;
        });
        EXPECT_TRUE(scanned.ok()) << scanned;
        scans.fetch_add(1);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const int before = scans.load();
    while (scans.load() < before + 3) std::this_thread::yield();
    disk.Arm({.at = 1, .once = true});
    EXPECT_FALSE(CommitOne(*db, "b" + std::to_string(i)).ok());
    EXPECT_TRUE(db->Heal().ok());
    EXPECT_TRUE(CommitOne(*db, "c" + std::to_string(i)).ok());
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(db->reopened(), 20u);
  EXPECT_EQ(Rows(*db).size(), 21u);
}

TEST(HealTest, ABarrierFailsUntilTheStoreIsHealedAndThenHolds) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  Syncer syncer(*db, {.interval = std::chrono::hours(24), .bytes_max = std::size_t{1} << 40});
  ASSERT_TRUE(CommitOne(*db, "a").ok());
  disk.Arm({.at = 1});
  EXPECT_EQ(syncer.Barrier().code(), StatusCode::kUnavailable);
  EXPECT_EQ(syncer.Barrier().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(syncer.health().ok());
  disk.Repair();
  while (!syncer.health().ok()) std::this_thread::yield();  // heals by itself
  EXPECT_TRUE(syncer.Barrier().ok());
  EXPECT_EQ(db->reopened(), 1u);
  ASSERT_TRUE(CommitOne(*db, "b").ok());
  EXPECT_TRUE(syncer.Barrier().ok());
}

// RocksDB sleeps for a second after most of these errors, so not every operation is tried.
constexpr uint64_t kTried = 10;

TEST(HealTest, AStoreClosesThoughAFlushFailedToSyncTheLog) {
  const Scratch scratch;
  FaultyEnv disk;
  for (uint64_t at = 1; at <= kTried; ++at) {  // it begins with the log
    SCOPED_TRACE("operation " + std::to_string(at));
    const auto db = MustOpen(scratch, disk);
    EXPECT_EQ(Rows(*db).size(), at - 1);
    ASSERT_TRUE(CommitOne(*db, std::to_string(at)).ok());
    disk.Arm({.at = at, .once = true});
    EXPECT_FALSE(db->Rewrite(Table::kReasons).ok());
    [[maybe_unused]] const Status closed = db->Close();
    disk.Repair();
  }
}

TEST(HealTest, AFileThatCouldNotBeDeletedIsGoneOnceItsTableIsRewritten) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  const auto rewrite = [&](uint64_t at) {
    const std::string old = "the old value " + std::to_string(at);
    Batch batch;
    batch.Put(Table::kSheets, "a", old);
    ASSERT_TRUE(db->Commit(batch).ok());
    ASSERT_TRUE(db->Rewrite(Table::kReasons).ok());  // writes it into a file
    batch.Put(Table::kSheets, "a", "new");
    ASSERT_TRUE(db->Commit(batch).ok());
    disk.Arm({.at = at, .once = true});
    while (!db->Rewrite(Table::kSheets).ok()) ASSERT_TRUE(db->Heal().ok());
    EXPECT_EQ(scratch.AllBytes().find(old), std::string::npos);
  };
  rewrite(0);
  const uint64_t operations = disk.operations();
  ASSERT_GT(operations, kTried);
  for (uint64_t at = operations - kTried; at <= operations; ++at) {  // it ends with old files
    SCOPED_TRACE("operation " + std::to_string(at));
    rewrite(at);
  }
  EXPECT_GT(db->reopened(), 0u);
}

TEST(HealTest, CommitsSyncsAndFlushesThatMeetAnErrorAllGoOn) {
  const Scratch scratch;
  FaultyEnv disk;
  const auto db = MustOpen(scratch, disk);
  std::atomic<bool> stop{false};
  std::atomic<int> committed{0};
  std::thread commits([&] {
    while (!stop.load()) {
      if (CommitOne(*db, std::to_string(committed.load())).ok()) {
        committed.fetch_add(1);
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::thread syncs([&] {
    while (!stop.load()) [[maybe_unused]] const Status synced = db->Sync();
  });
  std::thread flushes([&] {
    while (!stop.load()) [[maybe_unused]] const Status rewritten = db->Rewrite(Table::kCells);
  });
  const auto heal_until = [&](const std::function<bool()>& done) {
    while (!done()) {
      [[maybe_unused]] const Status healed = db->Heal();
      std::this_thread::yield();
    }
  };
  for (uint64_t round = 0; round < 25; ++round) {
    disk.Arm({.at = 1 + round % 25, .once = true});
    heal_until([&] { return disk.failures() > 0; });
    const int before = committed.load();
    heal_until([&] { return committed.load() > before; });
  }
  stop.store(true);
  for (std::thread* thread : {&commits, &syncs, &flushes}) thread->join();
  EXPECT_EQ(db->lost_changes(), 0u);
  EXPECT_EQ(Rows(*db).size(), static_cast<std::size_t>(committed.load()));
}

TEST(GateTest, WhoIsInsideComesInAgainWhileSomebodyWaitsToLockIt) {
  Gate gate;
  std::atomic<bool> locked{false};
  std::thread other;
  {
    const Gate::Inside inside(gate);
    EXPECT_FALSE(gate.Lock(std::chrono::steady_clock::now()));
    other = std::thread([&] {
      EXPECT_TRUE(gate.Lock(std::chrono::steady_clock::now() + std::chrono::hours(1)));
      locked.store(true);
      gate.Unlock();
    });
    const Gate::Inside again(gate);
    EXPECT_FALSE(locked.load());
  }
  other.join();
  EXPECT_TRUE(locked.load());
}

}  // namespace
}  // namespace gateway::store
