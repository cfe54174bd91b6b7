#include "gateway/policy/decide.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

TEST(DecideTest, AdmitsACollectedMetricAndNamesTheRule) {
  const CollectDecision decision =
      DecideCollect(PolicyOf(PolicyText()), MetricId("load"), "generic");
  EXPECT_EQ(decision.code, CollectCode::kAdmitted);
  EXPECT_EQ(decision.rule, RuleId("collect-load"));
}

TEST(DecideTest, DeniesWhatNoRuleNames) {
  const Policy policy = PolicyOf(PolicyText());
  EXPECT_EQ(DecideCollect(policy, MetricId("noise"), "generic").code, CollectCode::kUnknownMetric);
  EXPECT_EQ(DecideCollect(policy, MetricId(""), "generic").code, CollectCode::kUnknownMetric);

  Policy uncollected = policy;
  uncollected.collect.clear();
  const CollectDecision decision = DecideCollect(uncollected, MetricId("load"), "generic");
  EXPECT_EQ(decision.code, CollectCode::kNoCollectRule);
  EXPECT_TRUE(decision.rule.empty());

  Policy unkept = policy;
  unkept.retain.clear();
  EXPECT_EQ(DecideCollect(unkept, MetricId("load"), "generic").code, CollectCode::kNoRetainRule);
  EXPECT_EQ(DecideCollect(unkept, MetricId("load"), "generic").rule, RuleId("collect-load"));

  EXPECT_EQ(DecideCollect(Policy(), MetricId("load"), "generic").code, CollectCode::kUnknownMetric);
}

TEST(DecideTest, DeniesAnotherProfileThanTheRuleNames) {
  Policy policy = PolicyOf(PolicyText());
  policy.collect.front().profile = "generic";
  for (const char* profile : {"tasmota", ""}) {
    const CollectDecision decision = DecideCollect(policy, MetricId("load"), profile);
    EXPECT_EQ(decision.code, CollectCode::kOtherProfile) << profile;
    EXPECT_EQ(decision.rule, RuleId("collect-load"));
  }
  policy.collect.front().profile = "";
  EXPECT_EQ(DecideCollect(policy, MetricId("load"), "tasmota").code, CollectCode::kAdmitted);
}

}  // namespace
}  // namespace gateway::policy
