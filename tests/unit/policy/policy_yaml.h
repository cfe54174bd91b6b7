// Documents as YAML texts, which parse to the same documents but for the lines. For tests.
#pragma once

#include <string>

#include "gateway/policy/charter.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

std::string ToYaml(const Charter& charter);
std::string ToYaml(const Policy& policy);
std::string ToYaml(const Roster& roster);

}  // namespace gateway::policy
