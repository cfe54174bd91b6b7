// The part of lint that is about how long readings are kept. Pure.
#pragma once

#include <vector>

#include "gateway/policy/lint.h"

namespace gateway::policy {

std::vector<Finding> LintRetainRules(const Policy& policy);

}  // namespace gateway::policy
