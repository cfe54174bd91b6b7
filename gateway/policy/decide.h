// The door: may a metric's readings be collected? Every decision names its rule. Pure.
#pragma once

#include "gateway/model/ids.h"
#include "gateway/policy/policy.h"

namespace gateway::policy {

enum class CollectCode {
  kAdmitted,
  kUnknownMetric,  // the policy does not name the metric
  kNoCollectRule,  // nothing says that it may be collected
  kNoRetainRule,   // nothing says how long it is kept: not stored at all
};

struct CollectDecision {
  CollectCode code = CollectCode::kUnknownMetric;
  RuleId rule;  // the collect rule, if there is one
};

CollectDecision DecideCollect(const Policy& policy, const MetricId& metric);

}  // namespace gateway::policy
