#include "gateway/policy/lint_collect.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

// What lint says of the riverside policy whose rule for pm25, a gauge of 999 µg/m³ in steps of 0.01
// every 150 s, has this coarsening; after one more change.
std::string IdsOf(const std::string& coarsen, std::string_view from = "", std::string_view to = "") {
  std::string text = Replaced(PolicyText(), "metric: pm25}",
                              "metric: pm25, coarsen: {" + coarsen + "}}");
  if (!from.empty()) text = Replaced(text, from, to);
  std::string ids;
  for (const Finding& finding : LintCollectRules(PolicyOf(text))) {
    EXPECT_TRUE(finding.refuses) << FormatFinding(finding);
    EXPECT_GT(finding.line, 0);
    ids += (ids.empty() ? "" : " ") + finding.id;
  }
  return ids;
}

TEST(LintCollectTest, ACoarseGaugeIsClean) {
  EXPECT_EQ(IdsOf("step: 5"), "");
  EXPECT_EQ(IdsOf("every: PT150S"), "");
  EXPECT_EQ(IdsOf("step: 5, every: PT15M", "interval: PT150S", "interval: PT15M"), "");
  EXPECT_EQ(IdsOf("every: PT1M", "kind: gauge", "kind: counter"), "");
  EXPECT_EQ(IdsOf("step: 999"), "");  // nothing, or all
}

TEST(LintCollectTest, EveryLosesWhatIsCountedOrChanges) {
  for (const char* kind : {"kind: delta", "kind: event", "kind: state"}) {
    EXPECT_EQ(IdsOf("every: PT1M", "kind: gauge", kind), "L51") << kind;
  }
}

TEST(LintCollectTest, EveryDividesADayAndNoSpanCrossesMidnight) {
  EXPECT_EQ(IdsOf("every: PT2M", "interval: PT150S", "interval: PT15M"), "");
  EXPECT_EQ(IdsOf("every: PT7M", "interval: PT150S", "interval: PT15M"), "L52");
  EXPECT_EQ(IdsOf("every: PT1H", "interval: PT150S", "interval: PT1H"), "");
  // London's summer midnight is 23:00 of UTC: in the middle of a span of two hours.
  EXPECT_EQ(IdsOf("every: PT2H", "interval: PT150S", "interval: PT2H"), "L52");
}

TEST(LintCollectTest, EveryIsNoLongerThanTheInterval) {
  EXPECT_EQ(IdsOf("every: PT5M"), "L53");
}

TEST(LintCollectTest, AStepLeavesSomethingToTell) {
  EXPECT_EQ(IdsOf("step: 1000"), "L54");
  EXPECT_EQ(IdsOf("step: 500", "lo: 0, hi: 999", "lo: 500, hi: 999"), "L54");
  EXPECT_EQ(IdsOf("step: 499", "lo: 0, hi: 999", "lo: 499, hi: 999"), "");
  EXPECT_EQ(IdsOf("step: 10", "lo: 0, hi: 999", "lo: -9, hi: 9"), "L54");
  EXPECT_EQ(IdsOf("step: 10", "lo: 0, hi: 999", "lo: -10, hi: 9"), "");
  EXPECT_EQ(IdsOf("step: 1", "kind: gauge", "kind: state"), "L54");
}

TEST(LintCollectTest, LintRunsIt) {
  const std::string text = Replaced(PolicyText(), "metric: pm25}",
                                    "metric: pm25, coarsen: {every: PT7M}}");
  std::string ids;
  for (const Finding& finding :
       Lint(CharterOf(CharterText()), PolicyOf(text), RosterOf(RosterText()))) {
    ids += finding.id + " ";
  }
  EXPECT_EQ(ids, "L52 ");
}

}  // namespace
}  // namespace gateway::policy
