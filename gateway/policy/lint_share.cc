#include "gateway/policy/lint_share.h"

#include <algorithm>
#include <set>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"

//   L07  k_min below the charter's floor, or 2
//   L14  metric not collected, kept or consented to
//   L16  (warning) zone without homes       L20  a name that does not exist
//   L23  top1_max_pct above 40 or the floor L24  age_min below the floor
//   L25  bucket that does not divide a day  L26  more than two bucket lengths, or not nested
//   L27  two zone levels of a metric        L28  longer bucket with a stricter limit
//   L29  one bucket, two limits             L30  bounds below zero
//   L31  buckets that civil days would cut  L32  sums that could overflow
//   L35  (warning) bucket that is no multiple of the metric's interval
//   L36  readings that would be erased before their day is decided
//   L37  more cells than one sheet may have
//   L41  a place's metric in a bucket below its bucket_min
//   L42  safeguards that do not fit whom the metric is about, or its kind
//   L49  a sum of levels in decibels
// L07, L23 and L30 are about households' metrics only: a place is nobody's home.

namespace gateway::policy {
namespace {

constexpr uint32_t kHouseholdsMin = 2;       // one household is nobody's statistic
constexpr uint32_t kTop1PctMax = 40;         // more, and two contributors can read each other
constexpr Millis kDay = std::chrono::hours(24);
constexpr Millis kLongestDay = std::chrono::hours(25);
constexpr Millis kBucketMin = std::chrono::minutes(1);
constexpr std::size_t kBucketLengthsMax = 2;

uint32_t Top2Of(const ShareRule& rule) { return rule.top2_max_pct == 0 ? 100 : rule.top2_max_pct; }

class ShareLinter {
 public:
  ShareLinter(const Floors& floors, const Policy& policy, const Roster& roster)
      : floors_(floors), policy_(policy), roster_(roster) {}

  std::vector<Finding> Run() {
    for (const ShareRule& rule : policy_.share) {
      LintNames(rule);
      LintLimits(rule);
      LintSafeguards(rule);
      LintBucket(rule);
      LintOffsets(rule);
    }
    for (const Metric& metric : policy_.metrics) {
      const std::vector<const ShareRule*> rules = policy_.ShareRulesFor(metric.id);
      if (rules.empty()) continue;
      LintMetric(metric, rules);
      LintTogether(metric, rules);
    }
    return std::move(findings_);
  }

 private:
  void Add(std::string_view id, bool refuses, const ShareRule& rule, std::string_view text) {
    findings_.push_back({std::string(id), refuses,
                         Format("share rule \"%s\": %s", rule.id.value(), text), rule.line,
                         "policy"});
  }
  void Refuse(std::string_view id, const ShareRule& rule, std::string_view text) {
    Add(id, true, rule, text);
  }

  void LintNames(const ShareRule& rule) {
    if (policy_.FindMetric(rule.metric) == nullptr) {
      Refuse("L20", rule, Format("metric \"%s\" is not under metrics", rule.metric.value()));
    }
    if (policy_.FindPurpose(rule.purpose) == nullptr) {
      Refuse("L20", rule, Format("purpose \"%s\" is not under purposes", rule.purpose));
    }
    for (const std::string& recipient : rule.to) {
      if (IsReservedRecipient(recipient) || roster_.FindParty(PartyId(recipient)) != nullptr) {
        continue;
      }
      Refuse("L20", rule, Format("recipient \"%s\" is no party of the roster, nor peers, members "
                                 "or public", recipient));
    }
    const std::optional<uint32_t> level = policy_.LevelIndex(rule.zone_level);
    if (!level) {
      Refuse("L20", rule, Format("zone \"%s\" is not one of zone_levels", rule.zone_level));
      return;
    }
    for (const Zone& zone : policy_.zones) {
      if (zone.level != *level || zone.homes != 0) continue;
      Add("L16", false, rule, Format("zone \"%s\" says no homes, so its cells will say 0 homes in "
                                     "the zone", zone.id.value()));
    }
  }

  // A metric that does not exist counts as a household's: the stricter one.
  bool IsOfPlaces(const ShareRule& rule) const {
    const Metric* metric = policy_.FindMetric(rule.metric);
    return metric != nullptr && metric->owner == OwnerKind::kPlace;
  }

