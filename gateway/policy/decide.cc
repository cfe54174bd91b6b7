#include "gateway/policy/decide.h"

#include <algorithm>

#include "gateway/policy/documents.h"
#include "gateway/policy/release.h"

namespace gateway::policy {

CollectDecision DecideCollect(const Policy& policy, const MetricId& metric,
                              std::string_view profile) {
  if (policy.FindMetric(metric) == nullptr) return {CollectCode::kUnknownMetric, {}};
  const CollectRule* collect = policy.CollectRuleFor(metric);
  if (collect == nullptr) return {CollectCode::kNoCollectRule, {}};
  if (!collect->profile.empty() && collect->profile != profile) {
    return {CollectCode::kOtherProfile, collect->id};
  }
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

bool MayStillHave(const Documents& documents, const ShareRule& decided, const PartyId& party) {
  const Policy& policy = documents.policy;
  const bool forbidden =
      std::any_of(policy.forbid.begin(), policy.forbid.end(), [&](const Forbid& forbid) {
        return Forbids(forbid, decided, party, policy);
      });
  return !forbidden && BelowFloor(decided, policy, documents.charter.floors).empty();
}

QueryDecision DecideQuery(const Documents& documents, const PartyId& party,
                          const Question& question, Time now, bool clock_sound) {
  if (!Available(documents, now, clock_sound)) return {QueryCode::kPolicyUnavailable, {}};
  if (documents.roster.FindParty(party) == nullptr) return {QueryCode::kUnknownParty, {}};
  if (question.purpose.empty()) return {QueryCode::kPurposeRequired, {}};
  const Policy& policy = documents.policy;
  if (policy.FindPurpose(question.purpose) == nullptr) return {QueryCode::kUnknownPurpose, {}};
  // A name that means nothing is a mistake, not an empty answer.
  const Zone* zone = question.zone.empty() ? nullptr : policy.FindZone(question.zone);
  if ((!question.metric.empty() && policy.FindMetric(question.metric) == nullptr) ||
      (!question.rule.empty() && policy.FindShareRule(question.rule) == nullptr) ||
      (!question.zone.empty() && zone == nullptr)) {
    return {QueryCode::kBadRequest, {}};
  }
  Ask ask{.party = party, .purpose = question.purpose, .metric = question.metric,
          .rule = question.rule, .bucket = question.bucket};
  if (zone != nullptr) ask.level = zone->level;
  if (question.from.has_value()) ask.age = now - *question.from;
  return DecideRelease(documents, ask, now, nullptr);
}

}  // namespace gateway::policy
