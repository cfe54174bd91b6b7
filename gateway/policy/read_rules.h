// The rules of a policy, read from its mapping. Internal to gateway/policy.
#pragma once

#include "gateway/base/status.h"
#include "gateway/policy/policy.h"
#include "gateway/yaml/fields.h"

namespace gateway::policy {

// Reads collect, retain, consent, share, forbid and duty. The vocabulary stands in `policy`
// already.
void ReadRules(yaml::Fields& fields, Policy& policy, Status& error);

}  // namespace gateway::policy
