#include "gateway/policy/lint_rules.h"

#include <algorithm>
#include <set>

#include "gateway/model/time.h"
#include "gateway/policy/release.h"

//   L02  a share rule all of whose recipients a forbid takes away (one of several: a warning)
//   L04  a duty that cannot be met         L05  opt-out for something sensitive
//   L06  a purpose that stands for many    L20  a name that does not exist
//   L50  a consent mode and household rule that do not go together
//   L60  public, but not to be passed on   L61  top2_max_pct that says nothing, or of places
//   L63  kept longer than the charter's keep_max
//   L64  a zone finer than the charter's zone_min
//   L66  round_to of a level

namespace gateway::policy {
namespace {

// Classes of dpv:Purpose with narrower ones in DPV 2.0 to 2.2. Of dpv:PublicBenefit these are also
// Counterterrorism and ProtectionOfPublicSecurity.
constexpr std::string_view kBroadPurposes[] = {
    "Advertising", "CommercialPurpose", "CommunicationManagement", "CreditChecking",
    "CustomerManagement", "CustomerRelationshipManagement", "CustomerSolvencyMonitoring",
    "EnforceSecurity", "FraudPreventionAndDetection", "FulfilmentOfObligation",
    "HumanResourceManagement", "Marketing", "MisusePreventionAndDetection", "NonCommercialPurpose",
    "OptimisationForConsumer", "OptimisationForController", "OrganisationGovernance",
    "Personalisation", "PersonalisedAdvertising", "PersonnelManagement",
    "ProvidePersonalisedRecommendations", "PublicBenefit", "Purpose", "RequestedServiceProvision",
    "ResearchAndDevelopment", "SellProducts", "ServiceOptimisation", "ServicePersonalisation",
    "ServiceProvision", "VendorManagement", "Verification"};

class RulesLinter {
 public:
  RulesLinter(const Charter& charter, const Policy& policy, const Roster& roster)
      : charter_(charter), policy_(policy), roster_(roster) {}

  std::vector<Finding> Run() {
    for (const Forbid& forbid : policy_.forbid) LintForbidNames(forbid);
    for (const ConsentRule& rule : policy_.consent) LintConsent(rule);
    for (const RetainRule& rule : policy_.retain) LintKeep(rule);
    for (const ShareRule& rule : policy_.share) LintShare(rule);
    for (const Duty& duty : policy_.duty) {
      if (duty.kind == DutyKind::kPublish) {
        LintPublish(duty);
      } else {
        LintAnswer(duty);
      }
    }
    return std::move(findings_);
  }

 private:
  template <typename Rule>
  void Add(std::string_view id, bool refuses, std::string_view what, const Rule& rule,
           std::string_view text) {
    findings_.push_back({std::string(id), refuses,
                         Format("%s \"%s\": %s", what, rule.id.value(), text), rule.line,
                         "policy"});
  }
  template <typename Rule>
  void Refuse(std::string_view id, std::string_view what, const Rule& rule,
              std::string_view text) {
    Add(id, true, what, rule, text);
  }

  bool IsRecipientName(const std::string& name) const {
    return IsReservedRecipient(name) || roster_.FindParty(PartyId(name)) != nullptr;
  }

  // A forbid that names nothing forbids nothing: a typing error must not open a door.
  void LintForbidNames(const Forbid& forbid) {
    for (const std::string& purpose : forbid.purposes) {
      if (policy_.FindPurpose(purpose) != nullptr) continue;
      Refuse("L20", "forbid", forbid, Format("purpose \"%s\" is not under purposes", purpose));
    }
    for (const std::string& group : forbid.purpose_groups) {
      if (std::any_of(policy_.purposes.begin(), policy_.purposes.end(),
                      [&](const Purpose& purpose) { return purpose.group == group; })) {
        continue;
      }
      Refuse("L20", "forbid", forbid, Format("no purpose has the group \"%s\"", group));
    }
    for (const MetricId& metric : forbid.metrics) {
      if (policy_.FindMetric(metric) != nullptr) continue;
      Refuse("L20", "forbid", forbid,
             Format("metric \"%s\" is not under metrics", metric.value()));
    }
    for (const std::string& recipient : forbid.to) {
      if (IsRecipientName(recipient)) continue;
      Refuse("L20", "forbid", forbid, Format("recipient \"%s\" is no party of the roster, nor "
                                             "peers, members or public", recipient));
    }
  }

  void LintConsent(const ConsentRule& rule) {
    const bool opt_out = rule.mode == ConsentMode::kOptOut;
    if (opt_out != (rule.household_rule == HouseholdRule::kAnyAdultObjects)) {
      Refuse("L50", "consent rule", rule,
             opt_out ? "opt-out goes with household_rule any-adult-objects: where silence counts, "
                       "one no is enough"
                     : "opt-in goes with household_rule all-adults: one cannot say yes for "
                       "another");
    }
    const Metric* metric = policy_.FindMetric(rule.metric);
    if (opt_out && metric != nullptr && metric->sensitivity == Sensitivity::kSensitive) {
      Refuse("L05", "consent rule", rule, Format("metric \"%s\" is sensitive: silence is not a "
                                                 "yes; write mode: opt-in", rule.metric.value()));
    }
  }

