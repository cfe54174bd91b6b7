// Sealed boxes: what only the holder of an X25519 key made for one question can read.
//
// Bytes: libsodium's crypto_box_seal: 32 B ephemeral public key ‖ 16 B tag ‖ ciphertext.
// https://doc.libsodium.org/public-key_cryptography/sealed_boxes
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

inline constexpr std::size_t kBoxPublicKeyBytes = 32;
inline constexpr std::size_t kBoxOverheadBytes = 48;

// A fresh key pair. Move-only. Thread-compatible.
class BoxKey {
 public:
  // Returns ResourceExhausted if the arena of locked keys is full.
  static StatusOr<BoxKey> Generate();
  const std::string& public_key() const { return public_key_; }
  // Returns DataLoss if `box` is not exactly what SealBox made for this key.
  StatusOr<std::string> Open(std::string_view box) const;

 private:
  BoxKey(SecretKey secret, std::string public_key)
      : secret_(std::move(secret)), public_key_(std::move(public_key)) {}
  SecretKey secret_;
  std::string public_key_;
};

// Thread-safe. Says nothing about who sealed it: what is inside must be signed.
// Returns InvalidArgument if `public_key` has a wrong size or is a point of low order.
StatusOr<std::string> SealBox(std::string_view public_key, std::string_view plaintext);

// X25519 (RFC 7748): the secret that the holders of both keys share. It is not uniform: derive keys
// from it. Returns InvalidArgument if `public_key` has a wrong size or is a point of low order.
StatusOr<SecretKey> SharedSecret(const SecretKey& secret, std::string_view public_key);

}  // namespace gateway::crypto
