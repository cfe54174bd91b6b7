// HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869), as the age format uses them. libsodium has
// the former; the latter is made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::crypto {

inline constexpr std::size_t kHmacBytes = 32;
inline constexpr std::size_t kHkdfBytesMax = 255 * kHmacBytes;

// A key of any length.
std::string HmacSha256(std::string_view key, std::string_view data);

// Fills `out`. Leaves no copy of a secret behind.
// Returns InvalidArgument if `out` is larger than kHkdfBytesMax.
Status HkdfSha256(std::string_view secret, std::string_view salt, std::string_view info,
                  std::span<uint8_t> out);

}  // namespace gateway::crypto
