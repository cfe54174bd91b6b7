#include "gateway/store/syncer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

constexpr SyncerOptions kNeverByItself{.interval = std::chrono::hours(24),
                                       .bytes_max = std::size_t{1} << 40};

void CommitOne(Database& db) {
  Batch batch;
  batch.Put(Table::kSheets, "a", "1");
  EXPECT_TRUE(db.Commit(batch).ok());
}

std::unique_ptr<Database> MustOpen(const Scratch& scratch) {
  auto db = Database::Open(scratch.dir());
  EXPECT_TRUE(db.ok()) << db.status();
  return *std::move(db);
}

// Waits, without a deadline of its own, for something that another thread will do.
template <typename Condition>
void Await(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

TEST(SyncerTest, ABarrierSyncsWhatWasCommittedBefore) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, kNeverByItself);
  CommitOne(*db);
  EXPECT_EQ(syncer.syncs(), 0u);
  EXPECT_TRUE(syncer.Barrier().ok());
  EXPECT_EQ(syncer.syncs(), 1u);
}

TEST(SyncerTest, WithNothingWrittenTheDiskIsNotAsked) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, kNeverByItself);
  EXPECT_TRUE(syncer.Barrier().ok());
  EXPECT_EQ(syncer.syncs(), 0u);
  CommitOne(*db);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(syncer.Barrier().ok());
  EXPECT_EQ(syncer.syncs(), 1u);
}

TEST(SyncerTest, EnoughBytesSyncAtOnce) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, {.interval = std::chrono::hours(24), .bytes_max = 100});
  CommitOne(*db);
  syncer.Notify(60);
  syncer.Notify(60);
  Await([&] { return syncer.syncs() == 1; });
}

TEST(SyncerTest, FewBytesSyncAfterTheInterval) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, {.interval = std::chrono::milliseconds(1)});
  CommitOne(*db);
  Await([&] { return syncer.syncs() == 1; });
}

TEST(SyncerTest, ManyWaitersAreAllServed) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, kNeverByItself);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        CommitOne(*db);
        EXPECT_TRUE(syncer.Barrier().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(syncer.syncs(), 20u);
  EXPECT_LE(syncer.syncs(), 160u);
}

TEST(SyncerTest, StopServesOrRefusesWhoeverWaits) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, {.interval = std::chrono::hours(24), .bytes_max = 64});
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (true) {
        CommitOne(*db);
        syncer.Notify(40);
        EXPECT_TRUE(syncer.health().ok());
        const Status status = syncer.Barrier();
        if (!status.ok()) {
          EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
          return;
        }
        served.fetch_add(1);
      }
    });
  }
  Await([&] { return served.load() >= 20; });
  syncer.Stop();
  for (std::thread& thread : threads) thread.join();
}

TEST(SyncerTest, StopSyncsWhatIsLeftAndBarriersAreRefusedAfterwards) {
  const Scratch scratch;
  const auto db = MustOpen(scratch);
  Syncer syncer(*db, kNeverByItself);
  CommitOne(*db);
  syncer.Stop();
  EXPECT_EQ(syncer.syncs(), 1u);
  EXPECT_EQ(syncer.Barrier().code(), StatusCode::kFailedPrecondition);
  syncer.Stop();
}

}  // namespace
}  // namespace gateway::store
