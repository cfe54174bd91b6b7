#include "gateway/policy/decide.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

TEST(DecideTest, AdmitsACollectedMetricAndNamesTheRule) {
  const CollectDecision decision = DecideCollect(PolicyOf(PolicyText()), MetricId("load"));
  EXPECT_EQ(decision.code, CollectCode::kAdmitted);
  EXPECT_EQ(decision.rule, RuleId("collect-load"));
}

TEST(DecideTest, DeniesWhatNoRuleNames) {
  const Policy policy = PolicyOf(PolicyText());
  EXPECT_EQ(DecideCollect(policy, MetricId("noise")).code, CollectCode::kUnknownMetric);
  EXPECT_EQ(DecideCollect(policy, MetricId("")).code, CollectCode::kUnknownMetric);

  Policy uncollected = policy;
  uncollected.collect.clear();
  const CollectDecision decision = DecideCollect(uncollected, MetricId("load"));
  EXPECT_EQ(decision.code, CollectCode::kNoCollectRule);
  EXPECT_TRUE(decision.rule.empty());

  Policy unkept = policy;
  unkept.retain.clear();
  EXPECT_EQ(DecideCollect(unkept, MetricId("load")).code, CollectCode::kNoRetainRule);
  EXPECT_EQ(DecideCollect(unkept, MetricId("load")).rule, RuleId("collect-load"));

  EXPECT_EQ(DecideCollect(Policy(), MetricId("load")).code, CollectCode::kUnknownMetric);
}

}  // namespace
}  // namespace gateway::policy
