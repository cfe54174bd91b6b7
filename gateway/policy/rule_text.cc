#include "gateway/policy/rule_text.h"

#include <algorithm>

namespace gateway::policy {
namespace {

// No name that a document may use contains a comma or a bar.
std::string Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + ",";
  return text;
}

std::string Sorted(const std::vector<MetricId>& ids) {
  std::vector<std::string> names;
  for (const MetricId& id : ids) names.push_back(id.value());
  return Sorted(std::move(names));
}

std::string TimeText(const std::optional<Time>& time) {
  return time ? Format("%d", time->time_since_epoch().count()) : "-";
}

}  // namespace

std::string TextOf(const CollectRule& rule) {
  return Format("collect|%s|%s|%d|%d", rule.metric.value(), rule.profile, rule.coarsen.step,
                rule.coarsen.every.count());
}

std::string TextOf(const RetainRule& rule) {
  return Format("retain|%s|%d|%d|%d|%d", rule.metric.value(), static_cast<int>(rule.tier),
                rule.keep.count(), static_cast<int>(rule.then), rule.bucket.count());
}

std::string TextOf(const ConsentRule& rule) {
  return Format("consent|%s|%d|%d|%d|%d", rule.metric.value(), static_cast<int>(rule.mode),
                static_cast<int>(rule.household_rule), rule.notice.count(),
                rule.reconfirm ? rule.reconfirm->count() : -1);
}

std::string TextOf(const ShareRule& rule) {
  std::string text =
      Format("share|%s|%s|%d|%s|%s|%s|%d", rule.metric.value(), Sorted(rule.stats),
             rule.bucket.count(), rule.zone_level, rule.purpose, Sorted(rule.to),
             rule.age_min.count());
  return text + Format("|%d|%d|%d|%d|%d|%d|%s|%s", rule.k_min, rule.top1_max_pct,
                       rule.top2_max_pct, rule.round_to, rule.redistribution ? 1 : 0,
                       rule.min_count.value_or(0), TimeText(rule.valid_from),
                       TimeText(rule.valid_until));
}

std::string TextOf(const Forbid& forbid) {
  return Format("forbid|%s|%s|%s|%s|%s|%s|%d|%d|%d", Sorted(forbid.purpose_groups),
                Sorted(forbid.purposes), Sorted(forbid.to), Sorted(forbid.metrics),
                Sorted(forbid.stats), forbid.zone_below, forbid.bucket_below.count(),
                forbid.age_below.count(), forbid.entrenched ? 1 : 0);
}

std::string TextOf(const Duty& duty) {
  return Format("duty|%d|%s|%s|%s|%d", static_cast<int>(duty.kind), Sorted(duty.to),
                Sorted(duty.purposes), duty.rule.value(), duty.within.count());
}

}  // namespace gateway::policy
