// What a collect rule blurs at the door, before anything is written (docs/policy-guide.md).
#pragma once

#include <cstdint>
#include <unordered_map>

#include "gateway/base/clock.h"
#include "gateway/model/ids.h"
#include "gateway/model/metric.h"
#include "gateway/model/reading.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// The reading as the rule lets it be stored: its value the nearest multiple of the step (ties away
// from zero) that lies within the metric's bounds, its time the start of its span, as UTC counts
// them. A stamp made on arrival is then no time of its own any more, but the span's: what comes again
// in the span is the same reading.
Reading Coarsened(const Reading& reading, const port::Admission& admission);

// Which span of a series has a reading already. Thread-compatible. In memory only, and of each series
// just the last span: what it does not remember, the pipeline finds to be a duplicate. Bounded by
// kSeriesMax; series beyond it are all left to the pipeline.
class SpanGuard {
 public:
  // False if a reading of the span that begins at `start` came before.
  bool IsFirst(const SeriesId& series, Time start);

 private:
  std::unordered_map<SeriesId, Time> last_;
};

}  // namespace gateway::ingest
