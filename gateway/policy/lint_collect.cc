#include "gateway/policy/lint_collect.h"

#include "gateway/model/time.h"

//   L51  coarsen: every, of a kind whose amounts or changes would be lost
//   L52  coarsen: every that does not divide a day, or that civil days would cut
//   L53  coarsen: every longer than the metric's interval
//   L54  coarsen: step that leaves fewer than two values

namespace gateway::policy {
namespace {

constexpr Millis kDay = std::chrono::hours(24);

class CollectLinter {
 public:
  explicit CollectLinter(const Policy& policy) : policy_(policy) {}

  std::vector<Finding> Run() {
    for (const CollectRule& rule : policy_.collect) {
      const Metric* metric = policy_.FindMetric(rule.metric);
      if (metric == nullptr) continue;  // L20
      if (rule.coarsen.every > Millis(0)) LintEvery(rule, *metric);
      if (rule.coarsen.step > 0) LintStep(rule, *metric);
    }
    return std::move(findings_);
  }

 private:
  void Refuse(std::string_view id, const CollectRule& rule, std::string_view text) {
    findings_.push_back({std::string(id), true,
                         Format("collect rule \"%s\": %s", rule.id.value(), text), rule.line,
                         "policy"});
  }

  void LintEvery(const CollectRule& rule, const Metric& metric) {
    const std::string every = FormatDuration(rule.coarsen.every);
    if (metric.kind == MetricKind::kDelta || metric.kind == MetricKind::kEvent ||
        metric.kind == MetricKind::kState) {
      Refuse("L51", rule, Format("every %s keeps the first reading of each span and drops the others, "
                                 "and with them what metric \"%s\" counts; it is for gauge, level and "
                                 "counter metrics", every, metric.id.value()));
    }
    if (kDay % rule.coarsen.every != Millis(0)) {
      Refuse("L52", rule, Format("every %s must divide a day", every));
      return;
    }
    if (rule.coarsen.every > metric.interval) {
      Refuse("L53", rule, Format("every %s is longer than the interval %s of metric \"%s\", which says "
                                 "how often a reading is expected: write interval: %s there", every,
                                 FormatDuration(metric.interval), metric.id.value(), every));
    }
    const StatusOr<TimeZone> zone = TimeZone::Load(policy_.time_zone);
    if (!zone.ok() || policy_.expires <= policy_.issued) return;  // L31, L33 of lint.cc
    if (zone->OffsetsAreMultiplesOf(rule.coarsen.every, policy_.issued, policy_.expires)) return;
    Refuse("L52", rule, Format("every %s: midnight in %s would cut a span in two, and move readings to "
                               "the day before; use a length that divides the time zone's UTC offsets",
                               every, policy_.time_zone));
  }

  void LintStep(const CollectRule& rule, const Metric& metric) {
    const std::string step = metric.resolution.Times(rule.coarsen.step);
    if (metric.kind == MetricKind::kState) {
      Refuse("L54", rule, Format("step %s: metric \"%s\" is a state, which is nothing or all already",
                                 step, metric.id.value()));
      return;
    }
    // The multiples at or above lo and at or below hi.
    const int64_t size = rule.coarsen.step;
    const int64_t first = metric.lo <= 0 ? metric.lo / size : (metric.lo - 1) / size + 1;
    const int64_t last = metric.hi >= 0 ? metric.hi / size : (metric.hi + 1) / size - 1;
    if (last > first) return;
    Refuse("L54", rule, Format("step %s leaves fewer than two values between lo and hi of metric \"%s\": "
                               "use a smaller one, or do not collect it", step, metric.id.value()));
  }

  const Policy& policy_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> LintCollectRules(const Policy& policy) { return CollectLinter(policy).Run(); }

}  // namespace gateway::policy
