// The part of lint that is about what is blurred at the door. Pure.
#pragma once

#include <vector>

#include "gateway/policy/lint.h"

namespace gateway::policy {

std::vector<Finding> LintCollectRules(const Policy& policy);

}  // namespace gateway::policy
