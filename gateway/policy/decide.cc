#include "gateway/policy/decide.h"

#include <algorithm>

#include "gateway/policy/documents.h"

namespace gateway::policy {

CollectDecision DecideCollect(const Policy& policy, const MetricId& metric) {
  if (policy.FindMetric(metric) == nullptr) return {CollectCode::kUnknownMetric, {}};
  const CollectRule* collect = policy.CollectRuleFor(metric);
  if (collect == nullptr) return {CollectCode::kNoCollectRule, {}};
  if (policy.RetainRuleFor(metric) == nullptr) return {CollectCode::kNoRetainRule, collect->id};
  return {CollectCode::kAdmitted, collect->id};
}

std::string_view QueryCodeName(QueryCode code) {
  switch (code) {
    case QueryCode::kOk:
      return "OK";
    case QueryCode::kBadRequest:
      return "BAD_REQUEST";
    case QueryCode::kUnknownParty:
      return "UNKNOWN_PARTY";
    case QueryCode::kBadSignature:
      return "BAD_SIGNATURE";
    case QueryCode::kWrongCommons:
      return "WRONG_COMMONS";
    case QueryCode::kWrongParty:
      return "WRONG_PARTY";
    case QueryCode::kExpired:
      return "EXPIRED";
    case QueryCode::kReplayed:
      return "REPLAYED";
    case QueryCode::kBusy:
      return "BUSY";
    case QueryCode::kPolicyUnavailable:
      return "POLICY_UNAVAILABLE";
    case QueryCode::kPurposeRequired:
      return "PURPOSE_REQUIRED";
    case QueryCode::kUnknownPurpose:
      return "UNKNOWN_PURPOSE";
    case QueryCode::kForbidden:
      return "FORBIDDEN";
    case QueryCode::kFloor:
      return "FLOOR";
    case QueryCode::kNotPermitted:
      return "NOT_PERMITTED";
    case QueryCode::kGranularity:
      return "GRANULARITY";
    case QueryCode::kTooEarly:
      return "TOO_EARLY";
    case QueryCode::kExpiredRule:
      return "EXPIRED_RULE";
  }
  return "BAD_REQUEST";
}

namespace {

bool Names(const std::vector<std::string>& list, std::string_view name) {
  return !name.empty() && std::find(list.begin(), list.end(), name) != list.end();
}

bool Available(const Documents& documents, Time now, bool clock_sound) {
  return clock_sound && now >= documents.policy.activates && now < documents.policy.expires &&
         now < documents.roster.expires && now < documents.charter.expires;
}

// What the question names must exist; a name that means nothing is a mistake, not an empty answer.
bool NamesExist(const Policy& policy, const Question& question) {
  return (question.metric.empty() || policy.FindMetric(question.metric) != nullptr) &&
         (question.rule.empty() || policy.FindShareRule(question.rule) != nullptr) &&
         (question.zone.empty() || policy.FindZone(question.zone) != nullptr);
}

const Forbid* ForbidOf(const Policy& policy, const Purpose& purpose) {
  for (const Forbid& forbid : policy.forbid) {
    if (Names(forbid.purposes, purpose.id) || Names(forbid.purpose_groups, purpose.group)) {
      return &forbid;
    }
  }
  return nullptr;
}

// Whether the rule is for this asker, purpose and product at all.
bool Concerns(const ShareRule& rule, const PartyId& party, const Question& question) {
  return IsRecipient(rule.to, party) && rule.purpose == question.purpose &&
         (question.metric.empty() || rule.metric == question.metric) &&
         (question.rule.empty() || rule.id == question.rule);
}

bool FitsGrain(const Policy& policy, const ShareRule& rule, const Question& question) {
  if (question.bucket.has_value() && *question.bucket != rule.bucket) return false;
  const Zone* zone = question.zone.empty() ? nullptr : policy.FindZone(question.zone);
  return zone == nullptr || policy.LevelIndex(rule.zone_level) == zone->level;
}

// What keeps a rule that concerns the asker from allowing the question; kOk: nothing.
QueryCode Obstacle(const Policy& policy, const ShareRule& rule, const Question& question,
                   Time now) {
  std::vector<QueryCode> obstacles;
  if (!FitsGrain(policy, rule, question)) obstacles.push_back(QueryCode::kGranularity);
  // Everything asked for begins within age_min of now. Where only a part does, that part's cells
  // are simply not decided yet.
  if (question.from.has_value() && *question.from > now - rule.age_min) {
    obstacles.push_back(QueryCode::kTooEarly);
  }
  if ((rule.valid_from.has_value() && now < *rule.valid_from) ||
      (rule.valid_until.has_value() && now >= *rule.valid_until)) {
    obstacles.push_back(QueryCode::kExpiredRule);
  }
  if (obstacles.empty()) return QueryCode::kOk;
  return obstacles.size() == 1 ? obstacles.front() : QueryCode::kNotPermitted;
}

// Lint refuses such a rule at activation; here it must not release anything either.
bool BelowFloors(const ShareRule& rule, const Policy& policy, const Floors& floors) {
  const Metric* metric = policy.FindMetric(rule.metric);
  if (metric == nullptr || rule.age_min < floors.age_min) return true;
  if (metric->owner == OwnerKind::kPlace) return rule.bucket < metric->bucket_min;
  return rule.k_min < floors.k_min || rule.top1_max_pct > floors.top1_max_pct;
}

}  // namespace

bool IsRecipient(const std::vector<std::string>& to, const PartyId& party) {
  return Names(to, party.value()) || Names(to, "public");
}

QueryDecision DecideQuery(const Documents& documents, const PartyId& party,
                          const Question& question, Time now, bool clock_sound) {
  const Policy& policy = documents.policy;
  if (!Available(documents, now, clock_sound)) return {QueryCode::kPolicyUnavailable, {}};
  if (documents.roster.FindParty(party) == nullptr) return {QueryCode::kUnknownParty, {}};
  if (question.purpose.empty()) return {QueryCode::kPurposeRequired, {}};
  const Purpose* purpose = policy.FindPurpose(question.purpose);
  if (purpose == nullptr) return {QueryCode::kUnknownPurpose, {}};
  if (!NamesExist(policy, question)) return {QueryCode::kBadRequest, {}};
  if (const Forbid* forbid = ForbidOf(policy, *purpose)) {
    return {QueryCode::kForbidden, {forbid->id}};
  }
  QueryDecision allowed{QueryCode::kOk, {}};
  QueryDecision refused{QueryCode::kNotPermitted, {}};
  for (const ShareRule& rule : policy.share) {
    if (!Concerns(rule, party, question)) continue;
    if (BelowFloors(rule, policy, documents.charter.floors)) {
      return {QueryCode::kFloor, {rule.id}};
    }
    const QueryCode obstacle = Obstacle(policy, rule, question, now);
    if (obstacle == QueryCode::kOk) {
      allowed.rules.push_back(rule.id);
    } else if (refused.rules.empty() && obstacle != QueryCode::kNotPermitted) {
      refused = {obstacle, {rule.id}};
    }
  }
  return allowed.rules.empty() ? refused : allowed;
}

}  // namespace gateway::policy
