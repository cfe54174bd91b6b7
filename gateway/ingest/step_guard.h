// Whether a value can follow the one before it. A single value far off is a glitch; two in a row
// that agree with each other are where the series is now.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "gateway/base/clock.h"
#include "gateway/model/ids.h"
#include "gateway/model/reading.h"

namespace gateway::ingest {

// Thread-compatible. In memory only: the first value of a series after a start is believed. Bounded
// by kSeriesMax; series beyond it are not judged.
class StepGuard {
 public:
  // `step_max` is the largest change, in steps of the metric, in one `interval`. What comes again
  // does not agree with itself: neither a redelivered value nor the same
  // one of the same time.
  bool Accept(const SeriesId& series, const Reading& reading, int64_t step_max, Millis interval,
              bool redelivered = false);

 private:
  struct Point {
    Time time;
    int64_t value = 0;
    friend bool operator==(const Point&, const Point&) = default;
  };
  struct Row {
    Point last;                // that was accepted
    std::optional<Point> off;  // the value after it, which was not
  };
  static bool Follows(const Point& before, const Point& now, int64_t step_max, Millis interval);

  std::unordered_map<SeriesId, Row> rows_;
};

}  // namespace gateway::ingest
