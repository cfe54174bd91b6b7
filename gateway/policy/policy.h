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

// What is blurred at the door, before anything is written.
struct Coarsening {
  int64_t step = 0;  // values become the nearest multiple of this many steps; 0: as they are
  Millis every{0};   // the first reading of each such span, stamped with its start; 0: all

  friend bool operator==(const Coarsening&, const Coarsening&) = default;
};

struct CollectRule {
  RuleId id;
  MetricId metric;
  std::string profile;  // the only ingest profile that may deliver it; empty: any
  Coarsening coarsen;
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

enum class ConsentMode { kOptIn, kOptOut };

// Opt-in goes with all-adults, opt-out with any-adult-objects (L50). Opt-out counts only once the
// household has had the notice for `notice`; until then it is opt-in.
struct ConsentRule {
  RuleId id;
  MetricId metric;
  ConsentMode mode = ConsentMode::kOptIn;
  HouseholdRule household_rule = HouseholdRule::kAllAdults;
  Millis notice{0};                 // opt-out only
  std::optional<Millis> reconfirm;  // a yes older than this has lapsed
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
  uint32_t top2_max_pct = 0;  // of the two largest together; 0: no such limit
  int64_t round_to = 0;       // sums become multiples of this many steps; 0: exact
  bool redistribution = false;  // whether a recipient may pass it on
  std::optional<uint64_t> min_count;  // of a place's amounts, in steps
  std::optional<Time> valid_from, valid_until;  // [from, until)
  int line = 0;
};

// A box: what is left out is everything. A share rule with a recipient in all of its dimensions is
// refused to that recipient, whoever signed it. What `public` names is whoever has the rule's cells as
// one of the public: a party that the rule names itself keeps them.
struct Forbid {
  RuleId id;
  std::vector<std::string> purpose_groups;  // with `purposes`: either of them
  std::vector<std::string> purposes;
  std::vector<std::string> to;      // party ids, peers, members, public
  std::vector<MetricId> metrics;
  std::vector<std::string> stats;   // rules that share one of them
  std::string zone_below;           // levels finer than this; empty: all
  Millis bucket_below{0};           // buckets shorter than this; 0: all
  Millis age_below{0};              // rules whose age_min is less than this; 0: all
  bool entrenched = false;          // a change needs the charter's threshold and longest notice
  std::string reason;
  int line = 0;
};

// What the gateway owes. It never overrides a forbid, floor or safeguard: a signed refusal is an
// answer, a suppressed cell is published.
enum class DutyKind { kAnswer, kPublish };

struct Duty {
  RuleId id;
  DutyKind kind = DutyKind::kAnswer;
  std::vector<std::string> to;        // answer: to these parties,
  std::vector<std::string> purposes;  // asking for these purposes
  RuleId rule;                        // publish: the cells of this share rule,
  Millis within{0};                   // so long after the question, or after the day's end
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
  std::vector<Duty> duty;

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