  void LintKeep(const RetainRule& rule) {
    const std::optional<Millis> longest = charter_.floors.keep_max;
    if (!longest || rule.keep <= *longest) return;
    Refuse("L63", "retain rule", rule, Format("keep %s is longer than the charter's keep_max %s",
                                              FormatDuration(rule.keep),
                                              FormatDuration(*longest)));
  }

  void LintShare(const ShareRule& rule) {
    LintForbidden(rule);
    const Purpose* purpose = policy_.FindPurpose(rule.purpose);
    if (purpose != nullptr && HasNarrowerPurposes(purpose->iri)) {
      Refuse("L06", "share rule", rule,
             Format("purpose \"%s\" (%s) stands for all narrower ones too, in PublicBenefit also "
                    "for policing; name the one that is meant", purpose->id, purpose->iri));
    }
    const bool is_public = std::find(rule.to.begin(), rule.to.end(), "public") != rule.to.end();
    if (is_public && !rule.redistribution) {
      Refuse("L60", "share rule", rule, "what everybody may have cannot be kept from being passed "
                                        "on: write redistribution: true");
    }
    const Metric* metric = policy_.FindMetric(rule.metric);
    if (metric == nullptr) return;
    if (rule.round_to != 0 && metric->kind == MetricKind::kLevel) {
      Refuse("L66", "share rule", rule, "round_to rounds sums, and levels have none: leave it out");
    }
    if (rule.top2_max_pct != 0) {
      if (metric->owner == OwnerKind::kPlace) {
        Refuse("L61", "share rule", rule, "top2_max_pct protects households, and the metric is of "
                                          "places: leave it out");
      } else if (rule.top2_max_pct < rule.top1_max_pct) {
        Refuse("L61", "share rule", rule,
               Format("top2_max_pct %d is below top1_max_pct %d, which would then say nothing",
                      rule.top2_max_pct, rule.top1_max_pct));
      }
    }
    const std::string& zone_min = metric->sensitivity == Sensitivity::kSensitive
                                      ? charter_.floors.zone_min_sensitive
                                      : charter_.floors.zone_min_household;
    const auto level = policy_.LevelIndex(rule.zone_level);
    const auto floor = policy_.LevelIndex(zone_min);
    if (metric->sensitivity != Sensitivity::kOpen && level && floor && *level < *floor) {
      Refuse("L64", "share rule", rule, Format("zone %s is finer than the charter's zone_min %s",
                                               rule.zone_level, zone_min));
    }
  }

  void LintForbidden(const ShareRule& rule) {
    if (policy_.FindPurpose(rule.purpose) == nullptr) return;  // L20
    std::size_t taken = 0;
    std::string reasons;
    for (const std::string& recipient : rule.to) {
      for (const Forbid& forbid : policy_.forbid) {
        if (!Forbids(forbid, rule, PartyId(recipient), policy_)) continue;
        ++taken;
        reasons += Format("%s%s by \"%s\" (%s)", reasons.empty() ? "" : ", ", recipient,
                          forbid.id.value(), forbid.reason);
        break;
      }
    }
    if (taken == 0) return;
    Add("L02", taken == rule.to.size(), "share rule", rule,
        Format("forbidden to %s", reasons));
  }

  void LintPublish(const Duty& duty) {
    const ShareRule* rule = policy_.FindShareRule(duty.rule);
    if (rule == nullptr) {
      Refuse("L20", "duty", duty, Format("rule \"%s\" is no share rule", duty.rule.value()));
      return;
    }
    const Metric* metric = policy_.FindMetric(rule->metric);
    if (metric == nullptr) return;
    Millis decided_after{0};
    for (const ShareRule* each : policy_.ShareRulesFor(rule->metric)) {
      decided_after = std::max(decided_after, each->age_min);
    }
    decided_after += metric->lateness;
    if (duty.within > decided_after) return;
    Refuse("L04", "duty", duty, Format("within %s cannot be met: the day is decided %s after its "
                                       "end; give it longer", FormatDuration(duty.within),
                                       FormatDuration(decided_after)));
  }

  // A refusal is an answer too, so whether anything may be shared is no part of it.
  void LintAnswer(const Duty& duty) {
    for (const std::string& party : duty.to) {
      if (roster_.FindParty(PartyId(party)) != nullptr) continue;
      Refuse("L20", "duty", duty, Format("\"%s\" is no party of the roster: only a party can ask",
                                         party));
    }
    for (const std::string& purpose : duty.purposes) {
      if (policy_.FindPurpose(purpose) != nullptr) continue;
      Refuse("L20", "duty", duty, Format("purpose \"%s\" is not under purposes", purpose));
    }
  }

  const Charter& charter_;
  const Policy& policy_;
  const Roster& roster_;
  std::vector<Finding> findings_;
};

}  // namespace

bool HasNarrowerPurposes(std::string_view iri) {
  // With or without a version, and with http as some write it.
  const std::size_t hash = iri.rfind('#');
  if (hash == std::string_view::npos) return false;
  const std::string_view space = iri.substr(0, hash);
  if (space.find("w3id.org/dpv") == std::string_view::npos ||
      space.find("/sector") != std::string_view::npos) {
    return false;
  }
  return std::find(std::begin(kBroadPurposes), std::end(kBroadPurposes), iri.substr(hash + 1)) !=
         std::end(kBroadPurposes);
}

std::vector<Finding> LintRules(const Charter& charter, const Policy& policy,
                               const Roster& roster) {
  return RulesLinter(charter, policy, roster).Run();
}

}  // namespace gateway::policy
