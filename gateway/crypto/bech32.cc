#include "gateway/crypto/bech32.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/crypto/secret.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumDigits = 6;

uint32_t Step(uint32_t sum, uint32_t digit) {
  constexpr std::array<uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                  0x2a1462b3};
  const uint32_t top = sum >> 25;
  sum = (sum & 0x1ffffff) << 5 ^ digit;
  for (std::size_t i = 0; i < kGenerator.size(); ++i) {
    if ((top >> i & 1) != 0) sum ^= kGenerator[i];
  }
  return sum;
}

// The sum after the prefix: its high bits, a zero, its low bits.
uint32_t StartOf(std::string_view prefix) {
  uint32_t sum = 1;
  for (const char c : prefix) sum = Step(sum, static_cast<uint8_t>(c) >> 5);
  sum = Step(sum, 0);
  for (const char c : prefix) sum = Step(sum, static_cast<uint8_t>(c) & 31);
  return sum;
}

}  // namespace

std::string Bech32Encode(std::string_view prefix, std::string_view data) {
  std::string text;
  text.reserve(prefix.size() + 1 + (data.size() * 8 + 4) / 5 + kChecksumDigits);
  text.append(prefix).push_back('1');
  uint32_t sum = StartOf(prefix);
  const auto put = [&](uint32_t digit) {
    sum = Step(sum, digit);
    text.push_back(kAlphabet[digit]);
  };
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : data) {
    bits = (bits << 8 | static_cast<uint8_t>(c)) & 0xfff;
    for (bit_count += 8; bit_count >= 5;) {
      bit_count -= 5;
      put(bits >> bit_count & 31);
    }
  }
  if (bit_count > 0) put(bits << (5 - bit_count) & 31);
  for (std::size_t i = 0; i < kChecksumDigits; ++i) sum = Step(sum, 0);
  sum ^= 1;
  for (int i = 5; i >= 0; --i) text.push_back(kAlphabet[sum >> (5 * i) & 31]);
  return text;
}

StatusOr<std::string> Bech32Decode(std::string_view prefix, std::string_view text) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool upper = std::any_of(text.begin(), text.end(), is_upper);
  if (upper && std::any_of(text.begin(), text.end(), is_lower)) {
    return InvalidArgument("bech32: upper and lower case are mixed");
  }
  const auto lower = [&](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; };
  if (text.size() < prefix.size() + 1 + kChecksumDigits || text[prefix.size()] != '1' ||
      !std::equal(prefix.begin(), prefix.end(), text.begin(),
                  [&](char want, char have) { return want == lower(have); })) {
    return InvalidArgument("bech32: does not begin with \"%s1\"", prefix);
  }
  text.remove_prefix(prefix.size() + 1);
  std::string data;
  data.reserve(text.size() * 5 / 8);
  uint32_t sum = StartOf(prefix), bits = 0;
  int bit_count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kAlphabet.find(lower(text[i]));
    if (digit == std::string_view::npos) {
      Wipe(data.data(), data.size());
      return InvalidArgument("bech32: a foreign character");
    }
    sum = Step(sum, static_cast<uint32_t>(digit));
    if (i + kChecksumDigits >= text.size()) continue;
    bits = (bits << 5 | static_cast<uint32_t>(digit)) & 0xfff;
    bit_count += 5;
    if (bit_count < 8) continue;
    bit_count -= 8;
    data.push_back(static_cast<char>(bits >> bit_count & 0xff));
  }
  if (sum != 1 || bit_count >= 5 || (bits & ((1u << bit_count) - 1)) != 0) {
    Wipe(data.data(), data.size());
    return InvalidArgument("bech32: the checksum or the padding is wrong");
  }
  return data;
}

}  // namespace gateway::crypto
