#include "gateway/policy/read_rules.h"

#include <chrono>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/policy/reader.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Fields;

constexpr Millis kDay = std::chrono::hours(24);
constexpr uint64_t kMinCountMax = 1'000'000'000;

// That of a metric which does not exist is 1: lint names it.
Decimal ResolutionOf(const Policy& policy, const MetricId& id) {
  const Metric* metric = policy.FindMetric(id);
  return metric == nullptr ? *Decimal::Parse("1") : metric->resolution;
}

// What protects households is needed unless the metric is known to be of places. What does not fit
// the metric is read nevertheless: lint names it (L42).
void ReadSafeguards(Fields& fields, const Policy& policy, ShareRule& rule) {
  const Metric* metric = policy.FindMetric(rule.metric);
  const bool of_places = metric != nullptr && metric->owner == OwnerKind::kPlace;
  if (!of_places || fields.Has("k_min")) {
    rule.k_min =
        static_cast<uint32_t>(fields.Uint("k_min", of_places ? 1 : 0, limits::kHouseholdsMax));
  }
  if (!of_places || fields.Has("top1_max_pct")) {
    rule.top1_max_pct = static_cast<uint32_t>(fields.Uint("top1_max_pct", 1, 100));
  }
  if (fields.Has("top2_max_pct")) {
    rule.top2_max_pct = static_cast<uint32_t>(fields.Uint("top2_max_pct", 1, 100));
  }
  if (fields.Has("round_to")) {
    rule.round_to = ReadSteps(fields, "round_to", 1, ResolutionOf(policy, rule.metric));
  }
  if (fields.Has("min_count")) rule.min_count = fields.Uint("min_count", 1, kMinCountMax);
}

void ReadBucket(Fields& fields, bool& whole_day, Millis& bucket) {
  const std::string text = fields.Text("bucket");
  bucket = ReadPositive(fields, "bucket");
  whole_day = text == "P1D";
  if (bucket == kDay && !whole_day) {
    fields.Fail("bucket", "write P1D: a day is the commons' civil day, not 24 h of UTC");
  }
}

RetainRule ReadRetainRule(Fields& fields) {
  RetainRule rule;
  rule.line = fields.line();
  rule.id = ReadIdField<RuleId>(fields, "id");
  rule.metric = ReadIdField<MetricId>(fields, "metric");
  rule.tier = static_cast<RetainTier>(fields.OneOf("tier", {"raw", "rollup"}));
  rule.keep = ReadPositive(fields, "keep");
  if (rule.tier == RetainTier::kRollup) {
    ReadBucket(fields, rule.whole_day, rule.bucket);
    fields.OneOf("then", {"erase"});
    return rule;
  }
  if (fields.Has("bucket")) fields.Fail("bucket", "only for tier: rollup");
  rule.then = static_cast<RetainThen>(fields.OneOf("then", {"erase", "rollup"}));
  return rule;
}

std::vector<std::string> ReadStats(Fields& fields) {
  std::vector<std::string> stats = fields.Texts("stats", Fields::Empty::kRefused, 3);
  for (const std::string& stat : stats) {
    if (stat != "count" && stat != "sum" && stat != "mean") {
      fields.Fail("stats", Format("\"%s\" is not one of: count, sum, mean", stat));
    }
  }
  return stats;
}

ShareRule ReadShareRule(Fields& fields, const Policy& policy, Status& error) {
  ShareRule rule;
  rule.line = fields.line();
  rule.id = ReadIdField<RuleId>(fields, "id");
  rule.metric = ReadIdField<MetricId>(fields, "metric");
  rule.stats = ReadStats(fields);
  ReadBucket(fields, rule.whole_day, rule.bucket);
  rule.zone_level = fields.Text("zone");
  rule.purpose = fields.Parse("purpose", ReadId);
  rule.to = fields.Texts("to", Fields::Empty::kRefused, limits::kRulesMax);
  rule.age_min = fields.Parse("age_min", ParseDuration);
  ReadSafeguards(fields, policy, rule);
  if (fields.Has("redistribution")) rule.redistribution = fields.Bool("redistribution");
  if (fields.Has("valid")) {
    if (const yaml::Node* node = fields.Child("valid")) {
      Fields valid(*node, "valid", error);
      if (valid.Has("from")) rule.valid_from = valid.Parse("from", ReadTime);
      if (valid.Has("until")) rule.valid_until = valid.Parse("until", ReadTime);
      if (rule.valid_from && rule.valid_until && *rule.valid_until <= *rule.valid_from) {
        valid.Fail("until", "must be later than from");
      }
      valid.Finish();
    }
  }
  return rule;
}

std::vector<std::string> ReadSome(Fields& fields, std::string_view key) {
  if (!fields.Has(key)) return {};
  return fields.Texts(key, Fields::Empty::kRefused, limits::kRulesMax);
}

