#include "gateway/cli/policy_profiles.h"

#include <algorithm>

namespace gateway::cli {
namespace {

using ingest::PayloadFormat;

// Whether a message can say when a reading was taken, or tell a repetition from news.
bool TellsWhen(const ingest::MessageSpec& message, const ingest::ReadingSpec& reading) {
  if (message.sequence.has_value()) return true;
  // Each record of SenML may have its own time.
  const bool records = std::ranges::any_of(message.formats, [](PayloadFormat format) {
    return format == PayloadFormat::kSenmlJson || format == PayloadFormat::kSenmlCbor;
  });
  return records || reading.time.has_value() ||
         (message.time.has_value() && !message.time->at.empty());
}

}  // namespace

std::vector<policy::Finding> LintProfiles(const policy::Policy& rules,
                                          std::span<const ingest::Profile> profiles) {
  std::vector<policy::Finding> findings;
  for (const policy::CollectRule& rule : rules.collect) {
    const auto profile = std::ranges::find_if(
        profiles, [&](const ingest::Profile& each) { return each.id() == rule.profile; });
    const Metric* metric = rules.FindMetric(rule.metric);
    if (profile == profiles.end() || metric == nullptr) continue;
    bool known = false;
    bool tells_when = false;
    for (const ingest::MessageSpec& message : profile->messages()) {
      for (const ingest::ReadingSpec& reading : message.readings) {
        if (!reading.metric.empty() && reading.metric != rule.metric.value()) continue;
        known = true;
        tells_when = tells_when || TellsWhen(message, reading);
      }
    }
    if (!known) {
      findings.push_back({"L71", false,
                          Format("collect rule \"%s\": profile %s has no metric \"%s\": nothing "
                                 "would come in; `commons profile list` says what it has",
                                 rule.id.value(), rule.profile, rule.metric.value()),
                          rule.line, "policy"});
    } else if (!tells_when &&
               (metric->kind == MetricKind::kDelta || metric->kind == MetricKind::kEvent)) {
      findings.push_back({"L70", true,
                          Format("collect rule \"%s\": profile %s never says when, and an amount or "
                                 "an event without a time is refused at the door; use a profile "
                                 "with one, or a counter", rule.id.value(), rule.profile),
                          rule.line, "policy"});
    }
  }
  return findings;
}

}  // namespace gateway::cli
