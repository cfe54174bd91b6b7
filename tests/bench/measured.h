// Readings that people's meters and sensors really took, for the benchmarks of the store. They live
// outside the repository: in $COMMONS_SHARED, or beside the source tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"

namespace gateway::bench {

struct Measured {
  struct Series {
    std::string owner, device, metric;
  };
  struct Sample {
    Time time;
    int64_t value = 0;
    std::size_t series = 0;  // index of `series`
  };
  std::vector<Series> series;
  std::vector<Sample> samples;  // ascending in time; a series has one at a time, its first
};

// Empty if the data is not there; says so to stderr as the reason why `bench` is skipped.
// Half-hourly Wh of 60 households for the year 2013.
std::optional<Measured> LondonYear(const char* bench);
// What Sensor.Community's sensors took of the air, about every 150 s, in ten days; steps of 0.01.
std::optional<Measured> AberdeenDays(const char* bench);

}  // namespace gateway::bench
