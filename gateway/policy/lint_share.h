// The part of lint that is about share rules: whether a rule, and rules together, protect whom
// they promise to. Internal to gateway/policy.
#pragma once

#include <vector>

#include "gateway/policy/charter.h"
#include "gateway/policy/lint.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

std::vector<Finding> LintShareRules(const Floors& floors, const Policy& policy,
                                    const Roster& roster);

}  // namespace gateway::policy
