// An owner's readings of a day as one integer per window, by the kind of the metric
// (docs/architecture.md §6). Pure, integers only.
#pragma once

#include <map>
#include <vector>

#include "gateway/model/metric.h"
#include "gateway/pipeline/counter_use.h"
#include "gateway/pipeline/open_days.h"
#include "gateway/privacy/sheet.h"

namespace gateway::pipeline {

// How far back the day's first reading of a counter may look for the one before it.
inline Millis LookBack(const Metric& metric) { return 2 * metric.interval; }

// The buckets of a civil day, as share and retain rules mean them; a shorter one belongs to the day
// that holds its start.
std::vector<Window> BucketsOf(bool whole_day, Millis bucket, const Window& day);

privacy::Combine CombineOf(MetricKind kind);

// All series together. `windows` ascend and do not overlap; `before` has, of a counter's series,
// the newest reading before the day, as far as it may look back, and `traits` what is known of it.
//   delta    the sum of what was used
//   event    the sum: each reading says how often it happened
//   gauge    the mean of the values, each weighted by how long it held: until the series' next
//            reading of the day, at most 2 × interval, never past its window; in whole seconds
//   level    the mean of their energies (privacy/energy_mean.h), weighted likewise
//   state    the mean, weighted likewise, of `hi` while the reading is not 0, and 0 while it is
//   counter  the sum of each reading's increase: counter_use.h. What was odd is added to `odd`
// A value past 62 bits is cut off there: DecideSheet refuses it.
privacy::OwnerDay ContributionsOf(const Metric& metric, const SeriesReadings& series,
                                  const std::vector<Window>& windows,
                                  const std::map<SeriesId, Reading>& before,
                                  const std::map<SeriesId, port::SeriesTraits>& traits = {},
                                  OddityCounts* odd = nullptr);

// Whether there is an integer: of what is averaged, something must have held for a second.
inline bool HasValue(MetricKind kind, const privacy::Contribution& made) {
  return made.readings > 0 && (AddsUp(kind) || made.weight > 0);
}

}  // namespace gateway::pipeline
