#include "gateway/model/decimal.h"

#include <limits>

#include "gateway/base/check.h"

namespace gateway {
namespace {

__extension__ using U128 = unsigned __int128;
constexpr int kDigitsMax = 30;
constexpr int kExponentMax = 30;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Multiplies unless the product would pass 2^127.
bool MultiplyInto(U128& value, U128 factor) {
  constexpr U128 kLimit = static_cast<U128>(1) << 127;
  if (factor != 0 && value > kLimit / factor) return false;
  value *= factor;
  return true;
}

bool ScaleByTen(U128& value, int power) {
  for (; power > 0; --power) {
    if (!MultiplyInto(value, 10)) return false;
  }
  return true;
}

}  // namespace

StatusOr<Decimal> Decimal::Parse(std::string_view text) {
  const auto bad = [] { return InvalidArgument("number: not a decimal number"); };
  std::string_view rest = text;
  Decimal result;
  if (!rest.empty() && rest.front() == '-') {
    result.negative_ = true;
    rest.remove_prefix(1);
  }
  int significant = 0;
  const auto take_digits = [&](bool fraction) -> bool {
    bool any = false;
    for (; !rest.empty() && IsDigit(rest.front()); rest.remove_prefix(1)) {
      any = true;
      if (fraction) --result.exponent_;
      if (result.mantissa_ == 0 && rest.front() == '0') continue;
      if (++significant > kDigitsMax) return false;
      result.mantissa_ = result.mantissa_ * 10 + static_cast<unsigned>(rest.front() - '0');
    }
    return any;
  };
  if (!take_digits(false)) return bad();
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    if (!take_digits(true)) return bad();
  }
  if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
    rest.remove_prefix(1);
    bool negative = false;
    if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
      negative = rest.front() == '-';
      rest.remove_prefix(1);
    }
    if (rest.empty()) return bad();
    int exponent = 0;
    for (; !rest.empty() && IsDigit(rest.front()); rest.remove_prefix(1)) {
      exponent = exponent * 10 + (rest.front() - '0');
      if (exponent > 1000) return bad();
    }
    result.exponent_ += negative ? -exponent : exponent;
  }
  if (!rest.empty()) return bad();
  while (result.mantissa_ != 0 && result.mantissa_ % 10 == 0) {  // One form for each number.
    result.mantissa_ /= 10;
    ++result.exponent_;
  }
  if (result.mantissa_ == 0) return Decimal();
  if (result.exponent_ < -kExponentMax || result.exponent_ > kExponentMax) return bad();
  return result;
}

StatusOr<int64_t> Decimal::Scale(const Decimal& multiplier, const Decimal& divisor) const {
  GW_CHECK(multiplier.positive() && divisor.positive());
  const auto too_large = [] { return InvalidArgument("number: does not fit in 63 bits"); };
  if (mantissa_ == 0) return 0;
  U128 numerator = mantissa_;
  U128 denominator = divisor.mantissa_;
  if (!MultiplyInto(numerator, multiplier.mantissa_)) return too_large();
  const int exponent = exponent_ + multiplier.exponent_ - divisor.exponent_;
  if (exponent >= 0) {
    if (!ScaleByTen(numerator, exponent)) return too_large();
  } else if (!ScaleByTen(denominator, -exponent)) {
    // The divisor is more than 2^127: below a numerator of 2^126 the quotient is under one half,
    // so zero. Above it the input is refused rather than guessed at.
    constexpr U128 kHalf = static_cast<U128>(1) << 126;
    if (numerator < kHalf) return 0;
    return too_large();
  }
  const U128 quotient = numerator / denominator;
  const U128 remainder = numerator % denominator;
  const U128 rounded = quotient + (remainder >= denominator - remainder ? 1 : 0);
  if (rounded > static_cast<U128>(std::numeric_limits<int64_t>::max())) return too_large();
  const int64_t magnitude = static_cast<int64_t>(rounded);
  return negative_ ? -magnitude : magnitude;
}

std::string Decimal::ToString() const {
  std::string digits;
  for (U128 rest = mantissa_; rest != 0; rest /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  if (digits.empty()) return "0";
  if (exponent_ >= 0) {
    digits.append(static_cast<std::size_t>(exponent_), '0');
  } else {
    const auto places = static_cast<std::size_t>(-exponent_);
    if (digits.size() <= places) digits.insert(0, places - digits.size() + 1, '0');
    digits.insert(digits.size() - places, ".");
  }
  return negative_ ? "-" + digits : digits;
}

}  // namespace gateway
