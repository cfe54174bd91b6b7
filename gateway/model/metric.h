// A metric: a quantity the policy names. The numbers here are what the rest of the gateway
// computes with: integers in steps of the metric's resolution.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/model/decimal.h"
#include "gateway/model/ids.h"

namespace gateway {

enum class MetricKind {
  kDelta,    // an amount per interval: amounts add up
  kGauge,    // a level: it holds until the next reading, for a while
  kCounter,  // an index that only grows, and restarts at zero when its device does
  kLevel,    // a level in decibels: means are means of the energy
  kState,    // on (1) or off (0); what counts is the share of time it was on
  kEvent,    // how often something happened
};

// Whether an owner's integers of a kind add up: amounts, increases, numbers of events. The others
// are averaged over the time for which they held.
constexpr bool AddsUp(MetricKind kind) {
  return kind == MetricKind::kDelta || kind == MetricKind::kCounter || kind == MetricKind::kEvent;
}

// Whom the readings are about: a household's are protected by numbers of households, an open
// metric's by nothing but its shortest bucket.
enum class Sensitivity { kHousehold, kOpen, kSensitive };

struct Metric {
  MetricId id;
  std::string unit;         // "Wh"
  MetricKind kind = MetricKind::kDelta;
  Decimal resolution;       // size of one step in `unit`; positive
  int64_t lo = 0;           // bounds of one reading (a counter's index), in steps, inclusive
  int64_t hi = 0;
  Millis interval{0};       // nominal distance of two readings of one series; positive
  Millis lateness{0};       // how long after a day's end its readings may still arrive
  Sensitivity sensitivity = Sensitivity::kHousehold;
  OwnerKind owner = OwnerKind::kHousehold;  // whose devices may carry it: households' or places'
  Millis bucket_min{0};     // of a place's metric: the finest bucket that may ever leave
};

// How many steps of a resolution make 10 dB, or 0 unless it is 1, 0.1 or 0.01 dB: of other steps
// nobody can say what the mean of their energies is (privacy/energy_mean.h).
uint32_t StepsPerBel(const Decimal& resolution);

}  // namespace gateway
