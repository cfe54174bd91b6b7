#include "gateway/ingest/step_guard.h"

#include <algorithm>

#include "gateway/model/limits.h"

namespace gateway::ingest {

bool StepGuard::Follows(const Point& before, const Point& now, int64_t step_max, Millis interval) {
  __extension__ using Wide = __int128;
  const Wide change = static_cast<Wide>(now.value) - before.value;
  const Wide elapsed = std::max<Wide>((now.time > before.time ? now.time - before.time
                                                              : before.time - now.time)
                                          .count(),
                                      interval.count());
  return (change < 0 ? -change : change) * interval.count() <= elapsed * step_max;
}

bool StepGuard::Accept(const SeriesId& series, const Reading& reading, int64_t step_max,
                       Millis interval, bool redelivered) {
  const Point now{reading.time, reading.value};
  const auto found = rows_.find(series);
  if (found == rows_.end()) {
    if (rows_.size() < limits::kSeriesMax) rows_.emplace(series, Row{now, std::nullopt});
    return true;
  }
  Row& row = found->second;
  if (!Follows(row.last, now, step_max, interval) &&
      !(row.off && !redelivered && *row.off != now &&
        Follows(*row.off, now, step_max, interval))) {
    row.off = now;
    return false;
  }
  row = {now, std::nullopt};
  return true;
}

}  // namespace gateway::ingest
