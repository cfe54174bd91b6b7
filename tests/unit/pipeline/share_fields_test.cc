// What a share rule says of its cells, and a charter of what is kept, through a whole gateway.
#include <gtest/gtest.h>

#include <set>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/pipeline/registry_rows.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr std::string_view kDay = "2013-01-14T00:00:00Z";
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

// With `fields` in both share rules.
void Activate(Commons& commons, const std::string& fields) {
  std::string policy = commons.PolicyYaml(
      3, 2, HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy)));
  const std::string old = "top1_max_pct: 40";
  for (std::size_t at = 0; (at = policy.find(old, at)) != std::string::npos; at += old.size()) {
    policy.insert(at, fields + ", ");
    at += fields.size() + 2;
  }
  const Status activated = commons.Activate({{crypto::kPolicyType, policy}});
  ASSERT_TRUE(activated.ok()) << Message(activated);
}

Cell DailyCell(Commons& commons, const std::vector<int64_t>& wh) {
  for (std::size_t i = 0; i < wh.size(); ++i) {
    commons.SendDay(commons.Join("flat-" + std::to_string(i)), kDay, wh[i]);
  }
  EXPECT_TRUE(commons.gateway().AdvanceClock(At(kDue)).ok());
  const auto cells = commons.Cells({.rule = "load-daily"});
  EXPECT_EQ(cells.size(), 1u);
  return cells.empty() ? Cell{} : cells[0].cell;
}

TEST(ShareFieldsTest, ACellIsRoundedAndSaysSo) {
  Commons commons;
  Activate(commons, "top2_max_pct: 80, round_to: 1000, redistribution: true");
  const Cell cell = DailyCell(commons, {100, 101, 102});  // 48 of each: 14544
  ASSERT_TRUE(cell.figures.has_value());
  EXPECT_EQ(cell.figures->sum, 15'000);
  EXPECT_EQ(cell.figures->mean, 5'000);
  EXPECT_EQ(cell.figures->count, 3u);
  EXPECT_EQ(cell.round_to, 1'000);
  EXPECT_EQ(cell.top2_max_pct, 80u);
  EXPECT_TRUE(cell.redistribution);
}

TEST(ShareFieldsTest, WithoutThemACellIsWhatItWas) {
  Commons commons;
  const Cell cell = DailyCell(commons, {100, 101, 102});
  ASSERT_TRUE(cell.figures.has_value());
  EXPECT_EQ(cell.figures->sum, 14'544);
  EXPECT_EQ(cell.round_to, 0);
  EXPECT_FALSE(cell.redistribution);
}

TEST(ShareFieldsTest, TwoLargeHomesSuppressTheCellAndTheOperatorLearnsWhy) {
  Commons commons;
  Activate(commons, "top2_max_pct: 60");
  const Cell cell = DailyCell(commons, {120, 120, 50, 50});  // 240 of 340
  EXPECT_EQ(cell.status, CellStatus::kSuppressed);
  const auto why = commons.gateway().ExplainCell("load-daily", "north", At(kDay));
  ASSERT_TRUE(why.ok());
  EXPECT_EQ(why->reason, SuppressionReason::kDominance);
  EXPECT_NE(why->text.find("60 %"), std::string::npos) << why->text;
}

TEST(ShareFieldsTest, EachFieldMakesANewRule) {
  const policy::Policy policy;
  policy::ShareRule rule;
  rule.id = RuleId("r");
  const std::string before = RuleFingerprint(rule, policy);
  policy::ShareRule top2 = rule, round = rule, passed_on = rule;
  top2.top2_max_pct = 60;
  round.round_to = 60;
  passed_on.redistribution = true;
  std::set<std::string> all = {before, RuleFingerprint(top2, policy),
                               RuleFingerprint(round, policy), RuleFingerprint(passed_on, policy)};
  EXPECT_EQ(all.size(), 4u);
}

TEST(ShareFieldsTest, NothingIsKeptLongerThanTheCharterLetsIt) {
  using std::chrono::days;
  policy::Policy policy;
  policy.retain.resize(2);
  policy.retain[0].keep = days(30);
  policy.retain[1].keep = days(5);
  policy::Floors floors;
  KeepNothingLonger(floors, policy);
  EXPECT_EQ(policy.retain[0].keep, days(30));
  floors.keep_max = days(10);
  KeepNothingLonger(floors, policy);
  EXPECT_EQ(policy.retain[0].keep, days(10));
  EXPECT_EQ(policy.retain[1].keep, days(5));
}

}  // namespace
}  // namespace gateway::pipeline
