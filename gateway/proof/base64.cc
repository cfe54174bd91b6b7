#include "gateway/proof/base64.h"

#include <cstdint>

namespace gateway::proof {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kPadding = '=';

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < group.size() ? static_cast<uint8_t>(group[i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text.push_back(i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63] : kPadding);
    }
  }
  return text;
}

StatusOr<std::string> Base64Decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : text.substr(0, text.find(kPadding))) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return InvalidArgument("base64: a foreign character");
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xffff;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes.push_back(static_cast<char>(bits >> bit_count));
  }
  // Padding and unused bits: whatever encodes back to the same text has them right.
  if (Base64Encode(bytes) != text) return InvalidArgument("base64: not in canonical form");
  return bytes;
}

}  // namespace gateway::proof
