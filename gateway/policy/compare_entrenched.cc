#include <algorithm>
#include <map>
#include <set>

#include "gateway/policy/compare.h"
#include "gateway/policy/release.h"
#include "gateway/policy/rule_text.h"

namespace gateway::policy {
namespace {

std::map<RuleId, std::string> TextsOf(const Policy& policy) {
  std::map<RuleId, std::string> texts;
  const auto add = [&](const auto& rules) {
    for (const auto& rule : rules) texts.emplace(rule.id, TextOf(rule));
  };
  add(policy.collect);
  add(policy.retain);
  add(policy.consent);
  add(policy.share);
  add(policy.forbid);
  add(policy.duty);
  return texts;
}

// Whether the same text reaches less far, because a purpose left the group that it names, or
// because a level of zones is no longer below its limit.
bool ReachesLess(const Forbid& forbid, const Policy& before, const Policy& after) {
  const bool all_purposes = forbid.purposes.empty() && forbid.purpose_groups.empty();
  for (const Purpose& purpose : before.purposes) {
    if (all_purposes || !NamesPurpose(forbid, purpose)) continue;
    const Purpose* now = after.FindPurpose(purpose.id);
    // A purpose that is dropped could come back without its group.
    if (now == nullptr || !NamesPurpose(forbid, *now)) return true;
  }
  if (forbid.zone_below.empty()) return false;
  const auto is_below = [&](const Policy& policy, const std::string& level) {
    const std::optional<uint32_t> index = policy.LevelIndex(level);
    return index && index < policy.LevelIndex(forbid.zone_below);
  };
  return std::any_of(before.zone_levels.begin(), before.zone_levels.end(),
                     [&](const std::string& level) {
                       return is_below(before, level) && !is_below(after, level);
                     });
}

}  // namespace

std::vector<std::string> EntrenchedTouched(const Documents& before, const Documents& after) {
  std::set<RuleId> entrenched;
  for (const std::string& id : before.charter.entrenched) entrenched.emplace(id);
  for (const Forbid& forbid : before.policy.forbid) {
    if (forbid.entrenched) entrenched.insert(forbid.id);
  }
  const std::map<RuleId, std::string> was = TextsOf(before.policy);
  const std::map<RuleId, std::string> is = TextsOf(after.policy);
  std::set<std::string> touched;
  for (const RuleId& id : entrenched) {
    const auto old_text = was.find(id);
    const auto new_text = is.find(id);
    if (old_text == was.end()) continue;
    if (new_text == is.end() || new_text->second != old_text->second) touched.insert(id.value());
  }
  for (const Forbid& forbid : before.policy.forbid) {
    if (!entrenched.contains(forbid.id)) continue;
    if (ReachesLess(forbid, before.policy, after.policy)) touched.insert(forbid.id.value());
  }
  return {touched.begin(), touched.end()};
}

}  // namespace gateway::policy
