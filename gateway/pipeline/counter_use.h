// What a counter's readings say was used. Meters restart, roll over, are exchanged, and now and then
// say something that is not so; none of it may become a use that was not there. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/model/metric.h"
#include "gateway/model/reading.h"
#include "gateway/port/intake.h"

namespace gateway::pipeline {

// Why a reading is not just so much more than the one before. The first three add nothing.
enum class Oddity : uint8_t {
  kDip,       // lower, and then back to where it was
  kSpike,     // further up than can be, and then back
  kReplaced,  // further up or down than can be, and stays there: another meter
  kReset,     // lower, and goes on from there: started again at 0
  kRollover,  // started again at 0 because it came to its end
  kCount,
};
std::string_view OddityName(Oddity oddity);
using OddityCounts = std::array<uint64_t, static_cast<std::size_t>(Oddity::kCount)>;

// How many readings in a row may be off and then be left out, if a step_max is known; else one.
inline constexpr std::size_t kFaultReadingsMax = 3;
// How near to its end a counter must be to roll over, and how near to 0 after it, if no step_max is
// known: a tenth of its range.
inline constexpr int64_t kRolloverPart = 10;

// What each of `readings` adds, ascending in time; `before` is the series' reading before them, or
// null: then the first one adds nothing. Nothing is ever negative; with a step_max an increase is at
// most that much per interval since the last reading that was believed, rounded up to a step, where
// less than an interval counts as one. Adds what is odd to `odd`.
std::vector<int64_t> IncreasesOf(const Metric& metric, const port::SeriesTraits& traits,
                                 const Reading* before, std::span<const Reading> readings,
                                 OddityCounts& odd);

}  // namespace gateway::pipeline
