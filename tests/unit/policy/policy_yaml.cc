#include "tests/unit/policy/policy_yaml.h"

#include "gateway/base/bytes.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/model/time.h"

namespace gateway::policy {
namespace {

std::string Quoted(std::string_view text) { return Format("\"%s\"", text); }

template <typename Items, typename Spell>
std::string ListOf(const Items& items, const Spell& spell) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + spell(item);
  return "[" + text + "]";
}

std::string Names(const std::vector<std::string>& names) { return ListOf(names, Quoted); }

// One mapping in braces, field by field.
class Line {
 public:
  Line& Add(std::string_view key, std::string_view value) {
    text_ += Format("%s%s: %s", text_.empty() ? "" : ", ", key, value);
    return *this;
  }
  Line& AddText(std::string_view key, std::string_view text) { return Add(key, Quoted(text)); }
  Line& Add(std::string_view key, Millis duration) { return Add(key, FormatDuration(duration)); }
  Line& Add(std::string_view key, uint64_t number) { return Add(key, Format("%d", number)); }
  std::string Done() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

template <typename Items, typename Spell>
std::string Section(std::string_view key, const Items& items, const Spell& spell) {
  if (items.empty()) return Format("%s: []\n", key);
  std::string text = Format("%s:\n", key);
  for (const auto& item : items) text += "  - " + spell(item) + "\n";
  return text;
}

template <typename Document>
std::string Head(std::string_view kind, const Document& document) {
  return Format("schema: commons-%s/1\ncommons: %s\nversion: %d\nprev: \"%s\"\n", kind,
                document.commons, document.version, HexEncode(document.prev));
}

std::string StepsIn(const Policy& policy, const MetricId& id, int64_t steps) {
  const Metric* metric = policy.FindMetric(id);
  return metric == nullptr ? Format("%d", steps) : metric->resolution.Times(steps);
}

std::string SpellZone(const Policy& policy, const Zone& zone) {
  Line line;
  line.AddText("id", zone.id.value()).Add("level", policy.zone_levels[zone.level]);
  if (!zone.parent.empty()) line.AddText("parent", zone.parent.value());
  if (zone.homes > 0) line.Add("homes", uint64_t{zone.homes});
  return line.Done();
}

std::string SpellMetric(const Metric& metric) {
  constexpr const char* kKinds[] = {"delta", "gauge", "counter", "level", "state", "event"};
  constexpr const char* kSensitivities[] = {"household", "open", "sensitive"};
  const bool of_places = metric.owner == OwnerKind::kPlace;
  Line line;
  line.AddText("id", metric.id.value()).AddText("unit", metric.unit);
  line.Add("kind", kKinds[static_cast<std::size_t>(metric.kind)]);
  line.AddText("resolution", metric.resolution.ToString());
  line.Add("lo", metric.resolution.Times(metric.lo));
  line.Add("hi", metric.resolution.Times(metric.hi));
  line.Add("interval", metric.interval).Add("lateness", metric.lateness);
  line.Add("sensitivity", kSensitivities[static_cast<std::size_t>(metric.sensitivity)]);
  line.Add("unit_of_privacy", of_places ? "place" : "household");
  if (of_places) line.Add("bucket_min", metric.bucket_min);
  return line.Done();
}

std::string SpellPurpose(const Purpose& purpose) {
  Line line;
  line.AddText("id", purpose.id).AddText("iri", purpose.iri);
  if (!purpose.group.empty()) line.AddText("group", purpose.group);
  return line.Done();
}

template <typename Rule>
Line RuleLine(const Rule& rule) {
  Line line;
  line.AddText("id", rule.id.value()).AddText("metric", rule.metric.value());
  return line;
}

std::string SpellCollect(const Policy& policy, const CollectRule& rule) {
  Line line = RuleLine(rule);
  if (!rule.profile.empty()) line.AddText("profile", rule.profile);
  Line coarsen;
  if (rule.coarsen.step > 0) {
    coarsen.Add("step", StepsIn(policy, rule.metric, rule.coarsen.step));
  }
  if (rule.coarsen.every > Millis(0)) coarsen.Add("every", rule.coarsen.every);
  if (rule.coarsen != Coarsening()) line.Add("coarsen", coarsen.Done());
  return line.Done();
}

std::string SpellRetain(const RetainRule& rule) {
  const bool rollup = rule.tier == RetainTier::kRollup;
  Line line = RuleLine(rule);
  line.Add("tier", rollup ? "rollup" : "raw");
  if (rollup) line.Add("bucket", rule.bucket);
  line.Add("keep", rule.keep);
  line.Add("then", rule.then == RetainThen::kRollup ? "rollup" : "erase");
  return line.Done();
}

std::string SpellConsent(const ConsentRule& rule) {
  const bool opt_out = rule.mode == ConsentMode::kOptOut;
  const bool any = rule.household_rule == HouseholdRule::kAnyAdultObjects;
  Line line = RuleLine(rule);
  line.Add("mode", opt_out ? "opt-out" : "opt-in");
  line.Add("household_rule", any ? "any-adult-objects" : "all-adults");
  if (opt_out) line.Add("notice", rule.notice);
  if (rule.reconfirm) line.Add("reconfirm", *rule.reconfirm);
  return line.Done();
}

std::string SpellShare(const Policy& policy, const ShareRule& rule) {
  Line line = RuleLine(rule);
  line.Add("stats", Names(rule.stats)).Add("bucket", rule.bucket).Add("zone", rule.zone_level);
  line.AddText("purpose", rule.purpose).Add("to", Names(rule.to)).Add("age_min", rule.age_min);
  if (rule.top1_max_pct > 0) {
    line.Add("k_min", uint64_t{rule.k_min}).Add("top1_max_pct", uint64_t{rule.top1_max_pct});
  }
  if (rule.top2_max_pct > 0) line.Add("top2_max_pct", uint64_t{rule.top2_max_pct});
  if (rule.round_to > 0) line.Add("round_to", StepsIn(policy, rule.metric, rule.round_to));
  if (rule.redistribution) line.Add("redistribution", "true");
  if (rule.min_count) line.Add("min_count", *rule.min_count);
  Line valid;
  if (rule.valid_from) valid.Add("from", FormatTime(*rule.valid_from));
  if (rule.valid_until) valid.Add("until", FormatTime(*rule.valid_until));
  if (rule.valid_from || rule.valid_until) line.Add("valid", valid.Done());
  return line.Done();
}

std::string SpellForbid(const Forbid& forbid) {
  Line line;
  line.AddText("id", forbid.id.value());
  if (!forbid.purpose_groups.empty()) line.Add("purpose_group", Names(forbid.purpose_groups));
  if (!forbid.purposes.empty()) line.Add("purpose", Names(forbid.purposes));
  if (!forbid.to.empty()) line.Add("to", Names(forbid.to));
  if (!forbid.metrics.empty()) {
    line.Add("metric", ListOf(forbid.metrics, [](const MetricId& id) { return id.value(); }));
  }
  if (!forbid.stats.empty()) line.Add("stats", Names(forbid.stats));
  if (!forbid.zone_below.empty()) line.Add("zone_below", forbid.zone_below);
  if (forbid.bucket_below > Millis(0)) line.Add("bucket_below", forbid.bucket_below);
  if (forbid.age_below > Millis(0)) line.Add("age_below", forbid.age_below);
  if (forbid.entrenched) line.Add("entrenched", "true");
  return line.AddText("reason", forbid.reason).Done();
}

std::string SpellDuty(const Duty& duty) {
  Line line;
  line.AddText("id", duty.id.value());
  if (duty.kind == DutyKind::kAnswer) {
    line.Add("kind", "answer").Add("to", Names(duty.to)).Add("purpose", Names(duty.purposes));
  } else {
    line.Add("kind", "publish").AddText("rule", duty.rule.value());
  }
  return line.Add("within", duty.within).Done();
}

std::string SpellRole(std::string_view name, const Role& role) {
  Line line;
  line.Add("keys", Names(role.keys)).Add("threshold", uint64_t{role.threshold});
  if (name == "policy") line.Add("tighten", uint64_t{role.tighten});
  return Format("  %s: %s\n", name, line.Done());
}

std::string SpellFloors(const Floors& floors) {
  Line line;
  line.Add("k_min", uint64_t{floors.k_min}).Add("age_min", floors.age_min);
  line.Add("top1_max_pct", uint64_t{floors.top1_max_pct});
  Line zones;
  if (!floors.zone_min_household.empty()) zones.Add("household", floors.zone_min_household);
  if (!floors.zone_min_sensitive.empty()) zones.Add("sensitive", floors.zone_min_sensitive);
  if (!floors.zone_min_household.empty() || !floors.zone_min_sensitive.empty()) {
    line.Add("zone_min", zones.Done());
  }
  if (floors.keep_max) line.Add("keep_max", *floors.keep_max);
  return line.Done();
}

std::string SpellGateway(const RosterGateway& gateway) {
  Line line;
  line.AddText("id", gateway.id.value()).AddText("zone", gateway.zone.value());
  if (!gateway.address.empty()) line.AddText("address", gateway.address);
  const auto pin = [](const std::string& key) { return Quoted(crypto::FormatPin(key)); };
  if (!gateway.tls.empty()) {
    line.Add("tls", ListOf(gateway.tls, pin));
    line.AddText("sign", crypto::FormatPublicKey(gateway.sign));
    line.AddText("log", crypto::FormatPublicKey(gateway.log));
  }
  if (gateway.peers) {
    line.Add("peers", ListOf(*gateway.peers, [](const GatewayId& id) { return id.value(); }));
  }
  return line.Done();
}

std::string SpellParty(const Party& party) {
  Line line;
  line.AddText("id", party.id.value()).AddText("kind", party.kind);
  if (!party.tls.empty()) {
    line.Add("tls", ListOf(party.tls, [](const std::string& key) {
               return Quoted(crypto::FormatPin(key));
             }));
    line.Add("request", ListOf(party.request, [](const std::string& key) {
               return Quoted(crypto::FormatPublicKey(key));
             }));
  }
  return line.Done();
}

}  // namespace

std::string ToYaml(const Charter& charter) {
  std::string text = Head("charter", charter);
  text += Format("expires: %s\nkeys:\n", FormatTime(charter.expires));
  for (const auto& [label, key] : charter.keys) {
    text += Format("  %s: \"%s\"\n", label, crypto::FormatPublicKey(key));
  }
  text += "roles:\n" + SpellRole("charter", charter.charter) + SpellRole("policy", charter.policy) +
          SpellRole("roster", charter.roster) + SpellRole("enrolment", charter.enrolment);
  text += Format("floors: %s\n", SpellFloors(charter.floors));
  Line delays;
  delays.Add("looser", charter.delays.looser).Add("incomparable", charter.delays.incomparable);
  delays.Add("entrenched", charter.delays.entrenched).Add("charter", charter.delays.charter);
  text += Format("delays: %s\n", delays.Done());
  if (charter.objection) {
    Line line;
    line.Add("quorum_pct", uint64_t{charter.objection->quorum_pct});
    line.Add("threshold", uint64_t{charter.objection->threshold});
    text += Format("objection: %s\n", line.Add("extra", charter.objection->extra).Done());
  }
  if (charter.assembly) {
    Line line;
    line.Add("quorum_pct", uint64_t{charter.assembly->quorum_pct});
    text += Format("assembly: %s\n", line.Add("notice", charter.assembly->notice).Done());
  }
  if (!charter.entrenched.empty()) text += Format("entrenched: %s\n", Names(charter.entrenched));
  return text + Format("grace: %s\n", FormatDuration(charter.grace));
}

std::string ToYaml(const Policy& policy) {
  const auto with_policy = [&policy](const auto& spell) {
    return [&policy, spell](const auto& item) { return spell(policy, item); };
  };
  std::string text = Head("policy", policy);
  text += Format("issued: %s\nactivates: %s\nexpires: %s\ntime_zone: %s\nzone_levels: %s\n",
                 FormatTime(policy.issued), FormatTime(policy.activates),
                 FormatTime(policy.expires), policy.time_zone, Names(policy.zone_levels));
  text += Section("zones", policy.zones, with_policy(SpellZone));
  text += Section("metrics", policy.metrics, SpellMetric);
  text += Section("purposes", policy.purposes, SpellPurpose);
  text += Section("collect", policy.collect, with_policy(SpellCollect));
  text += Section("retain", policy.retain, SpellRetain);
  text += Section("consent", policy.consent, SpellConsent);
  text += Section("share", policy.share, with_policy(SpellShare));
  text += Section("forbid", policy.forbid, SpellForbid);
  return text + Section("duty", policy.duty, SpellDuty);
}

std::string ToYaml(const Roster& roster) {
  std::string text = Head("roster", roster);
  text += Format("issued: %s\nexpires: %s\n", FormatTime(roster.issued),
                 FormatTime(roster.expires));
  text += Section("gateways", roster.gateways, SpellGateway);
  return text + Section("parties", roster.parties, SpellParty);
}

}  // namespace gateway::policy
