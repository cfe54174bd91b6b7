// Steps 5 to 7 of a release (evaluate.h): forbids, floors and share rules, for a question off the
// wire, which may leave things open, and for a request that leaves nothing open. Internal to
// gateway/policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/policy/decide.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/evaluate.h"

namespace gateway::policy {

// Its names exist. What is empty or unset matches everything.
struct Ask {
  PartyId party;  // or a group of recipients
  std::string purpose;
  MetricId metric;
  RuleId rule;
  std::string stat;
  std::optional<uint32_t> level;
  std::optional<Millis> bucket;
  std::optional<Millis> age;  // of the oldest figure asked for
};

bool Available(const Documents& documents, Time now, bool clock_sound);

// `rules` is sorted.
QueryDecision DecideRelease(const Documents& documents, const Ask& ask, Time now, Trace* trace);

// Whether a forbid takes a share rule away from a recipient of it.
bool Forbids(const Forbid& forbid, const ShareRule& rule, const PartyId& party,
             const Policy& policy);
// Whether a forbid names a purpose, by itself or by its group, or leaves purposes out.
bool NamesPurpose(const Forbid& forbid, const Purpose& purpose);
// What of a charter's floors a share rule is below; empty: nothing.
std::string BelowFloor(const ShareRule& rule, const Policy& policy, const Floors& floors);

}  // namespace gateway::policy