  void LintSafeguards(const ShareRule& rule) {
    const Metric* metric = policy_.FindMetric(rule.metric);
    if (metric == nullptr) return;
    if (metric->kind == MetricKind::kLevel && std::ranges::count(rule.stats, "sum") > 0) {
      Refuse("L49", rule, Format("metric \"%s\" is in decibels, which do not add up; share count "
                                 "and mean", metric->id.value()));
    }
    if (metric->owner != OwnerKind::kPlace) {
      if (!rule.min_count) return;
      Refuse("L42", rule, Format("min_count is for places; what protects the households of \"%s\" "
                                 "is k_min", metric->id.value()));
      return;
    }
    if (rule.bucket < metric->bucket_min) {
      Refuse("L41", rule, Format("bucket %s is below the bucket_min %s of metric \"%s\"",
                                 FormatDuration(rule.bucket), FormatDuration(metric->bucket_min),
                                 metric->id.value()));
    }
    if (rule.k_min != 0 || rule.top1_max_pct != 0) {
      Refuse("L42", rule, Format("metric \"%s\" is of places, which do not count towards k_min or "
                                 "top1_max_pct: leave them out", metric->id.value()));
    }
    if (!rule.min_count) return;
    if (!AddsUp(metric->kind) || metric->lo < 0) {
      Refuse("L42", rule, Format("min_count hides small sums, and those of metric \"%s\" are none: "
                                 "it is for delta, counter and event metrics with lo from 0",
                                 metric->id.value()));
    }
  }

  void LintLimits(const ShareRule& rule) {
    const uint32_t k_floor = std::max(floors_.k_min, kHouseholdsMin);
    const bool of_places = IsOfPlaces(rule);
    if (!of_places && rule.k_min < k_floor) {
      Refuse("L07", rule, Format("k_min %d is below the charter's floor of %d households",
                                 rule.k_min, k_floor));
    }
    const uint32_t top_limit = std::min(floors_.top1_max_pct, kTop1PctMax);
    if (!of_places && rule.top1_max_pct > top_limit) {
      Refuse("L23", rule, Format("top1_max_pct %d is above the limit of %d: one household would "
                                 "stand out", rule.top1_max_pct, top_limit));
    }
    if (rule.age_min < floors_.age_min || rule.age_min < Millis(0)) {
      Refuse("L24", rule, Format("age_min %s is below the charter's floor of %s",
                                 FormatDuration(rule.age_min), FormatDuration(floors_.age_min)));
    }
  }

  void LintBucket(const ShareRule& rule) {
    if (!rule.whole_day && (rule.bucket < kBucketMin || kDay % rule.bucket != Millis(0))) {
      Refuse("L25", rule, Format("bucket %s must be P1D or a length from PT1M on that divides a "
                                 "day", FormatDuration(rule.bucket)));
    }
    const Metric* metric = policy_.FindMetric(rule.metric);
    if (metric != nullptr && rule.bucket % metric->interval != Millis(0)) {
      Add("L35", false, rule, Format("bucket %s is no multiple of the metric's interval %s: "
                                     "completeness will be rounded",
                                     FormatDuration(rule.bucket),
                                     FormatDuration(metric->interval)));
    }
  }

  // Reports at the first rule.
  void LintMetric(const Metric& metric, const std::vector<const ShareRule*>& rules) {
    const ShareRule& rule = *rules.front();
    std::string missing;
    const auto need = [&](bool there, std::string_view what) {
      if (!there) missing += Format("%s%s", missing.empty() ? "" : ", ", what);
    };
    need(policy_.CollectRuleFor(metric.id) != nullptr, "collect");
    need(policy_.RetainRuleFor(metric.id) != nullptr, "retain");
    need(metric.owner == OwnerKind::kPlace || policy_.ConsentRuleFor(metric.id) != nullptr,
         "consent");
    if (!missing.empty()) {
      Refuse("L14", rule, Format("metric \"%s\" has no rule for: %s", metric.id.value(), missing));
    }
    const RetainRule* retain = policy_.RetainRuleFor(metric.id);
    // A counter's first increase of a day counts from a reading before it.
    const Millis before =
        metric.kind == MetricKind::kCounter ? 2 * metric.interval : Millis(0);
    // One sheet holds all rules, so it waits for the one that waits longest.
    Millis age_min{0};
    for (const ShareRule* each : rules) age_min = std::max(age_min, each->age_min);
    const Millis decided_after = kLongestDay + metric.lateness + age_min + before;
    if (retain != nullptr && retain->keep < decided_after) {
      Refuse("L36", rule, Format("\"%s\" keeps readings %s, but a day is decided up to %s after its "
                                 "first one; keep them longer", retain->id.value(),
                                 FormatDuration(retain->keep), FormatDuration(decided_after)));
    }
    const bool cancels = metric.lo < 0 && metric.kind != MetricKind::kLevel;
    if (cancels && metric.owner != OwnerKind::kPlace) {
      Refuse("L30", rule, Format("metric \"%s\" has lo below 0: the largest share of a sum means "
                                 "nothing when contributions can cancel", metric.id.value()));
    }
    LintSums(metric, rule);
  }

