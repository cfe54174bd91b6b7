#include "gateway/pipeline/counter_use.h"

#include <algorithm>
#include <limits>

#include "gateway/privacy/sheet.h"

namespace gateway::pipeline {
namespace {

using privacy::Wide;

class Counter {
 public:
  Counter(Millis interval, const port::SeriesTraits& traits)
      : interval_(interval), traits_(traits) {}

  // From `from` to `to` the index may have grown by this much.
  bool IsPlausible(Wide increase, const Reading& from, const Reading& to) const {
    if (increase < 0) return false;
    if (!traits_.step_max.has_value()) return true;
    const Wide elapsed = std::max(to.time - from.time, interval_).count();
    const Wide interval = interval_.count();
    return increase <= (Wide{*traits_.step_max} * elapsed + interval - 1) / interval;
  }

  bool Grows(const Reading& from, const Reading& to) const {
    return IsPlausible(Wide{to.value} - from.value, from, to);
  }

  // Whether the first of `rest`, which does not go on from `base`, is off for a moment only.
  bool ComesBack(const Reading& base, std::span<const Reading> rest) const {
    const std::size_t faults = traits_.step_max.has_value() ? kFaultReadingsMax : 1;
    for (const Reading& next : rest.subspan(1, std::min(faults, rest.size() - 1))) {
      // One that is no lower than a jump up has stayed there.
      const bool back = rest[0].value < base.value || next.value < rest[0].value;
      if (back && Grows(base, next)) return true;
    }
    return false;
  }

  bool RollsOver(const Reading& from, const Reading& to) const {
    if (!traits_.rollover.has_value() || from.value > *traits_.rollover) return false;
    if (traits_.step_max.has_value()) return IsPlausible(RolledOver(from, to), from, to);
    const int64_t part = *traits_.rollover / kRolloverPart;
    return from.value >= *traits_.rollover - part && to.value <= part;
  }

  Wide RolledOver(const Reading& from, const Reading& to) const {
    return Wide{to.value} + *traits_.rollover - from.value;
  }

 private:
  const Millis interval_;
  const port::SeriesTraits& traits_;
};

}  // namespace

std::string_view OddityName(Oddity oddity) {
  switch (oddity) {
    case Oddity::kDip:
      return "dip";
    case Oddity::kSpike:
      return "spike";
    case Oddity::kReplaced:
      return "replaced";
    case Oddity::kReset:
      return "reset";
    case Oddity::kRollover:
      return "rollover";
    case Oddity::kCount:
      break;
  }
  return "unknown";
}

std::vector<int64_t> IncreasesOf(const Metric& metric, const port::SeriesTraits& traits,
                                 const Reading* before, std::span<const Reading> readings,
                                 OddityCounts& odd) {
  const Counter counter(metric.interval, traits);
  const auto note = [&](Oddity oddity) { ++odd[static_cast<std::size_t>(oddity)]; };
  std::vector<int64_t> increases;
  const Reading* base = before;  // the last one that was believed
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const Reading& reading = readings[i];
    Wide increase = 0;
    if (base != nullptr && counter.Grows(*base, reading)) {
      increase = Wide{reading.value} - base->value;
    } else if (base != nullptr) {
      const bool lower = reading.value < base->value;
      if (counter.ComesBack(*base, readings.subspan(i))) {
        note(lower ? Oddity::kDip : Oddity::kSpike);
        increases.push_back(0);
        continue;
      }
      if (lower && counter.RollsOver(*base, reading)) {
        increase = counter.RolledOver(*base, reading);
        note(Oddity::kRollover);
      } else if (lower && counter.IsPlausible(reading.value, *base, reading)) {
        increase = reading.value;
        note(Oddity::kReset);
      } else {
        note(Oddity::kReplaced);
      }
    }
    base = &reading;
    constexpr Wide kMost = std::numeric_limits<int64_t>::max();
    increases.push_back(static_cast<int64_t>(std::clamp(increase, Wide{0}, kMost)));
  }
  return increases;
}

}  // namespace gateway::pipeline
