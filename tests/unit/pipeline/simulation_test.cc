// A proposed policy, simulated on what a gateway stored: compared with what decisions give.
#include "gateway/pipeline/simulation.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/store/database.h"
#include "tests/support/prng.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using testing::Prng;
using std::chrono::days;

constexpr std::string_view kFirstDay = "2013-01-14T00:00:00Z";  // a Monday
constexpr int kDays = 9;

// By rule and week: released, suppressed, refused.
using Counts = std::map<std::pair<std::string, std::string>, std::array<uint64_t, 3>>;

class SimulationTest : public ::testing::Test {
 protected:
  // Five homes, nine days; some are silent on some days, and one at times uses far more.
  static void Live(Commons& commons) {
    Prng prng(31);
    std::vector<Member> members;
    for (int i = 0; i < 5; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
    for (int d = 0; d < kDays; ++d) {
      const Time start = At(kFirstDay) + days(d);
      for (const Member& member : members) {
        const bool silent = prng.Percent(25);
        const bool large = prng.Percent(10);
        for (int half = 0; half < 48; ++half) {
          const int64_t wh = prng.Between(50, 150) * (large ? 40 : 1);
          if (silent || prng.Percent(10)) continue;
          commons.Send(member, FormatTime(start + half * std::chrono::minutes(30)), wh);
        }
      }
      ASSERT_TRUE(commons.gateway().AdvanceClock(start + days(1)).ok());
    }
    ASSERT_TRUE(commons.gateway().AdvanceClock(At(kFirstDay) + days(kDays + 4)).ok());
  }

  static Counts Decided(Commons& commons) {
    Counts counts;
    const TimeZone zone = *TimeZone::Load("Europe/London");
    for (const port::DecidedCell& decided : commons.Cells()) {
      const std::string week = IsoWeekOf(zone.DateOf(decided.cell.window.start));
      auto& row = counts[{decided.cell.rule.value(), week}];
      ++row[decided.cell.status == CellStatus::kReleased ? 0 : 1];
    }
    return counts;
  }

  static std::string Proposal(Commons& commons, uint32_t k_min) {
    const std::string before =
        HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy));
    return commons.Sign(crypto::kPolicyType, commons.PolicyYaml(k_min, 2, before));
  }
  static StatusOr<port::Simulation> Run(Commons& commons, const std::string& proposal,
                                        Millis since = days(28)) {
    return commons.gateway().SimulatePolicy(proposal, since, [](uint64_t, uint64_t) { return true; });
  }
  static Counts Simulated(Commons& commons, const std::string& proposal) {
    const auto result = Run(commons, proposal);
    EXPECT_TRUE(result.ok()) << Message(result.status());
    Counts counts;
    if (!result.ok()) return counts;
    EXPECT_EQ(result->policy_version, 2u);
    EXPECT_TRUE(result->left_out.empty());
    for (const port::SimulatedWeek& week : result->weeks) {
      if (week.released + week.suppressed + week.refused == 0) continue;  // nothing was stored
      counts[{week.rule, week.week}] = {week.released, week.suppressed, week.refused};
    }
    return counts;
  }
};

TEST_F(SimulationTest, TheRulesInForceGiveWhatTheyDecided) {
  Commons commons;
  Live(commons);
  const Counts decided = Decided(commons);
  ASSERT_EQ(decided.size(), 4u);  // two rules, two weeks
  EXPECT_GT(decided.at({"load-hourly", "2013-W03"})[0], 0u);
  EXPECT_GT(decided.at({"load-hourly", "2013-W03"})[1], 0u);
  EXPECT_EQ(Simulated(commons, Proposal(commons, 3)), decided);
}

TEST_F(SimulationTest, AnotherThresholdGivesWhatItWouldHaveDecided) {
  Commons strict("2013-01-13T00:00:00Z", 4);
  Live(strict);
  Commons commons("2013-01-13T00:00:00Z", 3);
  Live(commons);
  ASSERT_NE(Decided(strict), Decided(commons));
  EXPECT_EQ(Simulated(commons, Proposal(commons, 4)), Decided(strict));
}

TEST_F(SimulationTest, WhatTheCharterForbidsIsRefusedCellByCell) {
  Commons commons;
  Live(commons);
  const Counts refused = Simulated(commons, Proposal(commons, 2));  // the floor is 3
  ASSERT_EQ(refused.size(), 4u);
  for (const auto& [key, row] : Decided(commons)) {
    EXPECT_EQ(refused.at(key), (std::array<uint64_t, 3>{0, 0, row[0] + row[1]})) << key.first;
  }
}

