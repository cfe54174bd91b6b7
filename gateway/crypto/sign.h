// Ed25519 (RFC 8032), by libsodium only: libraries disagree on adversarial signatures, and a
// federation in which they do would split.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;

// A signing key. Move-only. Thread-compatible.
class Signer {
 public:
  static StatusOr<Signer> Generate();
  static StatusOr<Signer> FromSeed(SecretKey seed);
  const std::string& public_key() const { return public_key_; }
  std::string Sign(std::string_view message) const;
  // The X25519 secret that belongs to the public key's X25519 form (age.h).
  // Returns ResourceExhausted if the arena of locked keys is full.
  StatusOr<SecretKey> ToX25519() const;

  // "commons-key-v1 ed25519 <hex public> <hex seed>\n": a key file for residents and stewards.
  std::string ToKeyFile() const;
  // Returns InvalidArgument if the text is not a key file, or its halves do not belong together.
  static StatusOr<Signer> FromKeyFile(std::string_view text);

 private:
  Signer(SecretKey seed, std::string public_key)
      : seed_(std::move(seed)), public_key_(std::move(public_key)) {}
  SecretKey seed_;
  std::string public_key_;
};

// False for a wrong size as well.
bool VerifySignature(std::string_view public_key, std::string_view message,
                     std::string_view signature);

// "ed25519:<64 hex digits>", as documents spell a public key.
std::string FormatPublicKey(std::string_view public_key);
StatusOr<std::string> ParsePublicKey(std::string_view text);

}  // namespace gateway::crypto
