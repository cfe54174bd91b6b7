// The policy: what is measured, what may be collected, how long it is kept, who must agree, and
// which cells may leave to whom. Deny by default: what no rule names does not happen. Pure; the
// structs are plain data, `line` is where the document says it. Lookups are linear: a policy holds
// tens of rules, and hot paths keep their own tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/model/metric.h"

namespace gateway::policy {

struct Zone {
  ZoneId id;
  uint32_t level = 0;  // index into Policy::zone_levels; coarser is larger
  ZoneId parent;       // empty for a root
  uint32_t homes = 0;  // all households there, members or not
  int line = 0;
};

struct Purpose {
  std::string id;
  std::string iri;
  std::string group;  // empty: none
  int line = 0;
};

struct CollectRule {
  RuleId id;
  MetricId metric;
  std::string profile;  // the ingest profile that may deliver it
  int line = 0;
};

// How long readings are kept as they came (raw), and after that as one integer per bucket (rollup).
enum class RetainTier { kRaw, kRollup };
enum class RetainThen { kErase, kRollup };

struct RetainRule {
  RuleId id;
  MetricId metric;
  RetainTier tier = RetainTier::kRaw;
  Millis keep{0};  // since the reading, or since the start of what is rolled up together
  RetainThen then = RetainThen::kErase;
  bool whole_day = false;  // of a rollup, as in ShareRule
  Millis bucket{0};        // likewise
  int line = 0;
};

enum class HouseholdRule { kAllAdults, kAnyAdultObjects };

struct ConsentRule {  // opt-in: the only mode so far
  RuleId id;
  MetricId metric;
  HouseholdRule household_rule = HouseholdRule::kAllAdults;
  int line = 0;
};

struct ShareRule {
  RuleId id;
  MetricId metric;
  std::vector<std::string> stats;  // of "count", "sum", "mean"
  bool whole_day = false;          // the civil day of the commons' time zone (P1D)
  Millis bucket{0};                // fixed length aligned to UTC; 24 h if whole_day
  std::string zone_level;
  std::string purpose;
  std::vector<std::string> to;  // party ids, or peers, members, public
  Millis age_min{0};
  uint32_t k_min = 0;         // of a household's metric; 0 of a place's
  uint32_t top1_max_pct = 0;  // likewise
  std::optional<uint64_t> min_count;  // of a place's amounts, in steps
  std::optional<Time> valid_from, valid_until;  // [from, until)
  int line = 0;
};

struct Forbid {  // a share rule inside the box is refused
  RuleId id;
  std::vector<std::string> purpose_groups;
  std::vector<std::string> purposes;
  bool entrenched = false;
  std::string reason;
  int line = 0;
};

struct Policy {
  std::string commons;
  uint64_t version = 0;
  std::string prev;  // 32 bytes; empty for version 1
  Time issued, activates, expires;
  std::string time_zone;
  std::vector<std::string> zone_levels;  // fine to coarse
  std::vector<Zone> zones;
  std::vector<Metric> metrics;
  std::vector<int> metric_lines;  // beside `metrics`
  std::vector<Purpose> purposes;
  std::vector<CollectRule> collect;
  std::vector<RetainRule> retain;
  std::vector<ConsentRule> consent;
  std::vector<ShareRule> share;
  std::vector<Forbid> forbid;

  // Return null if there is none.
  const Metric* FindMetric(const MetricId& id) const;
  const Zone* FindZone(const ZoneId& id) const;
  const Purpose* FindPurpose(std::string_view id) const;
  const ShareRule* FindShareRule(const RuleId& id) const;
  const CollectRule* CollectRuleFor(const MetricId& metric) const;
  const RetainRule* RetainRuleFor(const MetricId& metric,
                                  RetainTier tier = RetainTier::kRaw) const;
  const ConsentRule* ConsentRuleFor(const MetricId& metric) const;
  std::vector<const ShareRule*> ShareRulesFor(const MetricId& metric) const;  // in list order

  std::optional<uint32_t> LevelIndex(std::string_view level) const;
  // The zone itself or its ancestor at `level`.
  // Returns NotFound if the zone or level is unknown, or no ancestor has that level.
  StatusOr<ZoneId> AncestorAt(const ZoneId& zone, std::string_view level) const;
};

// Returns InvalidArgument with line and column if the text is no policy. Whether its parts fit
// together is for lint.h.
StatusOr<Policy> ParsePolicy(std::string_view yaml);

}  // namespace gateway::policy
