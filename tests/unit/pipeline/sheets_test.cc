#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "gateway/base/bytes.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

// Day end, six hours of lateness, one day of age.
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

std::vector<Member> JoinMany(Commons& commons, int count) {
  std::vector<Member> members;
  for (int i = 0; i < count; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
  return members;
}

TEST(SheetsTest, DayIsDecidedWholeAndOnlyWhenDue) {
  Commons commons;
  for (const Member& member : JoinMany(commons, 3)) {
    commons.SendDay(member, "2013-01-14T00:00:00Z", 100);
  }
  ASSERT_EQ(*commons.gateway().AdvanceClock(At("2013-01-16T05:59:59Z")), 0u);
  EXPECT_TRUE(commons.Cells().empty());
  EXPECT_EQ(commons.gateway().PendingCells({})->size(), 25u);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
  const std::vector<port::DecidedCell> cells = commons.Cells();
  ASSERT_EQ(cells.size(), 25u);
  for (const port::DecidedCell& decided : cells) {
    ASSERT_EQ(decided.cell.status, CellStatus::kReleased);
    EXPECT_EQ(decided.cell.figures->count, 3u);
    EXPECT_EQ(decided.cell.figures->completeness_pct, 100u);
    EXPECT_EQ(decided.cell.figures->homes_in_zone, 20u);
    EXPECT_TRUE(decided.cell.replay);
  }
  EXPECT_EQ(cells[0].cell.figures->sum, 600);
  EXPECT_EQ(cells[0].cell.figures->mean, 200);
  EXPECT_EQ(cells[24].cell.figures->sum, 3 * 48 * 100);
  EXPECT_TRUE(commons.gateway().PendingCells({})->empty());
}

TEST(SheetsTest, TooFewHouseholdsReleaseNothing) {
  Commons commons;
  for (const Member& member : JoinMany(commons, 2)) {
    commons.SendDay(member, "2013-01-14T00:00:00Z", 100);
  }
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
  for (const port::DecidedCell& decided : commons.Cells()) {
    EXPECT_EQ(decided.cell.status, CellStatus::kSuppressed);
    EXPECT_FALSE(decided.cell.figures.has_value());
  }
  const auto why = commons.gateway().ExplainCell("load-daily", "north", At("2013-01-14T00:00:00Z"));
  ASSERT_TRUE(why.ok()) << Message(why.status());
  EXPECT_EQ(why->reason, SuppressionReason::kTooFew);
}

TEST(SheetsTest, LateReadingIsStoredAndNeverReopensADecidedDay) {
  Commons commons;
  const std::vector<Member> members = JoinMany(commons, 3);
  for (const Member& member : members) commons.SendDay(member, "2013-01-14T01:00:00Z", 100);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At(kDue)).ok());
  const std::vector<port::DecidedCell> before = commons.Cells();
  commons.Send(members[0], "2013-01-14T00:00:00Z", 999);
  commons.Send(members[0], "2013-01-14T00:00:00Z", 999);
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts["late"], 1u);
  EXPECT_EQ(counts["repeated"], 1u);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-02-01T00:00:00Z")).ok());
  commons.Restart();
  std::vector<port::DecidedCell> after = commons.Cells();
  ASSERT_GE(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i].bytes, before[i].bytes);
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_size, 2u);  // the 14th, and 1:00 on the 15th
}

TEST(SheetsTest, ChangedRuleDoesNotCountForTheDayItChanged) {
  Commons commons;
  const std::vector<Member> members = JoinMany(commons, 5);
  for (const Member& member : members) commons.SendDay(member, "2013-01-14T00:00:00Z", 100);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-14T12:00:00Z")).ok());
  const auto documents = commons.gateway().ShowDocuments();
  std::string hash;
  for (const auto& row : *documents) {
    if (row.type == "policy") hash = row.hash;
  }
  ASSERT_TRUE(commons
                  .Activate({{"application/vnd.commons.policy.v1+yaml",
                              commons.PolicyYaml(4, 2, HexEncode(hash))}})
                  .ok());
  for (const Member& member : members) commons.SendDay(member, "2013-01-15T00:00:00Z", 100);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At("2013-01-20T00:00:00Z")), 2u);
  for (const port::DecidedCell& decided : commons.Cells()) {
    const bool first_day = decided.cell.window.start < At("2013-01-15T00:00:00Z");
    EXPECT_EQ(decided.cell.status, first_day ? CellStatus::kSuppressed : CellStatus::kReleased);
    EXPECT_EQ(decided.cell.policy_version, 2u);
  }
  const auto why = commons.gateway().ExplainCell("load-daily", "north", At("2013-01-14T00:00:00Z"));
  EXPECT_EQ(why->reason, SuppressionReason::kRuleTooYoung);
}

// Households moved to another zone at noon would be in one sheet in the morning and in another in
// the afternoon.
TEST(SheetsTest, ChangedZonesDoNotCountForTheDayTheyChanged) {
  Commons commons;
  const std::vector<Member> members = JoinMany(commons, 5);
  for (const Member& member : members) commons.SendDay(member, "2013-01-14T00:00:00Z", 100);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-14T12:00:00Z")).ok());
  const auto documents = commons.gateway().ShowDocuments();
  const auto row = std::find_if(documents->begin(), documents->end(),
                                [](const auto& document) { return document.type == "policy"; });
  std::string policy = commons.PolicyYaml(3, 2, HexEncode(row->hash));
  policy.insert(policy.find("metrics:"), "  - {id: south, level: neighbourhood, homes: 9}\n");
  const Status activated = commons.Activate({{"application/vnd.commons.policy.v1+yaml", policy}});
  ASSERT_TRUE(activated.ok()) << Message(activated);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
  for (const port::DecidedCell& decided : commons.Cells()) {
    EXPECT_EQ(decided.cell.status, CellStatus::kSuppressed);
  }
}

TEST(SheetsTest, ClockOnlyMovesForward) {
  Commons commons;
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-15T00:00:00Z")).ok());
  EXPECT_EQ(commons.gateway().AdvanceClock(At("2013-01-14T00:00:00Z")).status().code(),
            StatusCode::kFailedPrecondition);
  commons.Restart();
  EXPECT_EQ(commons.clock().SystemNow(), At("2013-01-15T00:00:00Z"));
}

TEST(SheetsTest, MissingCellSaysWhatIsMissing) {
  Commons commons;
  EXPECT_EQ(commons.gateway()
                .ExplainCell("load-daily", "north", At("2013-01-14T00:00:00Z"))
                .status()
                .code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace gateway::pipeline
