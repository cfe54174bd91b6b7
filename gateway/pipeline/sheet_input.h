// What a sheet is decided from: who counts for which rule, and what each contributed. The same for a
// decision and for a simulated one. Pure.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "gateway/model/metric.h"
#include "gateway/pipeline/counter_use.h"
#include "gateway/pipeline/open_days.h"
#include "gateway/pipeline/registry.h"
#include "gateway/privacy/sheet.h"

namespace gateway::pipeline {

// Pointers and references to what outlives it.
struct SheetPlan {
  const policy::Policy& policy;
  const std::map<RuleId, Time>& since;  // as in Rules; a rule that is not there is too young
  const Metric& metric;
  std::vector<const policy::ShareRule*> rules;  // all of that metric
  Window day;
  Time decided_at;
};

// One owner's part of a day.
struct SheetOwner {
  const Household* owner = nullptr;  // null: it is not known any more, and counts for nothing
  const SeriesReadings& readings;
  std::map<SeriesId, Reading> before;  // of a counter: see ContributionsOf
  std::map<SeriesId, port::SeriesTraits> traits;
};

// From when on, before the day, the last reading of a counter may be looked at; the day's start if none
// may.
Time LooksBackTo(const SheetPlan& plan);

// What was odd is added to `odd`.
privacy::SheetInput MakeSheetInput(const SheetPlan& plan, const std::vector<SheetOwner>& owners,
                                   OddityCounts& odd);

// When a sheet of these rules is decided at the earliest.
Time SheetDue(const Metric& metric, const std::vector<const policy::ShareRule*>& rules,
              const Window& day);

}  // namespace gateway::pipeline
