// Key bytes in memory. They live in one arena that is locked against swapping and excluded from
// core dumps; nothing outside gateway/crypto reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::crypto {

// One slot per key: 2 000 households with some five years of monthly keys. Fits Debian's default
// RLIMIT_MEMLOCK of 8 MiB.
inline constexpr std::size_t kLockedArenaBytes = 4u << 20;

// Prepares libsodium and the locked arena. Call once, before anything else here; again is a no-op.
// Returns ResourceExhausted if the arena cannot be locked (raise RLIMIT_MEMLOCK).
Status InitCrypto();

// 32 secret bytes in the locked arena, wiped when destroyed. Move-only; no stream, no format, and
// comparison only in constant time. Thread-compatible.
class SecretKey {
 public:
  static constexpr std::size_t kBytes = 32;

  // Returns ResourceExhausted if the arena is full, FailedPrecondition before InitCrypto.
  static StatusOr<SecretKey> Random();
  // Copies `bytes` (exactly kBytes; the caller wipes its own copy).
  // Returns InvalidArgument if the size is another, ResourceExhausted if the arena is full.
  static StatusOr<SecretKey> FromBytes(std::string_view bytes);

  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  ~SecretKey();

  bool Equals(const SecretKey& other) const;

 private:
  friend class KeyAccess;  // insecure_access.h: the one greppable way to the bytes
  explicit SecretKey(uint8_t* slot) : slot_(slot) {}
  uint8_t* slot_ = nullptr;
};

// Overwrites the bytes so that the compiler cannot leave it out.
void Wipe(char* bytes, std::size_t size);

}  // namespace gateway::crypto
