// XChaCha20-Poly1305 with nonces that callers cannot choose.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kSealOverheadBytes = kNonceBytes + kTagBytes;

// Appends nonce ‖ ciphertext ‖ tag to `out`. A nonce is 16 random bytes drawn once per thread and
// an 8-byte counter, so sealing needs no system call and no nonce repeats. Thread-safe.
void SealTo(const SecretKey& key, std::string_view plaintext, std::string_view associated_data,
            std::string& out);
std::string Seal(const SecretKey& key, std::string_view plaintext,
                 std::string_view associated_data);

// Returns DataLoss if `sealed` is not exactly what Seal made with this key and associated data;
// wrong key, changed byte and moved row cannot be told apart.
StatusOr<std::string> Open(const SecretKey& key, std::string_view sealed,
                           std::string_view associated_data);

}  // namespace gateway::crypto
