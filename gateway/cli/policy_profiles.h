// What a policy's rules ask of the profiles that its collect rules name (architecture: delta and event
// metrics need a time of the device or a sequence number). Where the gateway's rules are, no profiles
// are known; so this is checked beside the lints and not among them. Pure.
#pragma once

#include <span>
#include <vector>

#include "gateway/ingest/profile.h"
#include "gateway/policy/lint.h"

namespace gateway::cli {

//   L70  a delta or event from a profile that never says when: every reading would be refused
//   L71  (warning) a metric that its profile does not know: nothing would ever come in
// A profile that is none of `profiles` is some commons' own: nothing is said of it.
std::vector<policy::Finding> LintProfiles(const policy::Policy& rules,
                                          std::span<const ingest::Profile> profiles);

}  // namespace gateway::cli
