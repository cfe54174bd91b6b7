#include "gateway/pipeline/simulation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/crypto/dsse.h"
#include "gateway/pipeline/contributions.h"
#include "gateway/pipeline/sheet_input.h"
#include "gateway/pipeline/stored_readings.h"
#include "gateway/policy/decide.h"
#include "gateway/policy/lint.h"

namespace gateway::pipeline {
namespace {

// What is stored of one metric keeps its meaning.
bool MeansTheSame(const Metric& a, const Metric& b) {
  return a.kind == b.kind && a.unit == b.unit && a.owner == b.owner &&
         a.resolution.ToString() == b.resolution.ToString();
}

struct Week {
  std::string name;
  std::vector<Window> days;
};

// The civil days from `from` on that have ended at `now`, by week.
std::vector<Week> WeeksOf(const TimeZone& zone, Time from, Time now) {
  std::vector<Week> weeks;
  for (Window day = zone.DayOf(from); day.end <= now; day = zone.DayOf(day.end)) {
    std::string name = IsoWeekOf(zone.DateOf(day.start));
    if (weeks.empty() || weeks.back().name != name) weeks.push_back({std::move(name), {}});
    weeks.back().days.push_back(day);
  }
  return weeks;
}

// One metric's readings, by owner and series, ascending and of known times.
using ByOwner = std::map<std::size_t, SeriesReadings>;

class Simulator {
 public:
  Simulator(const store::Vault& vault, const SimulationFacts& facts,
            const std::function<bool(uint64_t, uint64_t)>& progress)
      : vault_(vault), facts_(facts), policy_(facts.policy.documents.policy), progress_(progress) {
    // As if it had always been in force.
    for (const policy::ShareRule& rule : policy_.share) {
      since_[rule.id] = rule.valid_from.value_or(Time::min());
    }
    for (const policy::ConsentRule& rule : policy_.consent) since_[rule.id] = Time::min();
  }

  StatusOr<port::Simulation> Run() {
    port::Simulation result{.policy_version = policy_.version};
    for (const MetricId& metric : facts_.policy.changed) result.left_out.push_back(metric.value());
    const std::vector<Week> weeks =
        WeeksOf(facts_.policy.time_zone, facts_.now - facts_.since, facts_.now);
    const std::vector<const Metric*> metrics = Shared();
    total_ = weeks.size() * metrics.size() * facts_.owners.size();
    for (const Week& week : weeks) {
      for (const Metric* metric : metrics) RETURN_IF_ERROR(Decide(*metric, week));
      for (const policy::ShareRule& rule : policy_.share) {
        port::SimulatedWeek& counted = counts_[rule.id];
        counted.rule = rule.id.value();
        counted.week = week.name;
        result.weeks.push_back(std::exchange(counted, {}));
      }
    }
    return result;
  }

 private:
  std::vector<const Metric*> Shared() const {
    std::vector<const Metric*> metrics;
    for (const Metric& metric : policy_.metrics) {
      if (policy_.ShareRulesFor(metric.id).empty() ||
          std::ranges::count(facts_.policy.changed, metric.id) > 0) {
        continue;
      }
      metrics.push_back(&metric);
    }
    return metrics;
  }

  // From the time that the first day's counters may look back to, to the last day's end.
  StatusOr<ByOwner> Read(const Metric& metric, const Week& week) {
    const Time from = week.days.front().start - LookBack(metric);
    const Time until = week.days.back().end;
    ByOwner readings;
    for (std::size_t i = 0; i < facts_.owners.size(); ++i) {
      if (!progress_(done_++, total_)) {
        return MakeStatus(StatusCode::kCancelled, "simulation: nobody waits for it");
      }
      SeriesReadings own;
      const auto take = [&](const SeriesId& id, const std::vector<Reading>& stored) {
        const auto known = facts_.series.find(id);
        if (known == facts_.series.end() || known->second.metric != metric.id) return OkStatus();
        for (const Reading& reading : stored) {
          if (HasKnownTime(reading.quality) && from <= reading.time && reading.time < until) {
            own[id].push_back(reading);
          }
        }
        return OkStatus();
      };
      for (uint32_t month = MonthOf(from); month <= MonthOf(until); ++month) {
        // What does not open is left out, as it is of a sheet whose day was not given up.
        RETURN_IF_ERROR(VisitStored(vault_, month, facts_.owners[i].owner, take,
                                    [](const DamagedBlock&) {}));
      }
      if (!own.empty()) readings.emplace(i, std::move(own));
    }
    return readings;
  }

