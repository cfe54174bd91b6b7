#include "gateway/policy/lint.h"

#include <algorithm>
#include <map>
#include <set>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/policy/lint_charter.h"
#include "gateway/policy/lint_collect.h"
#include "gateway/policy/lint_retain.h"
#include "gateway/policy/lint_rules.h"
#include "gateway/policy/lint_share.h"

// The findings of this file; those about share rules stand in lint_share.cc, those about
// coarsening in lint_collect.cc, about tiers of retention in lint_retain.cc, about forbids, duties
// and consent in lint_rules.cc, about the charter in lint_charter.cc.
//   L09    two collect or consent rules, two of one tier   L20    a name that does not exist
//   L21    an id twice                                     L22    documents of different commons
//   L31    unknown time zone                               L33    dates out of order
//   L34    a zone whose parent is not coarser              L38    a key twice
//   L40    sensitivity and unit_of_privacy that do not fit each other
//   L43    a consent rule for a metric of places           L44    a counter or event whose lo is below zero
//   L48  a level or state that is not measured as its kind is

namespace gateway::policy {
namespace {

class Linter {
 public:
  explicit Linter(std::string document) : document_(std::move(document)) {}

  void Refuse(std::string_view id, int line, std::string text) {
    findings_.push_back({std::string(id), true, std::move(text), line, document_});
  }
  std::vector<Finding> Take() {
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.line < b.line; });
    return std::move(findings_);
  }

 private:
  const std::string document_;
  std::vector<Finding> findings_;
};

template <typename Id>
void LintUnique(std::set<Id>& seen, const Id& id, std::string_view what, int line, Linter& lint) {
  if (seen.insert(id).second) return;
  lint.Refuse("L21", line, Format("%s \"%s\": the id is taken already", what, id));
}

void LintRuleIds(const Policy& policy, Linter& lint) {
  // One name space: a decision names its rule, so two rules must not share a name.
  std::set<std::string> ids;
  const auto check = [&](const auto& rules, std::string_view what) {
    for (const auto& rule : rules) LintUnique(ids, rule.id.value(), what, rule.line, lint);
  };
  check(policy.collect, "collect rule");
  check(policy.retain, "retain rule");
  check(policy.consent, "consent rule");
  check(policy.share, "share rule");
  check(policy.forbid, "forbid rule");
  check(policy.duty, "duty");
}

// Of retain rules a metric may have one per tier.
template <typename Rule>
int TierOf(const Rule&) {
  return 0;
}
int TierOf(const RetainRule& rule) { return static_cast<int>(rule.tier); }

void LintMetricRules(const Policy& policy, Linter& lint) {
  const auto check = [&](const auto& rules, std::string_view what) {
    std::set<std::pair<MetricId, int>> metrics;
    for (const auto& rule : rules) {
      if (policy.FindMetric(rule.metric) == nullptr) {
        lint.Refuse("L20", rule.line,
                    Format("%s rule \"%s\": metric \"%s\" is not under metrics", what,
                           rule.id.value(), rule.metric.value()));
      }
      if (!metrics.emplace(rule.metric, TierOf(rule)).second) {
        lint.Refuse("L09", rule.line,
                    Format("%s rule \"%s\": metric \"%s\" has one already; keep one", what,
                           rule.id.value(), rule.metric.value()));
      }
    }
  };
  check(policy.collect, "collect");
  check(policy.retain, "retain");
  check(policy.consent, "consent");
  for (const ConsentRule& rule : policy.consent) {
    const Metric* metric = policy.FindMetric(rule.metric);
    if (metric == nullptr || metric->owner != OwnerKind::kPlace) continue;
    lint.Refuse("L43", rule.line,
                Format("consent rule \"%s\": metric \"%s\" is of places, where nobody lives who "
                       "could be asked; leave the rule out", rule.id.value(), rule.metric.value()));
  }
}

