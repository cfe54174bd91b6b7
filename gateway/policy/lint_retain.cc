#include "gateway/policy/lint_retain.h"

#include <algorithm>

#include "gateway/model/time.h"

//   L31  a rollup's buckets that civil days would cut
//   L45  tiers that do not follow each other: raw, then rollup, then erase
//   L46  a rollup's bucket that does not divide a day, or is finer than what is shared
//   L47  a rollup that would be erased before it is made

namespace gateway::policy {
namespace {

constexpr Millis kDay = std::chrono::hours(24);
constexpr Millis kBucketMin = std::chrono::minutes(1);

class RetainLinter {
 public:
  explicit RetainLinter(const Policy& policy) : policy_(policy) {}

  std::vector<Finding> Run() {
    for (const RetainRule& rule : policy_.retain) {
      if (rule.tier == RetainTier::kRaw) {
        LintRaw(rule);
      } else {
        LintRollup(rule);
      }
    }
    return std::move(findings_);
  }

 private:
  void Refuse(std::string_view id, const RetainRule& rule, std::string_view text) {
    findings_.push_back({std::string(id), true,
                         Format("retain rule \"%s\": %s", rule.id.value(), text), rule.line,
                         "policy"});
  }

  void LintRaw(const RetainRule& rule) {
    if (rule.then == RetainThen::kErase ||
        policy_.RetainRuleFor(rule.metric, RetainTier::kRollup) != nullptr) {
      return;
    }
    Refuse("L45", rule, Format("then: rollup, but metric \"%s\" has no rule of tier rollup; add "
                               "one, or write then: erase", rule.metric.value()));
  }

  void LintRollup(const RetainRule& rule) {
    const RetainRule* raw = policy_.RetainRuleFor(rule.metric, RetainTier::kRaw);
    if (raw == nullptr) {
      Refuse("L45", rule, Format("metric \"%s\" has no rule of tier raw, so there is nothing to "
                                 "roll up; add one", rule.metric.value()));
    } else if (raw->then == RetainThen::kErase) {
      Refuse("L45", rule, Format("\"%s\" says then: erase, so there is nothing to roll up; write "
                                 "then: rollup", raw->id.value()));
    } else if (rule.keep < raw->keep) {
      Refuse("L47", rule, Format("keep %s is shorter than the %s that \"%s\" keeps the readings "
                                 "themselves: nothing would be left to keep",
                                 FormatDuration(rule.keep), FormatDuration(raw->keep),
                                 raw->id.value()));
    }
    LintBucket(rule);
  }

  // Finer than any cell, it would keep what nobody was ever told that anybody looks at.
  Millis FinestBucket(const MetricId& id) const {
    const Metric* metric = policy_.FindMetric(id);
    if (metric == nullptr) return Millis(0);
    Millis finest = Millis::max();
    for (const ShareRule* rule : policy_.ShareRulesFor(id)) {
      finest = std::min(finest, rule->bucket);
    }
    if (finest == Millis::max()) finest = metric->interval;  // shared with nobody
    return std::max(finest, metric->bucket_min);
  }

  void LintBucket(const RetainRule& rule) {
    if (!rule.whole_day && (rule.bucket < kBucketMin || kDay % rule.bucket != Millis(0))) {
      Refuse("L46", rule, Format("bucket %s must be P1D or a length from PT1M on that divides a "
                                 "day", FormatDuration(rule.bucket)));
      return;
    }
    if (const Millis finest = FinestBucket(rule.metric); rule.bucket < finest) {
      Refuse("L46", rule, Format("bucket %s is finer than %s, the finest of metric \"%s\"",
                                 FormatDuration(rule.bucket), FormatDuration(finest),
                                 rule.metric.value()));
    }
    const StatusOr<TimeZone> zone = TimeZone::Load(policy_.time_zone);
    if (rule.whole_day || !zone.ok() || policy_.expires <= policy_.issued) return;
    if (zone->OffsetsAreMultiplesOf(rule.bucket, policy_.issued, policy_.expires)) return;
    Refuse("L31", rule, Format("bucket %s: midnight in %s would cut it in two; use a length that "
                               "divides the time zone's UTC offsets", FormatDuration(rule.bucket),
                               policy_.time_zone));
  }

  const Policy& policy_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> LintRetainRules(const Policy& policy) { return RetainLinter(policy).Run(); }

}  // namespace gateway::policy
