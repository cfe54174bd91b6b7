#include "gateway/model/decimal.h"

#include <algorithm>
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

namespace {

std::string DigitsOf(U128 number) {
  std::string digits;
  for (; number != 0; number /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(number % 10)));
  }
  return digits;
}

// digits × 10^exponent without an exponent; no digits are zero.
std::string PlainText(bool negative, std::string digits, int exponent) {
  for (; exponent < 0 && digits.ends_with('0'); ++exponent) digits.pop_back();
  if (digits.empty()) return "0";
  if (exponent >= 0) {
    digits.append(static_cast<std::size_t>(exponent), '0');
  } else {
    const auto places = static_cast<std::size_t>(-exponent);
    if (digits.size() <= places) digits.insert(0, places - digits.size() + 1, '0');
    digits.insert(digits.size() - places, ".");
  }
  return negative ? "-" + digits : digits;
}

// As on paper: up to 30 digits times 19 are more than 128 bits hold.
std::string Multiply(std::string_view a, std::string_view b) {
  std::string product(a.size() + b.size(), '0');
  for (std::size_t i = a.size(); i-- > 0;) {
    int carry = 0;
    for (std::size_t j = b.size(); j-- > 0;) {
      const int sum = (a[i] - '0') * (b[j] - '0') + (product[i + j + 1] - '0') + carry;
      product[i + j + 1] = static_cast<char>('0' + sum % 10);
      carry = sum / 10;
    }
    product[i] = static_cast<char>(product[i] + carry);
  }
  return product.substr(std::min(product.find_first_not_of('0'), product.size()));
}

}  // namespace

std::string Decimal::ToString() const {
  return PlainText(negative_, DigitsOf(mantissa_), exponent_);
}

std::string Decimal::Times(int64_t count) const {
  const U128 magnitude = count < 0 ? -static_cast<U128>(count) : static_cast<U128>(count);
  return PlainText(negative_ != (count < 0), Multiply(DigitsOf(mantissa_), DigitsOf(magnitude)),
                   exponent_);
}

}  // namespace gateway