  Status Decide(const Metric& metric, const Week& week) {
    ASSIGN_OR_RETURN(const ByOwner readings, Read(metric, week));
    std::vector<const policy::ShareRule*> rules = policy_.ShareRulesFor(metric.id);
    const std::vector<const policy::ShareRule*> all = rules;
    std::erase_if(rules, [&](const policy::ShareRule* rule) {
      return facts_.policy.refused.contains(rule->id);
    });
    for (const Window& day : week.days) {
      const Time due = SheetDue(metric, rules.empty() ? all : rules, day);
      if (due > facts_.now) continue;
      for (const auto& [zone, owners] : ByZone(readings, day)) {
        Refuse(all, day);
        if (!rules.empty()) {
          RETURN_IF_ERROR(DecideSheet({.policy = policy_,
                                       .since = since_,
                                       .metric = metric,
                                       .rules = rules,
                                       .day = day,
                                       .decided_at = due},
                                      owners, readings));
        }
      }
    }
    return OkStatus();
  }

  // The day's readings: of each zone, and in it of each owner. A zone without any has no sheet.
  std::map<ZoneId, std::map<std::size_t, SeriesReadings>> ByZone(const ByOwner& readings,
                                                                 const Window& day) const {
    std::map<ZoneId, std::map<std::size_t, SeriesReadings>> zones;
    for (const auto& [owner, series] : readings) {
      for (const auto& [id, all] : series) {
        for (const Reading& reading : all) {
          if (day.Contains(reading.time)) {
            zones[facts_.series.at(id).zone][owner][id].push_back(reading);
          }
        }
      }
    }
    return zones;
  }

  void Refuse(const std::vector<const policy::ShareRule*>& rules, const Window& day) {
    for (const policy::ShareRule* rule : rules) {
      if (!facts_.policy.refused.contains(rule->id)) continue;
      counts_[rule->id].refused += BucketsOf(rule->whole_day, rule->bucket, day).size();
    }
  }

  Status DecideSheet(const SheetPlan& plan, const std::map<std::size_t, SeriesReadings>& owners,
                     const ByOwner& all) {
    std::vector<SheetOwner> sheet;
    for (const auto& [index, series] : owners) {
      SheetOwner owner{.owner = &facts_.owners[index], .readings = series, .before = {}, .traits = {}};
      for (const auto& [id, readings] : series) {
        owner.traits[id] = facts_.series.at(id).traits;
        AddBefore(plan, all.at(index).at(id), id, owner);
      }
      sheet.push_back(std::move(owner));
    }
    OddityCounts odd{};
    const auto decided = privacy::DecideSheet(MakeSheetInput(plan, sheet, odd));
    if (!decided.ok()) return DataLoss("sheet of %s: %s", FormatTime(plan.day.start),
                                       Message(decided.status()));
    for (const privacy::DecidedRule& rule : *decided) {
      for (const privacy::DecidedBucket& bucket : rule.buckets) {
        port::SimulatedWeek& week = counts_[rule.id];
        ++(bucket.reason == SuppressionReason::kNone ? week.released : week.suppressed);
      }
    }
    return OkStatus();
  }

  static void AddBefore(const SheetPlan& plan, const std::vector<Reading>& readings,
                        const SeriesId& id, SheetOwner& owner) {
    const Time from = LooksBackTo(plan);
    for (const Reading& reading : readings) {
      if (reading.time >= plan.day.start) break;
      if (reading.time >= from) owner.before.insert_or_assign(id, reading);
    }
  }