// What does not fit a metric's kind; "" if all does.
std::string_view MisfitOf(const Metric& metric) {
  if (metric.kind == MetricKind::kLevel) {
    // The one whose mistake nobody would see in the figures: of the level of a river.
    if (!metric.unit.starts_with("dB")) return "a level is in decibels; a water level is a gauge";
    if (StepsPerBel(metric.resolution) == 0) return "a level has a resolution of 1, 0.1 or 0.01 dB";
  }
  if (metric.kind == MetricKind::kState) {
    const std::string_view whole = metric.unit == "1" ? "1" : metric.unit == "%" ? "100" : "";
    if (whole.empty()) return "the share of time of a state is in the unit \"1\" or \"%\"";
    if (metric.lo != 0 || metric.resolution.Times(metric.hi) != whole) {
      return "a state is nothing or all: lo 0, and hi 1, or 100 of \"%\"";
    }
  }
  return "";
}

void LintMetrics(const Policy& policy, Linter& lint) {
  for (std::size_t i = 0; i < policy.metrics.size(); ++i) {
    const Metric& metric = policy.metrics[i];
    const bool of_places = metric.owner == OwnerKind::kPlace;
    const Sensitivity wrong = of_places ? Sensitivity::kHousehold : Sensitivity::kOpen;
    if (metric.sensitivity == wrong) {
      lint.Refuse("L40", policy.metric_lines[i],
                  Format("metric \"%s\": unit_of_privacy %s needs sensitivity %s or sensitive",
                         metric.id.value(), of_places ? "place" : "household",
                         of_places ? "open" : "household"));
    }
    const bool counts = metric.kind == MetricKind::kCounter || metric.kind == MetricKind::kEvent;
    if (counts && metric.lo < 0) {
      lint.Refuse("L44", policy.metric_lines[i],
                  Format("metric \"%s\": a counter or event starts at 0 and has no lo below it",
                         metric.id.value()));
    }
    if (const std::string_view misfit = MisfitOf(metric); !misfit.empty()) {
      lint.Refuse("L48", policy.metric_lines[i],
                  Format("metric \"%s\": %s", metric.id.value(), misfit));
    }
  }
}

void LintZones(const Policy& policy, Linter& lint) {
  std::set<std::string> ids;
  for (const Zone& zone : policy.zones) {
    LintUnique(ids, zone.id.value(), "zone", zone.line, lint);
    if (zone.parent.empty()) continue;
    const Zone* parent = policy.FindZone(zone.parent);
    if (parent == nullptr) {
      lint.Refuse("L20", zone.line,
                  Format("zone \"%s\": parent \"%s\" is not under zones", zone.id.value(),
                         zone.parent.value()));
    } else if (parent->level <= zone.level) {
      lint.Refuse("L34", zone.line,
                  Format("zone \"%s\": parent \"%s\" must be of a coarser level", zone.id.value(),
                         zone.parent.value()));
    }
  }
}

void LintVocabulary(const Policy& policy, Linter& lint) {
  std::set<std::string> metrics;
  for (std::size_t i = 0; i < policy.metrics.size(); ++i) {
    LintUnique(metrics, policy.metrics[i].id.value(), "metric", policy.metric_lines[i], lint);
  }
  std::set<std::string> purposes;
  for (const Purpose& purpose : policy.purposes) {
    LintUnique(purposes, purpose.id, "purpose", purpose.line, lint);
  }
}

void LintPolicyHead(const Charter& charter, const Policy& policy, Linter& lint) {
  if (policy.commons != charter.commons) {
    lint.Refuse("L22", 0, Format("commons \"%s\": the charter is of \"%s\"", policy.commons,
                                 charter.commons));
  }
  if (policy.activates < policy.issued || policy.expires <= policy.activates) {
    lint.Refuse("L33", 0, "issued, activates, expires: must follow each other in this order");
  }
  if (!TimeZone::Load(policy.time_zone).ok()) {
    lint.Refuse("L31", 0, Format("time_zone \"%s\": not in this system's database; write a name "
                                 "like Europe/London", policy.time_zone));
  }
}

// One key, one role (and one owner): whoever holds a key could otherwise speak as two, and a
// signature made for one purpose be shown for another.
class KeyRegister {
 public:
  explicit KeyRegister(Linter& lint) : lint_(lint) {}
  void Take(const std::string& key, std::string owner, int line) {
    if (key.empty()) return;
    const auto [it, fresh] = owners_.try_emplace(key, owner);
    if (fresh) return;
    lint_.Refuse("L38", line, Format("%s: the key is that of %s already; make a new one", owner,
                                     it->second));
  }

