#include "tests/fuzz/requests.h"

#include <algorithm>
#include <span>

#include "gateway/base/check.h"
#include "tests/fuzz/world.h"

namespace gateway::fuzz {
namespace {

using policy::Action;
using policy::Decision;
using policy::Documents;
using policy::Policy;
using policy::Request;
using policy::ShareRule;

constexpr std::size_t kRulesMax = 6;
constexpr std::size_t kRecipientsMax = 3;

template <typename T>
std::span<const T> First(const std::vector<T>& items, std::size_t count) {
  return std::span(items).first(std::min(items.size(), count));
}

bool Has(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// In the plainest words: everything that a share rule says fits the request.
bool Says(const ShareRule& rule, const Request& request, const RuleId& id) {
  return rule.id == id && rule.metric == request.metric && rule.purpose == request.purpose &&
         rule.zone_level == request.zone_level && rule.bucket == request.bucket &&
         rule.age_min <= request.age && Has(rule.stats, request.stat) &&
         (Has(rule.to, request.party.value()) || Has(rule.to, "public")) &&
         (!rule.valid_from || *rule.valid_from <= kNow) &&
         (!rule.valid_until || kNow < *rule.valid_until);
}

void CheckAllowed(const Documents& documents, const Request& request, const Decision& decision) {
  GW_CHECK(!decision.rules.empty());
  for (const RuleId& id : decision.rules) {
    GW_CHECK(std::ranges::any_of(documents.policy.share, [&](const ShareRule& rule) {
      return Says(rule, request, id);
    }));
  }
  const Metric* metric = documents.policy.FindMetric(request.metric);
  GW_CHECK(metric != nullptr);
  if (metric->owner == OwnerKind::kPlace) return;
  GW_CHECK(decision.safeguards.k_min >= documents.charter.floors.k_min);
  GW_CHECK(decision.safeguards.top1_max_pct <= documents.charter.floors.top1_max_pct);
}

void AskAbout(const Documents& documents, const ShareRule& rule, const std::string& party) {
  Request request{.party = PartyId(party),
                  .purpose = rule.purpose,
                  .metric = rule.metric,
                  .stat = rule.stats.front(),
                  .zone_level = rule.zone_level,
                  .bucket = rule.bucket,
                  .age = rule.age_min};
  const Decision decision = Ask(documents, request);
  Documents forbidden = documents;
  forbidden.policy.forbid.push_back({.id = RuleId("more"), .to = {party}});
  GW_CHECK(!Ask(forbidden, request).allowed);
  request.age -= Millis(1);
  const Decision younger = Ask(documents, request);
  GW_CHECK(decision.allowed || !younger.allowed);
  for (const RuleId& id : younger.rules) GW_CHECK(!younger.allowed || id != rule.id);
}

}  // namespace

Decision Ask(const Documents& documents, const Request& request) {
  policy::Trace trace;
  Decision decision = policy::EvaluateRules(documents, request, kNow, &trace);
  const Decision again = policy::EvaluateRules(documents, request, kNow);
  GW_CHECK(decision.allowed == again.allowed && decision.code == again.code);
  GW_CHECK(decision.rules == again.rules && decision.safeguards == again.safeguards);
  GW_CHECK(decision.allowed == (decision.code == "OK"));
  GW_CHECK(std::ranges::is_sorted(decision.rules));
  if (decision.allowed && request.action == Action::kRelease) {
    CheckAllowed(documents, request, decision);
  }
  return decision;
}

void AskAboutEveryRule(const Documents& documents) {
  const Policy& policy = documents.policy;
  for (const ShareRule& rule : First(policy.share, kRulesMax)) {
    for (const std::string& party : First(rule.to, kRecipientsMax)) {
      AskAbout(documents, rule, party);
    }
  }
  for (const policy::CollectRule& rule : First(policy.collect, kRulesMax)) {
    Ask(documents, {.action = Action::kCollect, .metric = rule.metric, .profile = rule.profile});
  }
  for (const policy::RetainRule& rule : First(policy.retain, kRulesMax)) {
    Ask(documents, {.action = Action::kKeep, .metric = rule.metric, .age = rule.keep,
                    .tier = rule.tier});
    GW_CHECK(!Ask(documents, {.action = Action::kKeep, .metric = rule.metric, .age = Millis::max(),
                              .tier = rule.tier}).allowed);
  }
  for (const policy::ConsentRule& rule : First(policy.consent, kRulesMax)) {
    using policy::Voice;
    const auto consents = [&](std::vector<Voice> adults) {
      return Ask(documents, {.action = Action::kConsent, .metric = rule.metric,
                             .adults = std::move(adults), .since = rule.notice}).allowed;
    };
    consents({Voice::kYes, Voice::kSilent});
    GW_CHECK(!consents({Voice::kYes, Voice::kNo}) && !consents({}));
  }
  for (const policy::Duty& duty : First(policy.duty, kRulesMax)) {
    const bool answer = duty.kind == policy::DutyKind::kAnswer;
    const Request request{.action = answer ? Action::kAnswer : Action::kPublish,
                          .party = PartyId(answer ? duty.to.front() : ""),
                          .purpose = answer ? duty.purposes.front() : "",
                          .rule = duty.rule};
    const Decision decision = Ask(documents, request);
    GW_CHECK(decision.allowed && decision.safeguards.within <= duty.within);
  }
  GW_CHECK(Ask(documents, {.action = Action::kRight}).allowed);
}

}  // namespace gateway::fuzz
