// A reading: one value of one series at one time.
#pragma once

#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/model/ids.h"

namespace gateway {

// Bits of a reading's quality byte, kept beside it on disk.
enum Quality : uint8_t {
  kQualityNone = 0,
  kQualityArrivalTime = 1,  // no time of its own: stamped when it came to the door
};

struct Reading {
  Time time;          // start of the interval the value covers, for delta metrics
  int64_t value = 0;  // in steps of the metric's resolution
  uint8_t quality = kQualityNone;
  friend bool operator==(const Reading&, const Reading&) = default;
};

}  // namespace gateway
