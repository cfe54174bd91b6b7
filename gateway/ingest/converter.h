// From an observation to a reading of a metric: the second step. Numbers go from their text to
// integer steps exactly; no double is involved anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/ingest/decoder.h"
#include "gateway/ingest/profile.h"
#include "gateway/model/metric.h"
#include "gateway/model/reading.h"
#include "gateway/model/time.h"
#include "gateway/model/unit.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

struct ConvertContext {
  Time now;
  bool compare_stamps = true;  // false under a replay clock: stamps are not compared with `now`
  bool clock_sound = true;
  Millis waited_max{0};   // how long the broker may have kept the message
  bool numbered = false;  // a sequence number tells a repetition from news
  const TimeZone& zone;   // of the commons
};

struct Converted {
  port::DoorCode code = port::DoorCode::kAdmitted;
  Reading reading;  // set exactly when code is kAdmitted
};

// Thread-compatible: conversions that were found are kept for the next.
class Converter {
 public:
  // Checks in this order, and the first failure is the code: the observation's own code, unit
  // (kUnknownUnit), what the device can measure (kImplausible), the metric's bounds (kOutOfRange),
  // time (kNoTime, kBadTime, kFuture). A number that Decimal refuses for its length is kMalformed.
  Converted Convert(const Observation& observation, const Metric& metric,
                    const ConvertContext& context);

  // `change`, a difference of two values in the reading's unit, in steps of the metric; empty if it
  // does not fit.
  std::optional<int64_t> Difference(const Decimal& change, const ReadingSpec& reading,
                                    const Metric& metric);

 private:
  const Conversion* Find(std::string_view from, const std::string& to);

  struct Cached {
    std::string from, to;
    Conversion conversion;
  };
  // Only conversions that exist, so that the table of units bounds it, not the devices.
  std::vector<Cached> cached_;
};

}  // namespace gateway::ingest
