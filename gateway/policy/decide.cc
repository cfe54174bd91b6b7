#include "gateway/policy/decide.h"

namespace gateway::policy {

CollectDecision DecideCollect(const Policy& policy, const MetricId& metric) {
  if (policy.FindMetric(metric) == nullptr) return {CollectCode::kUnknownMetric, {}};
  const CollectRule* collect = policy.CollectRuleFor(metric);
  if (collect == nullptr) return {CollectCode::kNoCollectRule, {}};
  if (policy.RetainRuleFor(metric) == nullptr) return {CollectCode::kNoRetainRule, collect->id};
  return {CollectCode::kAdmitted, collect->id};
}

}  // namespace gateway::policy
