// Units of measurement, and exact conversions between them: rationals, never a double.
//
// A unit is known by every name that devices, Home Assistant and SenML (RFC 8428 §12.1, RFC 8798)
// give it; names are case-sensitive, since mWh is not MWh. A name may measure more than one
// quantity ("%" is relative humidity and state of charge): what it is converted to decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/model/decimal.h"

namespace gateway {

// (x × times + plus) ÷ by, in lowest terms; `times` and `by` are positive. °F to °C is 5, -160, 9.
struct Conversion {
  int64_t times = 1;
  int64_t plus = 0;
  int64_t by = 1;
  friend bool operator==(const Conversion&, const Conversion&) = default;
};

// The conversion of a number of `from` to a number of `to`. Equal texts convert as they are, known
// or not. Empty if one of two different units is unknown, or if they do not measure the same
// quantity: VA is not W.
std::optional<Conversion> ConvertUnit(std::string_view from, std::string_view to);

// The converted number in steps of `resolution`, which must be positive: rounded half up, ties away
// from zero, exactly.
// Returns InvalidArgument if the result does not fit in 63 bits, or if a step on the way to it needs
// more than 127.
StatusOr<int64_t> ToSteps(const Decimal& number, const Conversion& conversion,
                          const Decimal& resolution);

}  // namespace gateway
