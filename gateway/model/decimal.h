// Decimal text to integer, exactly: never through a double.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway {

// A decimal number as it was written: sign, digits, power of ten. Immutable.
class Decimal {
 public:
  // JSON's number grammar without a leading '+': "-?digits[.digits][(e|E)[+-]digits]". Leading
  // zeros are allowed in the integer part, since bare payloads have them; at most 30 significant
  // digits, zeros at the end apart, and exponents from -30 to 30.
  // Returns InvalidArgument if the text is anything else or out of those bounds.
  static StatusOr<Decimal> Parse(std::string_view text);

  // this × multiplier ÷ divisor, rounded half up (ties away from zero); `multiplier` and `divisor`
  // must be positive.
  // Returns InvalidArgument if the result does not fit in 63 bits, or if a step on the way to a
  // result that is not zero needs more than 127.
  StatusOr<int64_t> Scale(const Decimal& multiplier, const Decimal& divisor) const;

  // (this × times + plus) ÷ (by × divisor), rounded likewise; `times`, `by` and `divisor` must be
  // positive. Returns InvalidArgument as Scale does.
  StatusOr<int64_t> Affine(int64_t times, int64_t plus, int64_t by, const Decimal& divisor) const;

  // The exact sum. Returns InvalidArgument if it is out of the bounds of Parse.
  StatusOr<Decimal> Plus(const Decimal& other) const;

  bool positive() const { return !negative_ && mantissa_ != 0; }
  // The shortest plain text of the same number, without an exponent.
  std::string ToString() const;
  // The same of this × `count`: what so many steps of a resolution are. Exact, whatever its size.
  std::string Times(int64_t count) const;

  // The same number, however it was written.
  friend bool operator==(const Decimal&, const Decimal&) = default;

 private:
  __extension__ using Mantissa = unsigned __int128;  // not ISO C++, but of both our compilers

  bool negative_ = false;
  Mantissa mantissa_ = 0;  // < 10^30
  int exponent_ = 0;

  // numerator ÷ denominator × 10^exponent, rounded.
  static StatusOr<int64_t> Quotient(bool negative, Mantissa numerator, Mantissa denominator,
                                    int exponent);
  // One form for each number: no zeros at the end, and one zero.
  StatusOr<Decimal> Normalised() const;
};

}  // namespace gateway
