// Everybody at once, as in the daemon: MQTT's thread, operators, readers of cells. What they see is
// asserted; that they do not race is for the preset tsan.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr int kDays = 3;

// Reads all cells again and again. No cell may change or vanish once it was seen.
void ReadUntil(const std::atomic<bool>& done, const Pipeline& gateway) {
  std::map<std::string, std::string> seen;  // by rule, zone and start
  while (!done.load()) {
    std::size_t count = 0;
    const Status visited = gateway.VisitCells({}, [&](const port::DecidedCell& decided) {
      const Cell& cell = decided.cell;
      const auto [first, is_new] = seen.emplace(cell.rule.value() + " " + cell.zone.value() + " " +
                                                    FormatTime(cell.window.start),
                                                decided.bytes);
      EXPECT_EQ(first->second, decided.bytes);
      ++count;
      return true;
    });
    EXPECT_TRUE(visited.ok()) << Message(visited);
    EXPECT_EQ(count, seen.size());
    (void)gateway.documents();
    (void)gateway.moment();
    (void)gateway.checkpoint();
    std::this_thread::yield();
  }
}

// Asks what an operator may ask at any time, and withdraws and adds what belongs to nobody else.
void OperateUntil(const std::atomic<bool>& done, Pipeline& gateway, const std::string& household) {
  EXPECT_TRUE(gateway.AddHousehold(household, "north", 1).ok());
  while (!done.load()) {
    EXPECT_TRUE(gateway.GetStatus().ok());
    EXPECT_TRUE(gateway.PendingCells({}).ok());
    EXPECT_TRUE(gateway.ListHouseholds().ok());
    EXPECT_TRUE(gateway.WithdrawGrants(household, "").ok());
    (void)gateway.admissions();
  }
}

TEST(ThreadsTest, IntakeCommandsAndReadersGoOnAtOnceAndCellsNeverChange) {
  Commons commons;
  std::vector<Member> members;
  for (int i = 0; i < 3; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { ReadUntil(done, commons.gateway()); });
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(
        [&, i] { OperateUntil(done, commons.gateway(), "empty-" + std::to_string(i)); });
  }
  for (int day = 0; day < kDays; ++day) {
    const Time start = At("2013-01-14T00:00:00Z") + day * std::chrono::hours(24);
    for (const Member& member : members) commons.SendDay(member, FormatTime(start), 100);
    // The sheet of this day is due while the next day's readings come.
    EXPECT_TRUE(commons.gateway().AdvanceClock(start + std::chrono::hours(54)).ok());
  }
  done.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(commons.Counts()[""], 3u * 48u * kDays);
  EXPECT_EQ(commons.Cells().size(), 25u * kDays);
}

TEST(ThreadsTest, EveryCommandDuringCloseIsDoneOrRefused) {
  Commons commons;
  std::atomic<int> asked{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (true) {
        const Status status = commons.gateway().GetStatus().status();
        asked.fetch_add(1);
        if (status.ok()) continue;
        EXPECT_EQ(status.code(), StatusCode::kUnavailable) << Message(status);
        return;
      }
    });
  }
  while (asked.load() < 30) std::this_thread::yield();
  EXPECT_TRUE(commons.gateway().Close().ok());
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace gateway::pipeline
