// The one way to the bytes of a SecretKey, for files of gateway/crypto only: searching for this
// header's name finds every place that touches key bytes. No header may include it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

class KeyAccess {
 public:
  // GW_CHECKs that the key was not moved from.
  static const uint8_t* Bytes(const SecretKey& key) {
    GW_CHECK(key.slot_ != nullptr);
    return key.slot_;
  }
  static uint8_t* MutableBytes(SecretKey& key) {
    GW_CHECK(key.slot_ != nullptr);
    return key.slot_;
  }
  static std::string_view View(const SecretKey& key) {
    return {reinterpret_cast<const char*>(Bytes(key)), SecretKey::kBytes};
  }
  // A key of zeros, to be filled in place. Returns ResourceExhausted if the arena is full.
  static StatusOr<SecretKey> Blank();
};

// Appends the key as 64 lower-case hex digits; leaves no other copy behind.
void AppendHex(const SecretKey& key, std::string& out);
// Returns InvalidArgument unless `hex` is 64 lower-case hex digits.
StatusOr<SecretKey> KeyFromHex(std::string_view hex);

// As Open of aead.h, for a sealed key, which goes into the arena without passing through the heap.
StatusOr<SecretKey> OpenKey(const SecretKey& key, std::string_view sealed,
                            std::string_view associated_data);

}  // namespace gateway::crypto
