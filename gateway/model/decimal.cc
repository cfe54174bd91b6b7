#include "gateway/model/decimal.h"

#include <algorithm>
#include <limits>

#include "gateway/base/check.h"

namespace gateway {
namespace {

__extension__ using U128 = unsigned __int128;
constexpr std::size_t kDigitsMax = 30;
constexpr int kExponentMax = 30;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Multiplies unless the product would reach 2^127: two such products add up without overflow.
bool MultiplyInto(U128& value, U128 factor) {
  constexpr U128 kLimit = (static_cast<U128>(1) << 127) - 1;
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

U128 Magnitude(int64_t value) {
  return value < 0 ? -static_cast<U128>(value) : static_cast<U128>(value);
}

// Both below 2^127.
void AddSigned(U128& value, bool& negative, U128 other, bool other_negative) {
  if (negative == other_negative) {
    value += other;
  } else if (value >= other) {
    value -= other;
  } else {
    value = other - value;
    negative = other_negative;
  }
}

std::string DigitsOf(U128 number) {
  std::string digits;
  for (; number != 0; number /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(number % 10)));
  }
  return digits;
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
  std::size_t significant = 0;
  std::size_t zeros = 0;  // seen since the last other digit: they count only if one follows
  const auto take_digits = [&](bool fraction) -> bool {
    bool any = false;
    for (; !rest.empty() && IsDigit(rest.front()); rest.remove_prefix(1)) {
      any = true;
      if (fraction) --result.exponent_;
      if (rest.front() == '0') {
        if (result.mantissa_ != 0) ++zeros;
        continue;
      }
      significant += zeros + 1;
      if (significant > kDigitsMax) return false;
      for (; zeros > 0; --zeros) result.mantissa_ *= 10;
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
  if (!rest.empty() || zeros > 1'000) return bad();
  result.exponent_ += static_cast<int>(zeros);
  return result.Normalised();
}

StatusOr<Decimal> Decimal::Normalised() const {
  if (mantissa_ == 0) return Decimal();
  Decimal result = *this;
  for (; result.mantissa_ % 10 == 0; ++result.exponent_) result.mantissa_ /= 10;
  if (result.exponent_ < -kExponentMax || result.exponent_ > kExponentMax) {
    return InvalidArgument("number: not a decimal number");
  }
  return result;
}

StatusOr<int64_t> Decimal::Quotient(bool negative, Mantissa numerator, Mantissa denominator,
                                    int exponent) {
  const auto too_large = [] { return InvalidArgument("number: does not fit in 63 bits"); };
  if (numerator == 0) return 0;
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
  return negative ? -magnitude : magnitude;
}

StatusOr<int64_t> Decimal::Scale(const Decimal& multiplier, const Decimal& divisor) const {
  GW_CHECK(multiplier.positive() && divisor.positive());
  U128 numerator = mantissa_;
  if (!MultiplyInto(numerator, multiplier.mantissa_)) {
    return InvalidArgument("number: does not fit in 63 bits");
  }
  return Quotient(negative_, numerator, divisor.mantissa_,
                  exponent_ + multiplier.exponent_ - divisor.exponent_);
}

StatusOr<int64_t> Decimal::Affine(int64_t times, int64_t plus, int64_t by,
                                  const Decimal& divisor) const {
  GW_CHECK(times > 0 && by > 0 && divisor.positive());
  const int exponent = std::min(exponent_, 0);  // of both summands
  U128 product = mantissa_;
  U128 offset = Magnitude(plus);
  U128 denominator = divisor.mantissa_;
  if (!MultiplyInto(product, Magnitude(times)) || !ScaleByTen(product, exponent_ - exponent) ||
      (offset != 0 && !ScaleByTen(offset, -exponent)) ||
      !MultiplyInto(denominator, Magnitude(by))) {
    return InvalidArgument("number: does not fit in 63 bits");
  }
  bool negative = negative_;
  AddSigned(product, negative, offset, plus < 0);
  return Quotient(negative, product, denominator, exponent - divisor.exponent_);
}

StatusOr<Decimal> Decimal::Plus(const Decimal& other) const {
  if (mantissa_ == 0) return other;
  if (other.mantissa_ == 0) return *this;
  Decimal sum = *this;
  U128 addend = other.mantissa_;
  sum.exponent_ = std::min(exponent_, other.exponent_);
  if (!ScaleByTen(sum.mantissa_, exponent_ - sum.exponent_) ||
      !ScaleByTen(addend, other.exponent_ - sum.exponent_)) {
    return InvalidArgument("number: a sum has too many digits");
  }
  AddSigned(sum.mantissa_, sum.negative_, addend, other.negative_);
  ASSIGN_OR_RETURN(sum, sum.Normalised());
  if (DigitsOf(sum.mantissa_).size() > kDigitsMax) {
    return InvalidArgument("number: a sum has too many digits");
  }
  return sum;
}

namespace {

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
  return PlainText(negative_ != (count < 0),
                   Multiply(DigitsOf(mantissa_), DigitsOf(Magnitude(count))), exponent_);
}

}  // namespace gateway
