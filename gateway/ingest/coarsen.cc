#include "gateway/ingest/coarsen.h"

#include <algorithm>

#include "gateway/model/limits.h"
#include "gateway/model/rounding.h"
#include "gateway/model/time.h"

namespace gateway::ingest {
namespace {

int64_t Rounded(int64_t value, int64_t step, const Metric& metric) {
  int64_t rounded = NearestMultiple(value, step);
  if (rounded > metric.hi) rounded -= step;
  if (rounded < metric.lo) rounded += step;
  // Where the bounds hold no multiple at all.
  return std::clamp(rounded, metric.lo, metric.hi);
}

}  // namespace

Reading Coarsened(const Reading& reading, const port::Admission& admission) {
  Reading coarse = reading;
  if (admission.coarsen_step > 0) {
    coarse.value = Rounded(reading.value, admission.coarsen_step, *admission.metric);
  }
  if (admission.coarsen_every > Millis(0)) {
    coarse.time = FloorTo(reading.time, admission.coarsen_every);
    if (HasKnownTime(reading.quality)) {
      coarse.quality = static_cast<uint8_t>(reading.quality & ~unsigned{kQualityArrivalTime});
    }
  }
  return coarse;
}

bool SpanGuard::IsFirst(const SeriesId& series, Time start) {
  const auto found = last_.find(series);
  if (found == last_.end()) {
    if (last_.size() < limits::kSeriesMax) last_.emplace(series, start);
    return true;
  }
  if (found->second == start) return false;
  found->second = start;
  return true;
}

}  // namespace gateway::ingest
