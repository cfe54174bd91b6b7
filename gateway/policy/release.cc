#include "gateway/policy/release.h"

#include <algorithm>
#include <vector>

#include "gateway/model/time.h"

namespace gateway::policy {
namespace {

bool Names(const std::vector<std::string>& list, std::string_view name) {
  return !name.empty() && std::find(list.begin(), list.end(), name) != list.end();
}

bool Names(const std::vector<MetricId>& list, const MetricId& id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

bool IsFiner(const Policy& policy, std::optional<uint32_t> level, std::string_view limit) {
  const std::optional<uint32_t> index = policy.LevelIndex(limit);
  // What cannot be judged counts as forbidden.
  return !level.has_value() || !index.has_value() || *level < *index;
}

// What of a forbid is not about everything that is asked for, whichever rules there are; empty: all of
// it is. What the question leaves open is not.
std::string_view SparedBy(const Forbid& forbid, const Ask& ask, const Policy& policy) {
  const Purpose* purpose = policy.FindPurpose(ask.purpose);
  if (purpose == nullptr || !NamesPurpose(forbid, *purpose)) return "purpose";
  if (!forbid.to.empty() && !Names(forbid.to, ask.party.value())) return "to";
  if (!forbid.metrics.empty() && !Names(forbid.metrics, ask.metric)) return "metric";
  if (!forbid.stats.empty() && !Names(forbid.stats, ask.stat)) return "stats";
  if (!forbid.zone_below.empty() &&
      (!ask.level.has_value() || !IsFiner(policy, ask.level, forbid.zone_below))) {
    return "zone_below";
  }
  if (forbid.bucket_below > Millis(0) &&
      (!ask.bucket.has_value() || *ask.bucket >= forbid.bucket_below)) {
    return "bucket_below";
  }
  return forbid.age_below == Millis(0) ? "" : "age_below";
}

// What of a rule is for another asker, purpose or product; empty: it concerns the question.
std::string_view ApartBy(const ShareRule& rule, const Ask& ask) {
  if (!ask.metric.empty() && rule.metric != ask.metric) return "metric";
  if (!ask.rule.empty() && rule.id != ask.rule) return "id";
  if (!IsRecipient(rule.to, ask.party)) return "to";
  if (rule.purpose != ask.purpose) return "purpose";
  return ask.stat.empty() || Names(rule.stats, ask.stat) ? "" : "stats";
}

// What keeps a rule that concerns the asker from allowing the question.
struct Obstacle {
  QueryCode code;
  std::string clause;
};

std::vector<Obstacle> Obstacles(const Policy& policy, const ShareRule& rule, const Ask& ask,
                                Time now) {
  std::vector<Obstacle> obstacles;
  const bool other_bucket = ask.bucket.has_value() && *ask.bucket != rule.bucket;
  const bool other_level =
      ask.level.has_value() && policy.LevelIndex(rule.zone_level) != ask.level;
  if (other_bucket || other_level) {
    obstacles.push_back({QueryCode::kGranularity,
                         Format("bucket %s, zone %s: it is another that is asked for",
                                FormatDuration(rule.bucket), rule.zone_level)});
  }
  // Everything asked for is younger. Where only a part is, that part's cells are simply not decided
  // yet.
  if (ask.age.has_value() && *ask.age < rule.age_min) {
    obstacles.push_back({QueryCode::kTooEarly, Format("age_min %s: the figures asked for are younger",
                                                      FormatDuration(rule.age_min))});
  }
  if ((rule.valid_from.has_value() && now < *rule.valid_from) ||
      (rule.valid_until.has_value() && now >= *rule.valid_until)) {
    obstacles.push_back({QueryCode::kExpiredRule, "valid: not now"});
  }
  return obstacles;
}

void Note(Trace* trace, std::string_view step, const RuleId& rule, int line, std::string clause,
          bool passed) {
  if (trace != nullptr) {
    trace->push_back({std::string(step), rule, line, std::move(clause), passed});
  }
}

std::vector<RuleId> Sorted(std::vector<RuleId> rules) {
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  return rules;
}

// The codes of the rules that came closest, the most telling first.
constexpr QueryCode kCloseCodes[] = {QueryCode::kGranularity, QueryCode::kTooEarly,
                                     QueryCode::kExpiredRule};

// Step 7, over the rules that nothing takes away.
QueryDecision DecideShare(const Policy& policy, const std::vector<const ShareRule*>& rules,
                          const Ask& ask, Time now, Trace* trace) {
  std::vector<RuleId> allowing;
  std::vector<std::pair<QueryCode, RuleId>> close;
  for (const ShareRule* rule : rules) {
    const std::vector<Obstacle> obstacles = Obstacles(policy, *rule, ask, now);
    for (const Obstacle& obstacle : obstacles) {
      Note(trace, "share", rule->id, rule->line, obstacle.clause, false);
    }
    if (obstacles.empty()) {
      Note(trace, "share", rule->id, rule->line, "allows it", true);
      allowing.push_back(rule->id);
    } else if (obstacles.size() == 1) {
      close.emplace_back(obstacles.front().code, rule->id);
    }
  }
  if (!allowing.empty()) return {QueryCode::kOk, Sorted(std::move(allowing))};
  for (const QueryCode code : kCloseCodes) {
    std::vector<RuleId> closest;
    for (const auto& [rule_code, id] : close) {
      if (rule_code == code) closest.push_back(id);
    }
    if (!closest.empty()) return {code, Sorted(std::move(closest))};
  }
  return {QueryCode::kNotPermitted, {}};
}

}  // namespace

bool IsRecipient(const std::vector<std::string>& to, const PartyId& party) {
  return Names(to, party.value()) || Names(to, "public");
}

bool Available(const Documents& documents, Time now, bool clock_sound) {
  return clock_sound && Serve(documents, now);
}

bool Forbids(const Forbid& forbid, const ShareRule& rule, const PartyId& party,
             const Policy& policy) {
  const Purpose* purpose = policy.FindPurpose(rule.purpose);
  if (purpose != nullptr && !NamesPurpose(forbid, *purpose)) return false;
  // Whoever is not named gets the rule's cells as one of the public.
  const bool as_public = !Names(rule.to, party.value());
  if (!forbid.to.empty() && !Names(forbid.to, party.value()) &&
      !(as_public && Names(forbid.to, "public"))) {
    return false;
  }
  if (!forbid.metrics.empty() && !Names(forbid.metrics, rule.metric)) return false;
  if (!forbid.stats.empty() &&
      std::none_of(rule.stats.begin(), rule.stats.end(),
                   [&](const std::string& stat) { return Names(forbid.stats, stat); })) {
    return false;
  }
  if (!forbid.zone_below.empty() &&
      !IsFiner(policy, policy.LevelIndex(rule.zone_level), forbid.zone_below)) {
    return false;
  }
  if (forbid.bucket_below > Millis(0) && rule.bucket >= forbid.bucket_below) return false;
  return forbid.age_below == Millis(0) || rule.age_min < forbid.age_below;
}

bool NamesPurpose(const Forbid& forbid, const Purpose& purpose) {
  if (forbid.purposes.empty() && forbid.purpose_groups.empty()) return true;
  return Names(forbid.purposes, purpose.id) || Names(forbid.purpose_groups, purpose.group);
}

std::string BelowFloor(const ShareRule& rule, const Policy& policy, const Floors& floors) {
  const Metric* metric = policy.FindMetric(rule.metric);
  if (metric == nullptr) return "metric: not in the policy";
  if (rule.age_min < floors.age_min) {
    return Format("age_min %s: the charter's floor is %s", FormatDuration(rule.age_min),
                  FormatDuration(floors.age_min));
  }
  const std::string_view zone_min = metric->sensitivity == Sensitivity::kSensitive
                                        ? floors.zone_min_sensitive
                                    : metric->sensitivity == Sensitivity::kHousehold
                                        ? floors.zone_min_household
                                        : std::string_view();
  if (!zone_min.empty() && IsFiner(policy, policy.LevelIndex(rule.zone_level), zone_min)) {
    return Format("zone %s: the charter's floor is %s", rule.zone_level, zone_min);
  }
  if (metric->owner == OwnerKind::kPlace) {
    if (rule.bucket >= metric->bucket_min) return "";
    return Format("bucket %s: the metric's bucket_min is %s", FormatDuration(rule.bucket),
                  FormatDuration(metric->bucket_min));
  }
  if (rule.k_min < floors.k_min) {
    return Format("k_min %d: the charter's floor is %d", rule.k_min, floors.k_min);
  }
  if (rule.top1_max_pct > floors.top1_max_pct) {
    return Format("top1_max_pct %d: the charter's limit is %d", rule.top1_max_pct,
                  floors.top1_max_pct);
  }
  return "";
}

QueryDecision DecideRelease(const Documents& documents, const Ask& ask, Time now, Trace* trace) {
  const Policy& policy = documents.policy;
  std::vector<RuleId> forbids;
  for (const Forbid& forbid : policy.forbid) {
    const std::string_view spared = SparedBy(forbid, ask, policy);
    if (trace != nullptr) {
      Note(trace, "forbid", forbid.id, forbid.line,
           spared.empty()         ? Format("forbids it: %s", forbid.reason)
           : spared == "age_below" ? "age_below: is about share rules, below"
                                   : Format("%s: is about something else", spared),
           !spared.empty());
    }
    if (spared.empty()) forbids.push_back(forbid.id);
  }
  if (!forbids.empty()) return {QueryCode::kForbidden, Sorted(std::move(forbids))};

  std::vector<const ShareRule*> rules;
  std::vector<RuleId> below;
  bool concerned = false;
  for (const ShareRule& rule : policy.share) {
    if (const std::string_view apart = ApartBy(rule, ask); !apart.empty()) {
      if (trace != nullptr && apart != "metric") {
        Note(trace, "share", rule.id, rule.line, Format("%s: is for something else", apart), false);
      }
      continue;
    }
    concerned = true;
    const std::string floor = BelowFloor(rule, policy, documents.charter.floors);
    if (!floor.empty()) {
      Note(trace, "floor", rule.id, rule.line, floor, false);
      below.push_back(rule.id);
    }
    bool taken = false;
    for (const Forbid& forbid : policy.forbid) {
      if (!Forbids(forbid, rule, ask.party, policy)) continue;
      Note(trace, "forbid", forbid.id, forbid.line,
           Format("takes away \"%s\": %s", rule.id.value(), forbid.reason), false);
      forbids.push_back(forbid.id);
      taken = true;
    }
    if (!taken) rules.push_back(&rule);
  }
  if (concerned && rules.empty()) return {QueryCode::kForbidden, Sorted(std::move(forbids))};
  if (!below.empty()) return {QueryCode::kFloor, Sorted(std::move(below))};
  return DecideShare(policy, rules, ask, now, trace);
}

}  // namespace gateway::policy
