// Whom each share rule named, and for what, at each version of the policy. A cell keeps the
// audience of the version that decided it: residents agreed to that one, and a later policy must
// not open old cells to somebody new. docs/formats.md §registry. Pure; plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/policy/policy.h"

namespace gateway::pipeline {

struct Audience {
  uint64_t since_version = 0;  // of the policy
  std::string purpose;
  std::string purpose_iri;  // what the purpose's id stood for
  std::vector<std::string> recipients;
  friend bool operator==(const Audience&, const Audience&) = default;
};
// By rule, ascending in version; rules that the policy no longer has stay, for their old cells.
using Audiences = std::map<RuleId, std::vector<Audience>>;

// Adds what `policy`, newer than everything recorded, changes.
// Returns ResourceExhausted if that would be more than limits::kAudiencesMax.
Status AppendAudiences(const policy::Policy& policy, Audiences& audiences);
// Null if the rule was not in the policy of that version.
const Audience* FindAudience(const Audiences& audiences, const RuleId& rule, uint64_t version);

std::string EncodeAudiences(const Audiences& audiences);
// Returns DataLoss if the bytes are malformed.
StatusOr<Audiences> DecodeAudiences(std::string_view bytes);

}  // namespace gateway::pipeline
