#include "gateway/policy/policy.h"

#include <algorithm>


namespace gateway::policy {
namespace {

template <typename T>
const T* FindById(const std::vector<T>& items, const auto& id) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.id == id; });
  return found == items.end() ? nullptr : &*found;
}

template <typename T>
const T* FindByMetric(const std::vector<T>& items, const MetricId& metric) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const T& item) { return item.metric == metric; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Metric* Policy::FindMetric(const MetricId& id) const { return FindById(metrics, id); }
const Zone* Policy::FindZone(const ZoneId& id) const { return FindById(zones, id); }
const Purpose* Policy::FindPurpose(std::string_view id) const { return FindById(purposes, id); }
const ShareRule* Policy::FindShareRule(const RuleId& id) const { return FindById(share, id); }

const CollectRule* Policy::CollectRuleFor(const MetricId& metric) const {
  return FindByMetric(collect, metric);
}
const RetainRule* Policy::RetainRuleFor(const MetricId& metric, RetainTier tier) const {
  const auto found = std::find_if(retain.begin(), retain.end(), [&](const RetainRule& rule) {
    return rule.metric == metric && rule.tier == tier;
  });
  return found == retain.end() ? nullptr : &*found;
}
const ConsentRule* Policy::ConsentRuleFor(const MetricId& metric) const {
  return FindByMetric(consent, metric);
}

std::vector<const ShareRule*> Policy::ShareRulesFor(const MetricId& metric) const {
  std::vector<const ShareRule*> rules;
  for (const ShareRule& rule : share) {
    if (rule.metric == metric) rules.push_back(&rule);
  }
  return rules;
}

std::optional<uint32_t> Policy::LevelIndex(std::string_view level) const {
  const auto found = std::find(zone_levels.begin(), zone_levels.end(), level);
  if (found == zone_levels.end()) return std::nullopt;
  return static_cast<uint32_t>(found - zone_levels.begin());
}

StatusOr<ZoneId> Policy::AncestorAt(const ZoneId& zone, std::string_view level) const {
  const std::optional<uint32_t> wanted = LevelIndex(level);
  if (!wanted) return NotFound("zone level \"%s\": not one of zone_levels", level);
  const Zone* at = FindZone(zone);
  if (at == nullptr) return NotFound("zone \"%s\": not in the policy", zone.value());
  // Each step must get coarser, so that a circle of parents ends too.
  while (at->level < *wanted) {
    const Zone* parent = at->parent.empty() ? nullptr : FindZone(at->parent);
    if (parent == nullptr || parent->level <= at->level) break;
    at = parent;
  }
  if (at->level == *wanted) return at->id;
  return NotFound("zone \"%s\": lies in no zone of level %s", zone.value(), level);
}

}  // namespace gateway::policy