 private:
  Linter& lint_;
  std::map<std::string, std::string> owners_;
};

void LintKeys(const Charter& charter, const Roster& roster, Linter& lint) {
  KeyRegister keys(lint);
  std::set<std::string> stewards;  // two labels of one key are for LintRole
  for (const auto& [label, key] : charter.keys) {
    if (stewards.insert(key).second) keys.Take(key, Format("steward \"%s\"", label), 0);
  }
  for (const RosterGateway& gateway : roster.gateways) {
    const std::string name = Format("gateway \"%s\"", gateway.id.value());
    keys.Take(gateway.sign, name + " (sign)", gateway.line);
    keys.Take(gateway.log, name + " (log)", gateway.line);
    for (const std::string& pin : gateway.tls) keys.Take(pin, name + " (tls)", gateway.line);
  }
  for (const Party& party : roster.parties) {
    const std::string name = Format("party \"%s\"", party.id.value());
    for (const std::string& key : party.request) keys.Take(key, name + " (request)", party.line);
    for (const std::string& pin : party.tls) keys.Take(pin, name + " (tls)", party.line);
  }
}

std::vector<Finding> LintRoster(const Charter& charter, const Policy& policy,
                                const Roster& roster) {
  Linter lint("roster");
  if (roster.commons != charter.commons) {
    lint.Refuse("L22", 0, Format("commons \"%s\": the charter is of \"%s\"", roster.commons,
                                 charter.commons));
  }
  if (roster.expires <= roster.issued) {
    lint.Refuse("L33", 0, "issued, expires: must follow each other in this order");
  }
  std::set<std::string> gateways;
  for (const RosterGateway& gateway : roster.gateways) {
    LintUnique(gateways, gateway.id.value(), "gateway", gateway.line, lint);
    if (policy.FindZone(gateway.zone) == nullptr) {
      lint.Refuse("L20", gateway.line,
                  Format("gateway \"%s\": zone \"%s\" is not in the policy", gateway.id.value(),
                         gateway.zone.value()));
    }
  }
  for (const RosterGateway& gateway : roster.gateways) {
    if (!gateway.peers.has_value()) continue;
    for (const GatewayId& peer : *gateway.peers) {
      if (peer != gateway.id && roster.FindGateway(peer) != nullptr) continue;
      lint.Refuse("L20", gateway.line, Format("gateway \"%s\": peer \"%s\" is no other gateway",
                                              gateway.id.value(), peer.value()));
    }
  }
  LintKeys(charter, roster, lint);
  std::set<std::string> parties;
  for (const Party& party : roster.parties) {
    LintUnique(parties, party.id.value(), "party", party.line, lint);
    if (IsReservedRecipient(party.id.value())) {
      lint.Refuse("L21", party.line,
                  Format("party \"%s\": the word means a group of recipients; choose another id",
                         party.id.value()));
    }
  }
  return lint.Take();
}

void Append(std::vector<Finding>& all, std::vector<Finding> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()),
             std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<Finding> Lint(const Charter& charter, const Policy& policy, const Roster& roster) {
  Linter lint("policy");
  LintPolicyHead(charter, policy, lint);
  LintZones(policy, lint);
  LintVocabulary(policy, lint);
  LintRuleIds(policy, lint);
  LintMetricRules(policy, lint);
  LintMetrics(policy, lint);
  std::vector<Finding> of_policy = lint.Take();
  Append(of_policy, LintShareRules(charter.floors, policy, roster));
  Append(of_policy, LintCollectRules(policy));
  Append(of_policy, LintRetainRules(policy));
  Append(of_policy, LintRules(charter, policy, roster));
  std::stable_sort(of_policy.begin(), of_policy.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });

  std::vector<Finding> all = LintCharter(charter);
  Append(all, LintCharterWith(charter, policy));
  Append(all, std::move(of_policy));
  Append(all, LintRoster(charter, policy, roster));
  return all;
}

std::string FormatFinding(const Finding& finding) {
  const std::string where = finding.line == 0 ? "" : Format(" line %d", finding.line);
  return Format("%s%s: %s: %s", finding.document, where, finding.id, finding.text);
}

}  // namespace gateway::policy
