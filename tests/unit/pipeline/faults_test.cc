// The Nth write operation fails, for many N (every N if COMMONS_FAULT_STRIDE is 1), under readings,
// checkpoints and a decision: what was acknowledged is kept and counted once, and the sheet is
// decided once.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/faulty_env.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr int kMembers = 3;
constexpr int kReadings = 8;
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

std::string TimeOf(int reading) {
  return FormatTime(At("2013-01-14T00:00:00Z") + reading * std::chrono::minutes(30));
}

class Workload {
 public:
  // `after_a_crash`: when the disk refuses, the process dies; else it waits, as the callback does.
  Workload(const Fault& fault, bool after_a_crash) : fault_(fault), after_a_crash_(after_a_crash) {
    for (int i = 0; i < kMembers; ++i) {
      members_.push_back(commons_.Join("flat-" + std::to_string(i)));
    }
    commons_.RestartOn(disk_.env());
    disk_.Arm(fault);
  }

  void Run() {
    for (int reading = 0; reading < kReadings; ++reading) {
      for (const Member& member : members_) Deliver(member, TimeOf(reading));
      if (reading % 3 == 2) Advance(commons_.clock().SystemNow());  // a checkpoint and a barrier
    }
    Advance(At(kDue));
  }

  // What must be so at the end, and after a crash and a restart at the end.
  void Check() {
    disk_.Repair();
    CheckOnce();
    const std::vector<port::DecidedCell> before = commons_.Cells();
    commons_.Crash();
    CheckOnce();
    commons_.Restart();
    CheckOnce();
    const std::vector<port::DecidedCell> after = commons_.Cells();
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].bytes, before[i].bytes);
    EXPECT_EQ(commons_.gateway().GetStatus()->store, "ok");
    // Every reading is known: sent again, each is a repetition.
    const uint64_t repeated = commons_.Counts()["repeated"];
    for (int reading = 0; reading < kReadings; ++reading) {
      for (const Member& member : members_) commons_.Send(member, TimeOf(reading), 100);
    }
    EXPECT_EQ(commons_.Counts()["repeated"], repeated + kMembers * kReadings);
  }

  uint64_t operations() const { return disk_.operations(); }

 private:
  // Until the gateway takes it. A disk that is full is freed once it has refused something.
  void Deliver(const Member& member, const std::string& time) {
    auto delivery = Commons::Delivery::kFirst;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!commons_.TrySend(member, time, 100, delivery).ok()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the store does not heal";
      Refused();
      delivery = after_a_crash_ ? Commons::Delivery::kRedelivered : Commons::Delivery::kAgain;
    }
  }

  void Advance(Time now) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      const auto advanced = commons_.gateway().AdvanceClock(now);
      if (advanced.ok()) return;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << advanced.status();
      // Nothing is readable that is not durable; nor anything, if the store could not be opened
      // again yet.
      bool readable = false;
      [[maybe_unused]] const Status read = commons_.gateway().VisitCells(
          {}, [&](const port::DecidedCell&) { return !(readable = true); });
      EXPECT_TRUE(!readable || commons_.gateway().GetStatus()->ledger_size == 1);
      Refused();
    }
  }

  void Refused() {
    if (!fault_.once) disk_.Repair();
    if (after_a_crash_) {
      commons_.Crash();
    } else {
      std::this_thread::yield();
    }
  }

  void CheckOnce() {
    EXPECT_EQ(commons_.gateway().GetStatus()->ledger_size, 1u);
    EXPECT_EQ(commons_.gateway().GetStatus()->late, 0u);
    const auto daily = commons_.Cells({.rule = "load-daily"});
    ASSERT_EQ(daily.size(), 1u);
    ASSERT_TRUE(daily[0].cell.figures.has_value());
    EXPECT_EQ(daily[0].cell.figures->sum, kMembers * kReadings * 100);
    EXPECT_EQ(daily[0].cell.figures->count, static_cast<uint64_t>(kMembers));
  }

  const Fault fault_;
  const bool after_a_crash_;
  FaultyEnv disk_;
  Commons commons_;
  std::vector<Member> members_;
};

uint64_t Stride() {
  const char* set = std::getenv("COMMONS_FAULT_STRIDE");
  return set == nullptr ? 13 : std::strtoull(set, nullptr, 10);
}

void FailEveryOperation(const Fault& how, bool after_a_crash) {
  uint64_t operations = 0;
  {
    Workload whole({}, after_a_crash);
    whole.Run();
    operations = whole.operations();
    whole.Check();
  }
  ASSERT_GT(operations, 30u);
  std::cerr << operations << " operations, every " << Stride() << "th fails once\n";
  for (uint64_t at = 1; at <= operations && !testing::Test::HasFailure(); at += Stride()) {
    SCOPED_TRACE("operation " + std::to_string(at));
    Fault fault = how;
    fault.at = at;
    Workload workload(fault, after_a_crash);
    workload.Run();
    workload.Check();
  }
}

TEST(FaultsTest, AnErrorThatComesOnceCostsNothing) {
  FailEveryOperation({.once = true}, false);
}

TEST(FaultsTest, AnErrorWhileItHealsIsHealedToo) {
  for (uint64_t later = 1; later < 24 && !HasFailure(); later += Stride()) {
    SCOPED_TRACE("operations 12 and " + std::to_string(12 + later));
    Workload workload({.at = 12, .also = 12 + later, .once = true}, false);
    workload.Run();
    workload.Check();
  }
}

TEST(FaultsTest, AnErrorAfterTheBytesWereWrittenCostsAndDoublesNothing) {
  FailEveryOperation({.once = true, .landed = Fault::Landed::kAll}, false);
}

TEST(FaultsTest, AFullDiskCostsNothingOnceItIsFreed) {
  FailEveryOperation({.error = Fault::Error::kNoSpace, .landed = Fault::Landed::kHalf}, false);
}

TEST(FaultsTest, AProcessThatDiesAtTheErrorLosesAndDoublesNothing) {
  FailEveryOperation({.landed = Fault::Landed::kAll}, true);
}

}  // namespace
}  // namespace gateway::pipeline