  const store::Vault& vault_;
  const SimulationFacts& facts_;
  const policy::Policy& policy_;
  const std::function<bool(uint64_t, uint64_t)>& progress_;
  std::map<RuleId, Time> since_;
  std::map<RuleId, port::SimulatedWeek> counts_;  // of the week at work
  uint64_t done_ = 0, total_ = 0;
};

bool IsOfRule(const policy::Finding& finding, const policy::ShareRule& rule) {
  return finding.document == "policy" && finding.line == rule.line && finding.line != 0;
}

}  // namespace

StatusOr<SimulatedPolicy> ReadProposal(std::string_view bytes, const policy::Documents& in_force) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
  if (envelope.payload_type != crypto::kPolicyType) {
    return InvalidArgument("proposal: not a policy but \"%s\"", envelope.payload_type);
  }
  const policy::Charter& charter = in_force.charter;
  if (crypto::ValidSigners(envelope, policy::PublicKeysOf(charter, charter.policy)).empty()) {
    return PermissionDenied("proposal: signed by nobody of the charter's policy role; what no "
                            "steward stands for is not simulated on residents' data");
  }
  SimulatedPolicy proposal;
  proposal.documents = in_force;
  ASSIGN_OR_RETURN(proposal.documents.policy, policy::ParsePolicy(envelope.payload));
  const policy::Policy& policy = proposal.documents.policy;
  for (const policy::Finding& finding : policy::Lint(charter, policy, in_force.roster)) {
    if (!finding.refuses) continue;
    bool of_rule = false;
    for (const policy::ShareRule& rule : policy.share) {
      if (!IsOfRule(finding, rule)) continue;
      proposal.refused.insert(rule.id);
      of_rule = true;
    }
    if (!of_rule) return InvalidArgument("proposal: %s", policy::FormatFinding(finding));
  }
  ASSIGN_OR_RETURN(proposal.time_zone, TimeZone::Load(policy.time_zone));
  for (const Metric& metric : policy.metrics) {
    const Metric* now = in_force.policy.FindMetric(metric.id);
    if (now != nullptr && !MeansTheSame(*now, metric)) proposal.changed.push_back(metric.id);
  }
  return proposal;
}

SimulationFacts GatherSeries(SimulatedPolicy proposal, const Registry& registry,
                             const store::Vault& vault) {
  SimulationFacts facts;
  facts.policy = std::move(proposal);
  const policy::Policy& policy = facts.policy.documents.policy;
  const auto add = [&](const Household& owner) {
    const std::size_t index = facts.owners.size();
    Household& copy = facts.owners.emplace_back(owner);
    copy.acceptances.clear();
    copy.confirmation.clear();
    for (GrantRecord& record : copy.grants) record.envelope.clear();
    for (const Metric& metric : policy.metrics) {
      const std::vector<const policy::ShareRule*> rules = policy.ShareRulesFor(metric.id);
      if (rules.empty() || metric.owner != owner.kind) continue;
      const StatusOr<ZoneId> zone = policy.AncestorAt(owner.zone, rules[0]->zone_level);
      if (!zone.ok()) continue;
      for (const port::EnrolledDevice& device : owner.devices) {
        const std::string_view profile =
            device.own_profile.empty() ? std::string_view(device.profile) : std::string_view();
        const auto collected = policy::DecideCollect(policy, metric.id, profile);
        if (collected.code != policy::CollectCode::kAdmitted) continue;
        const SeriesId series = vault.SeriesOf(device.device.value(), metric.id.value());
        const SeriesInfo* known = registry.FindSeries(series);
        facts.series[series] = {
            .owner = index,
            .metric = metric.id,
            .zone = *zone,
            .traits = known == nullptr ? port::SeriesTraits{} : known->traits};
      }
    }
  };
  for (const auto& [id, household] : registry.households()) add(household);
  for (const auto& [id, place] : registry.places()) add(place);
  return facts;
}

StatusOr<port::Simulation> Simulate(const store::Vault& vault, const SimulationFacts& facts,
                                    const std::function<bool(uint64_t, uint64_t)>& progress) {
  return Simulator(vault, facts, progress).Run();
}

std::string IsoWeekOf(std::string_view date) {
  const Time noon = *ParseTime(std::string(date) + "T12:00:00Z");
  const auto day = std::chrono::floor<std::chrono::days>(noon);
  const std::chrono::weekday weekday(day);
  // A week belongs to the year that its Thursday is in.
  const auto thursday = day + std::chrono::days(4) - std::chrono::days(weekday.iso_encoding());
  const std::chrono::year year = std::chrono::year_month_day(thursday).year();
  const auto first = std::chrono::sys_days(year / 1 / 1);
  const auto week = (thursday - first).count() / 7 + 1;
  return Format("%04d-W%02d", static_cast<int>(year), static_cast<int>(week));
}

}  // namespace gateway::pipeline