// What is left out is everything, but a forbid of everything is a policy that shares nothing: at
// least one dimension must be said.
Forbid ReadForbid(Fields& fields, const Policy& policy) {
  Forbid forbid;
  forbid.line = fields.line();
  forbid.id = ReadIdField<RuleId>(fields, "id");
  forbid.purpose_groups = ReadSome(fields, "purpose_group");
  forbid.purposes = ReadSome(fields, "purpose");
  forbid.to = ReadSome(fields, "to");
  for (std::string& metric : ReadSome(fields, "metric")) {
    forbid.metrics.emplace_back(std::move(metric));
  }
  if (fields.Has("stats")) forbid.stats = ReadStats(fields);
  if (fields.Has("zone_below")) {
    forbid.zone_below = fields.Text("zone_below");
    if (!policy.LevelIndex(forbid.zone_below)) {
      fields.Fail("zone_below", Format("\"%s\" is not one of zone_levels", forbid.zone_below));
    }
  }
  if (fields.Has("bucket_below")) forbid.bucket_below = ReadPositive(fields, "bucket_below");
  if (fields.Has("age_below")) forbid.age_below = ReadPositive(fields, "age_below");
  if (forbid.purpose_groups.empty() && forbid.purposes.empty() && forbid.to.empty() &&
      forbid.metrics.empty() && forbid.stats.empty() && forbid.zone_below.empty() &&
      forbid.bucket_below == Millis(0) && forbid.age_below == Millis(0)) {
    fields.Fail("id", "name what is forbidden: purpose_group, purpose, to, metric, stats, "
                      "zone_below, bucket_below or age_below");
  }
  forbid.entrenched = fields.Has("entrenched") && fields.Bool("entrenched");
  forbid.reason = ReadText(fields, "reason");
  return forbid;
}

Duty ReadDuty(Fields& fields) {
  Duty duty;
  duty.line = fields.line();
  duty.id = ReadIdField<RuleId>(fields, "id");
  duty.kind = static_cast<DutyKind>(fields.OneOf("kind", {"answer", "publish"}));
  if (duty.kind == DutyKind::kAnswer) {
    duty.to = fields.Texts("to", Fields::Empty::kRefused, limits::kRulesMax);
    duty.purposes = fields.Texts("purpose", Fields::Empty::kRefused, limits::kRulesMax);
  } else {
    duty.rule = ReadIdField<RuleId>(fields, "rule");
  }
  duty.within = ReadPositive(fields, "within");
  return duty;
}

CollectRule ReadCollectRule(Fields& fields, const Policy& policy, Status& error) {
  CollectRule rule;
  rule.line = fields.line();
  rule.id = ReadIdField<RuleId>(fields, "id");
  rule.metric = ReadIdField<MetricId>(fields, "metric");
  if (fields.Has("profile")) rule.profile = fields.Parse("profile", ReadId);
  if (!fields.Has("coarsen")) return rule;
  const yaml::Node* node = fields.Child("coarsen");
  if (node == nullptr) return rule;
  Fields coarsen(*node, "coarsen", error);
  if (coarsen.Has("step")) {
    rule.coarsen.step = ReadSteps(coarsen, "step", 1, ResolutionOf(policy, rule.metric));
  }
  if (coarsen.Has("every")) rule.coarsen.every = ReadPositive(coarsen, "every");
  coarsen.Finish();
  return rule;
}

ConsentRule ReadConsentRule(Fields& fields) {
  ConsentRule rule;
  rule.line = fields.line();
  rule.id = ReadIdField<RuleId>(fields, "id");
  rule.metric = ReadIdField<MetricId>(fields, "metric");
  rule.mode = static_cast<ConsentMode>(fields.OneOf("mode", {"opt-in", "opt-out"}));
  rule.household_rule = static_cast<HouseholdRule>(
      fields.OneOf("household_rule", {"all-adults", "any-adult-objects"}));
  if (rule.mode == ConsentMode::kOptOut) {
    rule.notice = ReadPositive(fields, "notice");
  } else if (fields.Has("notice")) {
    fields.Fail("notice", "only for mode: opt-out");
  }
  if (fields.Has("reconfirm")) rule.reconfirm = ReadPositive(fields, "reconfirm");
  return rule;
}

}  // namespace

void ReadRules(Fields& fields, Policy& policy, Status& error) {
  ReadList(fields, "collect", "collect rule", error, [&](Fields& item) {
    policy.collect.push_back(ReadCollectRule(item, policy, error));
  });
  ReadList(fields, "retain", "retain rule", error,
           [&](Fields& item) { policy.retain.push_back(ReadRetainRule(item)); });
  ReadList(fields, "consent", "consent rule", error,
           [&](Fields& item) { policy.consent.push_back(ReadConsentRule(item)); });
  ReadList(fields, "share", "share rule", error,
           [&](Fields& item) { policy.share.push_back(ReadShareRule(item, policy, error)); });
  if (fields.Has("forbid")) {
    ReadList(fields, "forbid", "forbid rule", error,
             [&](Fields& item) { policy.forbid.push_back(ReadForbid(item, policy)); });
  }
  if (fields.Has("duty")) {
    ReadList(fields, "duty", "duty", error,
             [&](Fields& item) { policy.duty.push_back(ReadDuty(item)); });
  }
}

}  // namespace gateway::policy
