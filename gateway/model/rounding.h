// Rounding to a multiple, in integers. Pure.
#pragma once

#include <cstdint>

namespace gateway {

// The multiple of `step`, a positive number below 2^62, that is nearest to `value`, itself below
// 2^62 in magnitude; a tie goes away from zero.
constexpr int64_t NearestMultiple(int64_t value, int64_t step) {
  const int64_t below = value / step * step;  // towards zero
  const int64_t rest = value < 0 ? below - value : value - below;
  if (rest < step - rest) return below;
  return value < 0 ? below - step : below + step;
}

}  // namespace gateway