  void LintSums(const Metric& metric, const ShareRule& rule) {
    // What one series can add to a day: a delta its readings; a counter likewise, as each may be
    // a reset that counts whole; what is averaged one mean for each bucket.
    const Millis::rep parts = AddsUp(metric.kind) ? kLongestDay / metric.interval + 1
                                                  : Millis::rep{limits::kCellsPerSheetMax};
    // The largest share is compared in hundredths, so 100 times a day's sum must fit.
    const int64_t factor = int64_t{100} * int64_t{limits::kSeriesMax};
    constexpr int64_t kSumMax = int64_t{1} << 62;
    const int64_t largest = std::max(metric.hi, -metric.lo);
    if (parts > kSumMax / factor || largest >= kSumMax / factor / parts) {
      Refuse("L32", rule, Format("metric \"%s\": %d times lo or hi a day from %d series could "
                                 "overflow; use a coarser resolution%s", metric.id.value(), parts,
                                 limits::kSeriesMax,
                                 AddsUp(metric.kind) ? " or a longer interval" : ""));
    }
  }

  void LintTogether(const Metric& metric, const std::vector<const ShareRule*>& rules) {
    // Suppressed cells are protected pair by pair of lengths; a third length would let a cell be
    // worked out along the way around it.
    std::set<Millis> lengths;
    std::size_t cells = 0;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const ShareRule& rule = *rules[i];
      if (lengths.insert(rule.bucket).second && lengths.size() == kBucketLengthsMax + 1) {
        Refuse("L26", rule, Format("metric \"%s\" is shared in more than %d bucket lengths",
                                   metric.id.value(), kBucketLengthsMax));
      }
      for (std::size_t j = 0; j < i; ++j) LintPair(*rules[j], rule);
      cells += rule.whole_day ? 1 : static_cast<std::size_t>(kLongestDay / rule.bucket);
    }
    if (cells > limits::kCellsPerSheetMax) {
      Refuse("L37", *rules.back(), Format("metric \"%s\" has %d cells a day in one zone, limit %d; "
                                          "use fewer rules or longer buckets", metric.id.value(),
                                          cells, limits::kCellsPerSheetMax));
    }
  }

  // Reports at `later`.
  void LintPair(const ShareRule& earlier, const ShareRule& later) {
    if (earlier.zone_level != later.zone_level) {
      Refuse("L27", later, Format("zone %s, but \"%s\" shares the metric per %s: zones would be "
                                  "subtracted from each other; use one level", later.zone_level,
                                  earlier.id.value(), earlier.zone_level));
    }
    if (earlier.bucket == later.bucket) {
      if (earlier.k_min != later.k_min || earlier.top1_max_pct != later.top1_max_pct ||
          earlier.min_count != later.min_count || earlier.round_to != later.round_to ||
          Top2Of(earlier) != Top2Of(later)) {
        Refuse("L29", later, Format("the safeguards differ from those of \"%s\" with the "
                                    "same metric and bucket: what one suppresses, the other would "
                                    "release", earlier.id.value()));
      }
      return;
    }
    const bool later_is_longer = later.bucket > earlier.bucket;
    const ShareRule& longer = later_is_longer ? later : earlier;
    const ShareRule& shorter = later_is_longer ? earlier : later;
    if (longer.bucket % shorter.bucket != Millis(0)) {
      Refuse("L26", later, Format("the buckets of \"%s\" and \"%s\" must lie inside each other: use "
                                  "a multiple of the shorter length", longer.id.value(),
                                  shorter.id.value()));
    }
    if (longer.k_min > shorter.k_min || longer.top1_max_pct < shorter.top1_max_pct ||
        longer.min_count.value_or(0) > shorter.min_count.value_or(0) ||
        longer.round_to > shorter.round_to || Top2Of(longer) < Top2Of(shorter)) {
      Refuse("L28", later, Format("the longer bucket of \"%s\" has a stricter limit than \"%s\": "
                                  "adding up the short ones would get round it", longer.id.value(),
                                  shorter.id.value()));
    }
  }

  void LintOffsets(const ShareRule& rule) {
    if (rule.whole_day || rule.bucket < kBucketMin) return;
    const StatusOr<TimeZone> zone = TimeZone::Load(policy_.time_zone);
    if (!zone.ok() || policy_.expires <= policy_.issued) return;  // L31, L33 of lint.cc.
    if (zone->OffsetsAreMultiplesOf(rule.bucket, policy_.issued, policy_.expires)) return;
    Refuse("L31", rule, Format("bucket %s: midnight in %s would cut it in two; use a length that "
                               "divides the time zone's UTC offsets", FormatDuration(rule.bucket),
                               policy_.time_zone));
  }

  const Floors& floors_;
  const Policy& policy_;
  const Roster& roster_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> LintShareRules(const Floors& floors, const Policy& policy,
                                    const Roster& roster) {
  return ShareLinter(floors, policy, roster).Run();
}

}  // namespace gateway::policy
