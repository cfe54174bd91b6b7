#include "gateway/pipeline/sheet_input.h"

#include <algorithm>

#include "gateway/pipeline/consent.h"
#include "gateway/pipeline/contributions.h"

namespace gateway::pipeline {
namespace {

// Since when the metric's consent rule has stood unchanged, if that is known.
std::optional<Time> ConsentSince(const SheetPlan& plan) {
  const policy::ConsentRule* consent = plan.policy.ConsentRuleFor(plan.metric.id);
  const auto since = consent == nullptr ? plan.since.end() : plan.since.find(consent->id);
  if (since == plan.since.end()) return std::nullopt;
  return since->second;
}

// A household if its adults said so; a place because a steward did. Never one for the other: after
// a change of the policy, a day may hold readings of both.
bool MayCount(const Household* owner, const SheetPlan& plan, const policy::ShareRule& rule) {
  if (owner == nullptr || owner->kind != plan.metric.owner) return false;
  if (owner->kind == OwnerKind::kPlace) return owner->confirmed_at.has_value();
  return HouseholdGrants(*owner, rule, plan.policy, plan.day.start, plan.decided_at,
                         ConsentSince(plan).value_or(Time::max()));
}

privacy::SheetRule RuleOf(const SheetPlan& plan, const policy::ShareRule& rule) {
  const auto since = plan.since.find(rule.id);
  return {.id = rule.id,
          .whole_day = rule.whole_day,
          .bucket = rule.whole_day ? Millis(0) : rule.bucket,
          .k_min = rule.k_min,
          .top1_max_pct = rule.top1_max_pct,
          .top2_max_pct = rule.top2_max_pct,
          .round_to = rule.round_to,
          .min_count = rule.min_count,
          .too_young = since == plan.since.end() || since->second > plan.day.start ||
                       ConsentSince(plan).value_or(Time::min()) > plan.day.start ||
                       rule.valid_until.value_or(Time::max()) <= plan.decided_at,
          .members = {}};
}

}  // namespace

Time LooksBackTo(const SheetPlan& plan) {
  if (plan.metric.kind != MetricKind::kCounter) return plan.day.start;
  // A change of the metric makes all its rules new. What was stored before may be in other steps,
  // or no index at all.
  Time unchanged_since = Time::max();
  for (const policy::ShareRule* rule : plan.rules) {
    const auto since = plan.since.find(rule->id);
    if (since != plan.since.end()) unchanged_since = std::min(unchanged_since, since->second);
  }
  return std::min(std::max(plan.day.start - LookBack(plan.metric), unchanged_since),
                  plan.day.start);
}

privacy::SheetInput MakeSheetInput(const SheetPlan& plan, const std::vector<SheetOwner>& owners,
                                   OddityCounts& odd) {
  privacy::SheetInput input;
  input.day = plan.day;
  input.owner_kind = plan.metric.owner;
  input.combine = CombineOf(plan.metric.kind);
  input.steps_per_bel = StepsPerBel(plan.metric.resolution);
  input.fine_windows = {plan.day};
  for (const policy::ShareRule* rule : plan.rules) {  // lint: lengths lie inside each other
    std::vector<Window> windows = BucketsOf(rule->whole_day, rule->bucket, plan.day);
    if (windows.size() > input.fine_windows.size()) input.fine_windows = std::move(windows);
  }
  for (const SheetOwner& owner : owners) {
    input.owners.push_back(ContributionsOf(plan.metric, owner.readings, input.fine_windows,
                                           owner.before, owner.traits, &odd));
  }
  for (const policy::ShareRule* rule : plan.rules) {
    privacy::SheetRule sheet_rule = RuleOf(plan, *rule);
    for (uint32_t i = 0; i < owners.size(); ++i) {
      if (MayCount(owners[i].owner, plan, *rule)) sheet_rule.members.push_back(i);
    }
    input.rules.push_back(std::move(sheet_rule));
  }
  return input;
}

Time SheetDue(const Metric& metric, const std::vector<const policy::ShareRule*>& rules,
              const Window& day) {
  Millis age_min{0};
  for (const policy::ShareRule* rule : rules) age_min = std::max(age_min, rule->age_min);
  return day.end + metric.lateness + age_min;
}

}  // namespace gateway::pipeline
