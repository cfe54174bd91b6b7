// The part of lint that is about the charter, beside LintCharter (lint.h). Pure.
#pragma once

#include <vector>

#include "gateway/policy/lint.h"

namespace gateway::policy {

// What can only be said beside a policy: names in the charter that must exist there.
std::vector<Finding> LintCharterWith(const Charter& charter, const Policy& policy);

}  // namespace gateway::policy
