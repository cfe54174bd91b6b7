// What a rule says in one canonical text, to see whether two say the same. Without its id and
// reason, and lists in order: none of these changes what it means. Not for people. Internal to
// gateway/policy.
#pragma once

#include <string>

#include "gateway/policy/policy.h"

namespace gateway::policy {

std::string TextOf(const CollectRule& rule);
std::string TextOf(const RetainRule& rule);
std::string TextOf(const ConsentRule& rule);
std::string TextOf(const ShareRule& rule);
std::string TextOf(const Forbid& forbid);
std::string TextOf(const Duty& duty);

}  // namespace gateway::policy
