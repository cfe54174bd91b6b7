#include "gateway/model/time.h"
#include "gateway/policy/compare_parts.h"

namespace gateway::policy {
namespace {

class Vocabulary {
 public:
  Vocabulary(const Policy& before, const Policy& after) : before_(before), after_(after) {}

  std::vector<Difference> Run() {
    if (before_.time_zone != after_.time_zone) {
      Add(Order::kIncomparable, "time_zone",
          Format("%s instead of %s", after_.time_zone, before_.time_zone));
    }
    ZoneLevels();
    for (const Zone& zone : before_.zones) CompareZone(zone);
    for (const Metric& metric : before_.metrics) {
      const Metric* now = after_.FindMetric(metric.id);
      if (now != nullptr) CompareMetric(metric, *now);
    }
    for (const Purpose& purpose : before_.purposes) {
      const Purpose* now = after_.FindPurpose(purpose.id);
      if (now == nullptr || now->iri == purpose.iri) continue;
      Add(Order::kIncomparable, Format("purpose %s", purpose.id),
          Format("iri %s instead of %s", now->iri, purpose.iri));
    }
    for (const RetainRule& rule : before_.retain) {
      const RetainRule* now = after_.RetainRuleFor(rule.metric, RetainTier::kRollup);
      if (rule.tier != RetainTier::kRollup || now == nullptr) continue;
      if (now->bucket == rule.bucket) continue;
      Add(now->bucket > rule.bucket ? Order::kTighter : Order::kLooser,
          Format("keeping rollups of %s", rule.metric.value()),
          Format("bucket %s instead of %s", FormatDuration(now->bucket),
                 FormatDuration(rule.bucket)));
    }
    for (const ConsentRule& rule : before_.consent) {
      const ConsentRule* now = after_.ConsentRuleFor(rule.metric);
      // With another mode it is the requests that tell.
      if (now == nullptr || now->mode != rule.mode || now->household_rule == rule.household_rule) {
        continue;
      }
      Add(Order::kIncomparable, Format("consent to %s", rule.metric.value()),
          "another household_rule");
    }
    return std::move(differences_);
  }

 private:
  void Add(Order order, std::string_view subject, std::string_view change) {
    differences_.push_back({order, Format("%s: %s", subject, change), std::nullopt, Time()});
  }

  // Levels may come and go; what is finer than what may not change.
  void ZoneLevels() {
    std::vector<std::string> was, is;
    for (const std::string& level : before_.zone_levels) {
      if (after_.LevelIndex(level)) was.push_back(level);
    }
    for (const std::string& level : after_.zone_levels) {
      if (before_.LevelIndex(level)) is.push_back(level);
    }
    if (was != is) Add(Order::kIncomparable, "zone_levels", "in another order");
  }

  void CompareZone(const Zone& zone) {
    const std::string subject = Format("zone %s", zone.id.value());
    const Zone* now = after_.FindZone(zone.id);
    if (now == nullptr) {
      // It could come back elsewhere.
      Add(Order::kIncomparable, subject, "dropped");
      return;
    }
    const std::string& was_level = before_.zone_levels[zone.level];
    const std::string& is_level = after_.zone_levels[now->level];
    if (was_level != is_level) {
      Add(Order::kIncomparable, subject, Format("level %s instead of %s", is_level, was_level));
    }
    if (zone.parent == now->parent) return;
    const auto named = [](const ZoneId& id) { return id.empty() ? "none" : id.value(); };
    Add(Order::kIncomparable, subject,
        Format("parent %s instead of %s", named(now->parent), named(zone.parent)));
  }

  void CompareMetric(const Metric& was, const Metric& is) {
    const std::string subject = Format("metric %s", was.id.value());
    const auto compare = [&](std::string_view field, bool same) {
      if (!same) Add(Order::kIncomparable, subject, Format("another %s", field));
    };
    compare("unit", was.unit == is.unit);
    compare("kind", was.kind == is.kind);
    compare("resolution", was.resolution == is.resolution);
    compare("lo", was.lo == is.lo);
    compare("hi", was.hi == is.hi);
    compare("interval", was.interval == is.interval);
    compare("lateness", was.lateness == is.lateness);
    compare("sensitivity", was.sensitivity == is.sensitivity);
    compare("unit_of_privacy", was.owner == is.owner);
    if (was.bucket_min == is.bucket_min) return;
    Add(is.bucket_min > was.bucket_min ? Order::kTighter : Order::kLooser, subject,
        Format("bucket_min %s instead of %s", FormatDuration(is.bucket_min),
               FormatDuration(was.bucket_min)));
  }

  const Policy& before_;
  const Policy& after_;
  std::vector<Difference> differences_;
};

}  // namespace

std::vector<Difference> CompareVocabulary(const Documents& before, const Documents& after) {
  return Vocabulary(before.policy, after.policy).Run();
}

}  // namespace gateway::policy
