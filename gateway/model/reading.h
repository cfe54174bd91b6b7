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
  kQualityWaited = 2,       // and the broker may have kept it for longer than the metric's interval
  kQualityClockUnsound = 4, // and the gateway's own clock was not to be believed
  kQualityLocalTime = 8,    // its device said a local time without offset
};

// Whether the time says in which window the value belongs. If not, it is kept for the household and
// never becomes part of a figure.
inline bool HasKnownTime(uint8_t quality) {
  return (quality & (kQualityWaited | kQualityClockUnsound)) == 0;
}

struct Reading {
  Time time;          // start of the interval the value covers, for delta metrics
  int64_t value = 0;  // in steps of the metric's resolution
  uint8_t quality = kQualityNone;
  friend bool operator==(const Reading&, const Reading&) = default;
};

}  // namespace gateway
