#include <algorithm>
#include <array>

#include "gateway/policy/compare_parts.h"

namespace gateway::policy {
namespace {

// What is just as old as a limit is not too old yet: the border is a moment later. Documents speak
// in whole seconds, and so do people who ask again.
constexpr Millis kMoment = std::chrono::seconds(1);

class Others {
 public:
  Others(const Documents& before, const Documents& after)
      : policies_{&before.policy, &after.policy},
        charters_{&before.charter, &after.charter},
        asking_(before, after),
        now_(UsualTime(before, after)) {}

  std::vector<Found> Run() {
    std::set<MetricId> metrics;
    for (const Policy* policy : policies_) {
      for (const Metric& metric : policy->metrics) metrics.insert(metric.id);
    }
    for (const MetricId& metric : metrics) {
      Collect(metric);
      Keep(metric, RetainTier::kRaw);
      Keep(metric, RetainTier::kRollup);
      Consent(metric);
    }
    Duties();
    return asking_.Take();
  }

 private:
  void Collect(const MetricId& metric) {
    std::set<std::string> profiles = {""};
    for (const Policy* policy : policies_) {
      const CollectRule* rule = policy->CollectRuleFor(metric);
      if (rule != nullptr) profiles.insert(rule->profile);
    }
    std::string other = "other";
    while (profiles.contains(other)) other += "-other";
    profiles.insert(other);
    asking_.Begin(Format("collecting %s", metric.value()));
    for (const std::string& profile : profiles) {
      Request request;
      request.action = Action::kCollect;
      request.metric = metric;
      request.profile = profile;
      asking_.Ask(request, now_);
    }
  }

  void Keep(const MetricId& metric, RetainTier tier) {
    std::set<Millis> ages = {Millis(0)};
    for (const Policy* policy : policies_) {
      const RetainRule* rule = policy->RetainRuleFor(metric, tier);
      if (rule != nullptr) ages.insert(rule->keep + kMoment);
    }
    for (const Charter* charter : charters_) {
      if (charter->floors.keep_max) ages.insert(*charter->floors.keep_max + kMoment);
    }
    asking_.Begin(Format("keeping %s%s", tier == RetainTier::kRaw ? "" : "rollups of ",
                         metric.value()));
    for (const Millis age : ages) {
      Request request;
      request.action = Action::kKeep;
      request.metric = metric;
      request.tier = tier;
      request.age = age;
      asking_.Ask(request, now_);
    }
  }

  // Whether all said yes, some are silent, or one says no is all that matters of the adults.
  void Consent(const MetricId& metric) {
    std::set<Millis> since = {Millis(0)};
    for (const Policy* policy : policies_) {
      const ConsentRule* rule = policy->ConsentRuleFor(metric);
      if (rule == nullptr) continue;
      since.insert(rule->notice);
      if (rule->reconfirm) since.insert(*rule->reconfirm + kMoment);
    }
    asking_.Begin(Format("consent to %s", metric.value()));
    for (const Voice voice : {Voice::kYes, Voice::kSilent, Voice::kNo}) {
      for (const Millis age : since) {
        Request request;
        request.action = Action::kConsent;
        request.metric = metric;
        request.adults = {voice};
        request.since = age;
        asking_.Ask(request, now_);
      }
    }
  }

  void Duties() {
    std::set<std::pair<std::string, std::string>> answers;
    std::set<RuleId> published;
    for (const Policy* policy : policies_) {
      for (const Duty& duty : policy->duty) {
        if (duty.kind == DutyKind::kPublish) published.insert(duty.rule);
        for (const std::string& party : duty.to) {
          for (const std::string& purpose : duty.purposes) answers.emplace(party, purpose);
        }
      }
    }
    for (const auto& [party, purpose] : answers) {
      Request request;
      request.action = Action::kAnswer;
      request.party = PartyId(party);
      request.purpose = purpose;
      asking_.Begin(Format("duty to answer %s about %s", party, purpose));
      asking_.Ask(request, now_);
    }
    for (const RuleId& rule : published) {
      Request request;
      request.action = Action::kPublish;
      request.rule = rule;
      asking_.Begin(Format("duty to publish %s", rule.value()));
      asking_.Ask(request, now_);
    }
  }

  const std::array<const Policy*, 2> policies_;
  const std::array<const Charter*, 2> charters_;
  Asking asking_;
  const Time now_;
};

}  // namespace

std::vector<Found> CompareOthers(const Documents& before, const Documents& after) {
  return Others(before, after).Run();
}

}  // namespace gateway::policy
