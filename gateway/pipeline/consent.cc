#include "gateway/pipeline/consent.h"

#include <algorithm>

#include "gateway/pipeline/registry_rows.h"

namespace gateway::pipeline {
namespace {

bool IsTo(const Objection& objection, const MetricId& metric) {
  return objection.metric.empty() || objection.metric == metric.value();
}

bool HasObjected(const Household& household, const MetricId& metric) {
  const auto withdrawn = [&](const GrantRecord& record) {
    return record.withdrawn_at.has_value() &&
           std::ranges::count(record.grant.metrics, metric.value()) > 0;
  };
  return std::ranges::any_of(household.grants, withdrawn) ||
         std::ranges::any_of(household.objections,
                             [&](const Objection& each) { return IsTo(each, metric); });
}

// How many of the household's grants an objection came after.
std::size_t Overruled(const Household& household, const MetricId& metric) {
  std::size_t grants = 0;
  for (const Objection& objection : household.objections) {
    if (IsTo(objection, metric)) grants = std::max<std::size_t>(grants, objection.grants);
  }
  return grants;
}

bool IsFresh(const policy::Grant& grant, const policy::ConsentRule& consent, Time until) {
  return !consent.reconfirm.has_value() || until - grant.not_before <= *consent.reconfirm;
}

bool HadNotice(const Household& household, const policy::ConsentRule& consent, Time from,
               Time stands_since) {
  const auto known = household.notices.find(ConsentFingerprint(consent));
  return known != household.notices.end() && known->second >= stands_since &&
         from - known->second >= consent.notice;
}

}  // namespace

bool HouseholdGrants(const Household& household, const policy::ShareRule& rule,
                     const policy::Policy& policy, Time from, Time until, Time stands_since) {
  const policy::ConsentRule* consent = policy.ConsentRuleFor(rule.metric);
  if (household.kind != OwnerKind::kHousehold || !household.confirmed_at.has_value() ||
      consent == nullptr || household.adult_keys.empty()) {
    return false;
  }
  if (consent->mode == policy::ConsentMode::kOptOut && !HasObjected(household, rule.metric) &&
      HadNotice(household, *consent, from, stands_since)) {
    return true;
  }
  const std::size_t overruled = Overruled(household, rule.metric);
  const auto says_yes = [&](const std::string& adult) {
    for (std::size_t i = overruled; i < household.grants.size(); ++i) {
      const GrantRecord& record = household.grants[i];
      if (record.grant.grantor_pk == adult && !record.withdrawn_at.has_value() &&
          policy::Covers(record.grant, rule, policy) &&
          policy::HoldsThrough(record.grant, from, until) &&
          IsFresh(record.grant, *consent, until)) {
        return true;
      }
    }
    return false;
  };
  return std::ranges::all_of(household.adult_keys, says_yes);
}

void NoteNotices(const Rules& rules, const std::string& policy_hash,
                 const std::vector<policy::Acceptance>& acceptances, Time now,
                 Household& household) {
  if (acceptances.empty()) return;
  Time first = acceptances.front().at;
  Time last = first;
  for (const policy::Acceptance& acceptance : acceptances) {
    if (acceptance.policy_seen != policy_hash) return;
    first = std::min(first, acceptance.at);
    last = std::max(last, acceptance.at);
  }
  if (last > now) return;  // of a clock that is ahead: nobody knows when that was
  for (const policy::ConsentRule& consent : rules.documents.policy.consent) {
    const auto since = rules.since.find(consent.id);
    if (since == rules.since.end() || first < since->second) continue;
    household.notices[ConsentFingerprint(consent)] = last;
  }
}

bool Object(const std::string& metric, Time now, Household& household) {
  const auto grants = static_cast<uint32_t>(household.grants.size());
  const auto known = std::ranges::find(household.objections, metric, &Objection::metric);
  if (known == household.objections.end()) {
    household.objections.push_back({.metric = metric, .at = now, .grants = grants, .number = 1});
    return true;
  }
  if (known->grants == grants) return false;
  *known = {.metric = metric, .at = now, .grants = grants, .number = known->number + 1};
  return true;
}

}  // namespace gateway::pipeline
