// An owner's readings of a day as one integer per window, by the kind of the metric
// (docs/architecture.md §6). Pure, integers only.
#pragma once

#include <map>
#include <vector>

#include "gateway/model/metric.h"
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
// the newest reading before the day, as far as it may look back.
//   delta    the sum of what was used
//   gauge    the mean of the values, each weighted by how long it held: until the series' next
//            reading of the day, at most 2 × interval, never past its window; in whole seconds
//   counter  the sum of each reading's increase over the series' previous one; a lower value is a
//            restart from 0 and counts whole; a reading with nothing before it adds 0
// A value past 62 bits is cut off there: DecideSheet refuses it.
privacy::OwnerDay ContributionsOf(const Metric& metric, const SeriesReadings& series,
                                  const std::vector<Window>& windows,
                                  const std::map<SeriesId, Reading>& before);

}  // namespace gateway::pipeline
