#include <gtest/gtest.h>

#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

// Figures of every cell: nonces, and so commitments, are fresh in each run; bytes are not.
std::vector<std::string> Bytes(Commons& commons) {
  std::vector<std::string> bytes;
  for (const port::DecidedCell& decided : commons.Cells()) bytes.push_back(decided.bytes);
  return bytes;
}

TEST(RecoveryTest, CrashesAtAnyPointGiveTheSameCells) {
  Commons whole;
  Commons broken;
  for (Commons* commons : {&whole, &broken}) {
    std::vector<Member> members;
    for (int i = 0; i < 4; ++i) members.push_back(commons->Join("flat-" + std::to_string(i)));
    for (int half_hour = 0; half_hour < 48; ++half_hour) {
      const std::string time =
          FormatTime(At("2013-01-14T00:00:00Z") + half_hour * std::chrono::minutes(30));
      for (std::size_t i = 0; i < members.size(); ++i) {
        commons->Send(members[i], time, static_cast<int64_t>(100 + 7 * i));
      }
      if (commons == &broken && half_hour % 8 == 3) broken.Crash();
      if (commons == &broken && half_hour % 8 == 7) {
        // A checkpoint, then a crash: part in blocks, part in the journal.
        ASSERT_TRUE(broken.gateway().AdvanceClock(broken.clock().SystemNow()).ok());
        broken.Crash();
      }
    }
    ASSERT_EQ(*commons->gateway().AdvanceClock(At(kDue)), 1u);
  }
  EXPECT_EQ(Bytes(broken), Bytes(whole));
  EXPECT_EQ(Bytes(whole).size(), 25u);
}

TEST(RecoveryTest, DecidedSheetIsTheSameAfterACrash) {
  Commons commons;
  for (int i = 0; i < 3; ++i) {
    commons.SendDay(commons.Join("flat-" + std::to_string(i)), "2013-01-14T00:00:00Z", 100);
  }
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
  const std::vector<std::string> before = Bytes(commons);
  const std::string root = commons.gateway().GetStatus()->ledger_root;
  commons.Crash();
  EXPECT_EQ(Bytes(commons), before);
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_root, root);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At("2013-01-20T00:00:00Z")), 0u);
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_root, root);
}

TEST(RecoveryTest, RestartKeepsOpenDaysHouseholdsAndGrants) {
  Commons commons;
  std::vector<Member> members;
  for (int i = 0; i < 3; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
  for (const Member& member : members) commons.Send(member, "2013-01-14T00:00:00Z", 50);
  commons.Restart();
  EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 3u);
  EXPECT_EQ(commons.gateway().GetStatus()->open_days, 1u);
  for (const Member& member : members) {
    commons.Send(member, "2013-01-14T00:00:00Z", 50);  // known from before the restart
    commons.Send(member, "2013-01-14T00:30:00Z", 50);
  }
  EXPECT_EQ(commons.Counts()["repeated"], 3u);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
  const auto daily = commons.Cells({.rule = "load-daily"});
  ASSERT_EQ(daily.size(), 1u);
  ASSERT_EQ(daily[0].cell.status, CellStatus::kReleased);
  EXPECT_EQ(daily[0].cell.figures->sum, 300);
}

TEST(RecoveryTest, MoreReadingsThanABlockHoldsSurviveARestart) {
  Commons commons;
  const Member member = commons.Join("flat-0");
  for (int i = 0; i < 1100; ++i) {
    commons.Send(member, FormatTime(At("2013-01-14T00:00:00Z") + i * std::chrono::minutes(1)), i);
  }
  commons.Restart();
  for (int i = 0; i < 1100; ++i) {
    commons.Send(member, FormatTime(At("2013-01-14T00:00:00Z") + i * std::chrono::minutes(1)), i);
  }
  EXPECT_EQ(commons.Counts()["repeated"], 1100u);
}

TEST(RecoveryTest, ABurstLargerThanTheRingOfHashesIsCountedOnceAfterACrash) {
  constexpr int kBurst = static_cast<int>(limits::kInflightMax) + 100;
  Commons commons;
  const Member member = commons.Join("flat-0");
  for (int i = 0; i < kBurst; ++i) {
    commons.Send(member, FormatTime(At("2013-01-14T00:00:00Z") + i * std::chrono::minutes(1)), i);
  }
  commons.Crash();
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts["received"], static_cast<uint64_t>(kBurst));
  EXPECT_EQ(counts[""], static_cast<uint64_t>(kBurst));
}

// A board without a battery: the kernel never heard of a time server, and the time is nonsense.
class UnsynchronisedClock final : public Clock {
 public:
  Time SystemNow() const override { return At("2031-01-01T00:00:00Z"); }
  std::chrono::steady_clock::time_point SteadyNow() const override {
    return std::chrono::steady_clock::now();
  }
  bool Synchronised() const override { return false; }
};

TEST(RecoveryTest, AnUnsoundClockDoesNotBecomeSoundByACheckpoint) {
  Commons commons;  // for its folder and its key
  const UnsynchronisedClock clock;
  for (int run = 0; run < 2; ++run) {  // Each ends with a checkpoint.
    auto gateway = Pipeline::Open({.dir = commons.dir().parent_path() / "live",
                                   .master = *crypto::SecretKey::FromBytes(commons.master()),
                                   .gateway = GatewayId("gw-a"),
                                   .clock = &clock});
    ASSERT_TRUE(gateway.ok()) << Message(gateway.status());
    EXPECT_FALSE((*gateway)->GetStatus()->clock_sound);
    ASSERT_TRUE((*gateway)->Close().ok());
  }
}

}  // namespace
}  // namespace gateway::pipeline
