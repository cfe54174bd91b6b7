#include "gateway/policy/prose_parts.h"

namespace gateway::policy {
namespace {

void SayZones(const Policy& policy, const Phrases& phrases, ProseText& text) {
  text.Heading(phrases.Say("zones_heading"));
  Sentences levels;
  for (const std::string& level : policy.zone_levels) {
    const std::string word = phrases.Level(level);
    // An id that is its own word, or has none, is clear as it is.
    const bool clear = word == level || word == phrases.Quoted(level);
    levels.push_back(
        clear ? word : phrases.Say("named", {{"id", word}, {"label", phrases.Quoted(level)}}));
  }
  text.Paragraph(phrases.Say("zone_levels", {{"levels", phrases.List(levels)}}));
  for (const Zone& zone : policy.zones) {
    const std::string id = phrases.Quoted(zone.id.value());
    const std::string level = phrases.Level(policy.zone_levels[zone.level]);
    Sentences sentences;
    if (zone.parent.empty()) {
      sentences.push_back(phrases.Say("zone_top", {{"zone", id}, {"level", level}}));
    } else {
      sentences.push_back(phrases.Say(
          "zone_in",
          {{"zone", id}, {"level", level}, {"parent", phrases.Quoted(zone.parent.value())}}));
    }
    sentences.push_back(zone.homes == 0 ? phrases.Say("homes_unsaid")
                                        : phrases.SayCounted("homes", zone.homes));
    text.Item(sentences);
  }
}

std::string KindOf(const Metric& metric, const Phrases& phrases) {
  switch (metric.kind) {
    case MetricKind::kDelta:
      return phrases.Say("delta");
    case MetricKind::kGauge:
      return phrases.Say("gauge");
    case MetricKind::kCounter:
      return phrases.Say("counter");
    case MetricKind::kLevel:
      return phrases.Say("level");
    case MetricKind::kState:
      return phrases.Say("state");
    case MetricKind::kEvent:
      return phrases.Say("event");
  }
  return "";
}

std::string SensitivityOf(const Metric& metric, const Phrases& phrases) {
  switch (metric.sensitivity) {
    case Sensitivity::kHousehold:
      return phrases.Say("of_household");
    case Sensitivity::kOpen:
      return phrases.Say("of_nobody");
    case Sensitivity::kSensitive:
      return phrases.Say("of_sensitive");
  }
  return "";
}

void SayMetrics(const Policy& policy, const Phrases& phrases, ProseText& text) {
  text.Heading(phrases.Say("metrics_heading"));
  if (policy.metrics.empty()) text.Paragraph(phrases.Say("metrics_none"));
  for (const Metric& metric : policy.metrics) {
    Sentences sentences = {
        KindOf(metric, phrases),
        phrases.Say("unit", {{"unit", phrases.Quoted(metric.unit)}}),
        phrases.Say("resolution", {{"amount", Amount(phrases, &metric, 1)}}),
        phrases.Say("bounds", {{"lo", Amount(phrases, &metric, metric.lo)},
                               {"hi", Amount(phrases, &metric, metric.hi)}}),
        phrases.Say("interval", {{"duration", phrases.Duration(metric.interval)}}),
        phrases.Say("lateness", {{"duration", phrases.Duration(metric.lateness)}}),
        SensitivityOf(metric, phrases),
        metric.owner == OwnerKind::kPlace ? phrases.Say("from_places")
                                          : phrases.Say("from_households"),
    };
    if (metric.bucket_min > Millis(0)) {
      sentences.push_back(
          phrases.Say("bucket_min", {{"duration", phrases.Duration(metric.bucket_min)}}));
    }
    text.Rule(metric.id.value(), sentences);
  }
}

void SayPurposes(const Policy& policy, const Phrases& phrases, ProseText& text) {
  text.Heading(phrases.Say("purposes_heading"));
  text.Paragraph(policy.purposes.empty() ? phrases.Say("purposes_none")
                                         : phrases.Say("purposes_intro"));
  for (const Purpose& purpose : policy.purposes) {
    Sentences sentences = {phrases.Say(
        "purpose", {{"purpose", phrases.NameOf(purpose)}, {"iri", Format("<%s>.", purpose.iri)}})};
    if (!purpose.group.empty()) {
      sentences.push_back(phrases.Say("purpose_group", {{"group", phrases.Quoted(purpose.group)}}));
    }
    text.Item(sentences);
  }
}

}  // namespace

std::string Amount(const Phrases& phrases, const Metric* metric, int64_t steps) {
  if (metric == nullptr) return phrases.Number(std::to_string(steps));
  const std::string number = phrases.Number(metric->resolution.Times(steps));
  if (metric->unit == "1") return number;  // a share or a number of something
  return phrases.Say("amount", {{"number", number}, {"unit", metric->unit}});
}

void SayPolicyFrame(const Policy& policy, const Phrases& phrases, ProseText& text) {
  text.Title(phrases.Say("policy_title", {{"commons", phrases.Quoted(policy.commons)},
                                          {"version", std::to_string(policy.version)}}));
  text.Paragraph(phrases.Say("policy_intro"));
  text.Paragraph(phrases.Say("rights"));
  text.Item({Succession(phrases, policy.prev)});
  text.Item({phrases.Say("issued", {{"date", phrases.Date(policy.issued)}})});
  text.Item({phrases.Say("activates", {{"date", phrases.Date(policy.activates)}})});
  text.Item({phrases.Say("policy_expires", {{"date", phrases.Date(policy.expires)}})});
  text.Item({phrases.Say("time_zone", {{"zone", policy.time_zone}})});
  SayZones(policy, phrases, text);
  SayMetrics(policy, phrases, text);
  SayPurposes(policy, phrases, text);
}

}  // namespace gateway::policy