TEST_F(SimulationTest, OneRefusedRuleDoesNotStandInTheOthersWay) {
  Commons commons;
  Live(commons);
  std::string policy = commons.PolicyYaml(
      3, 2, HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy)));
  // A stricter day than its hours: L28, at the later rule.
  const std::string daily = "top1_max_pct: 40, k_min: 3}\nforbid";
  policy.replace(policy.find(daily), daily.size(), "top1_max_pct: 40, k_min: 4}\nforbid");
  const Counts counts = Simulated(commons, commons.Sign(crypto::kPolicyType, policy));
  const auto hourly = counts.at({"load-hourly", "2013-W03"});
  const auto day = counts.at({"load-daily", "2013-W03"});
  EXPECT_EQ(day, (std::array<uint64_t, 3>{0, 0, 7}));
  EXPECT_GT(hourly[0], 0u);
  EXPECT_EQ(hourly[2], 0u);
}

TEST_F(SimulationTest, NothingIsSimulatedThatNoStewardSigned) {
  Commons commons;
  Live(commons);
  Commons other;
  const std::string before = HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy));
  const std::string policy = commons.PolicyYaml(3, 2, before);
  EXPECT_EQ(Run(commons, other.Sign(crypto::kPolicyType, policy)).status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(Run(commons, commons.Sign(crypto::kRosterType, policy)).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Run(commons, policy).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SimulationTest, ItLooksBackNoFurtherThanItMay) {
  Commons commons;
  const std::string proposal = Proposal(commons, 3);
  EXPECT_TRUE(Run(commons, proposal, days(92)).ok());
  EXPECT_EQ(Run(commons, proposal, days(93)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Run(commons, proposal, Millis(0)).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SimulationTest, WhoStopsListeningStopsIt) {
  Commons commons;
  Live(commons);
  uint64_t steps = 0, last = 0, whole = 0;
  const auto result = commons.gateway().SimulatePolicy(
      Proposal(commons, 3), days(28), [&](uint64_t done, uint64_t total) {
        last = done;
        whole = total;
        return ++steps < 3;
      });
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
  EXPECT_EQ(steps, 3u);
  EXPECT_LT(last, whole);
  EXPECT_TRUE(Run(commons, Proposal(commons, 3)).ok());  // and not the next one
}

using Rows = std::map<std::pair<int, std::string>, std::string>;

// Every row as it is on disk.
Rows RowsOf(const Commons& commons) {
  const std::filesystem::path copy = commons.dir().parent_path() / "rows";
  CopyOfOneMoment(commons.dir(), copy);
  Rows rows;
  auto db = store::Database::Open(copy.string());
  EXPECT_TRUE(db.ok()) << Message(db.status());
  for (const store::Table table :
       {store::Table::kMeta, store::Table::kKeys, store::Table::kRegistry, store::Table::kJournal,
        store::Table::kBlocks, store::Table::kSheets, store::Table::kCells, store::Table::kReasons,
        store::Table::kLedger, store::Table::kRollups, store::Table::kQuarantine}) {
    EXPECT_TRUE((*db)->Scan(table, "", "", [&](std::string_view key, std::string_view value) {
                       rows[{static_cast<int>(table), std::string(key)}] = value;
                       return true;
                     }).ok());
  }
  return rows;
}

TEST_F(SimulationTest, ItLeavesNothingBehind) {
  Commons commons;
  Live(commons);
  const std::string proposal = Proposal(commons, 4);
  ASSERT_TRUE(Run(commons, proposal).ok());
  const Rows before = RowsOf(commons);
  ASSERT_GT(before.size(), 100u);
  const std::vector<port::DecidedCell> cells = commons.Cells();
  const port::GatewayStatus status = *commons.gateway().GetStatus();
  ASSERT_TRUE(Run(commons, proposal).ok());
  Rows after = RowsOf(commons);
  // A checkpoint before it, as for an export, seals one row of state anew.
  std::size_t changed = 0;
  EXPECT_EQ(after.size(), before.size());
  for (const auto& [key, value] : before) {
    if (after[key] == value) continue;
    ++changed;
    EXPECT_EQ(key.first, static_cast<int>(store::Table::kMeta));
  }
  EXPECT_LE(changed, 1u);
  EXPECT_EQ(commons.Cells().size(), cells.size());
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_size, status.ledger_size);
  EXPECT_EQ(commons.gateway().GetStatus()->released, status.released);
}

TEST(IsoWeekTest, AWeekIsOfTheYearOfItsThursday) {
  for (const auto& [date, week] :
       {std::pair("2013-01-14", "2013-W03"), std::pair("2012-12-31", "2013-W01"),
        std::pair("2010-01-03", "2009-W53"), std::pair("2016-01-01", "2015-W53"),
        std::pair("2021-01-03", "2020-W53"), std::pair("2021-01-04", "2021-W01"),
        std::pair("2024-12-29", "2024-W52"), std::pair("2024-12-30", "2025-W01")}) {
    EXPECT_EQ(IsoWeekOf(date), week) << date;
  }
}

}  // namespace
}  // namespace gateway::pipeline
