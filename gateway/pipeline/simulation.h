// What a proposed policy would have released of past days, in numbers of cells per share rule and ISO
// week: never a figure, never a single cell. Decides as ever (sheet_input.h, privacy/sheet.h), on the
// readings that are still stored, and changes nothing.
//
// As if the proposal had always been in force. A day is simulated once it could have been decided by
// it; consent is what it is now, at the time of that decision; late readings count, which a decided
// sheet would not have had. A share rule that lint refuses (a forbid, the charter's floors, …) has all
// of its cells refused, and does not stand in the others' way.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/time.h"
#include "gateway/pipeline/registry.h"
#include "gateway/policy/documents.h"
#include "gateway/port/commands.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

struct SimulatedPolicy {
  policy::Documents documents;  // beside the charter and roster in force
  TimeZone time_zone = TimeZone::Utc();
  std::set<RuleId> refused;     // share rules
  // Metrics that mean something else than in force: what is stored of them is in other steps.
  std::vector<MetricId> changed;
};
// Returns PermissionDenied without a valid signature of the policy's role, InvalidArgument if the
// envelope or the policy is malformed, or if lint refuses anything but share rules.
StatusOr<SimulatedPolicy> ReadProposal(std::string_view envelope,
                                       const policy::Documents& in_force);

struct SimulatedSeries {
  std::size_t owner = 0;  // in `owners`
  MetricId metric;
  ZoneId zone;  // of the sheet
  port::SeriesTraits traits;
};

// What is known without reading the readings: copied on the pipeline's thread.
struct SimulationFacts {
  SimulatedPolicy policy;
  std::vector<Household> owners;  // and places, without their envelopes
  std::map<SeriesId, SimulatedSeries> series;
  Time now;
  Millis since{0};  // how far back
};
SimulationFacts GatherSeries(SimulatedPolicy policy, const Registry& registry,
                             const store::Vault& vault);

// On any thread; in memory are one week's readings of one metric. `progress` is told after each owner,
// and false stops.
// Returns Cancelled if it did, DataLoss if a sheet cannot be decided.
StatusOr<port::Simulation> Simulate(const store::Vault& vault, const SimulationFacts& facts,
                                    const std::function<bool(uint64_t, uint64_t)>& progress);

// "2013-W03": the week of the civil day, as ISO 8601 counts them. `date` is "2013-01-14".
std::string IsoWeekOf(std::string_view date);

}  // namespace gateway::pipeline
