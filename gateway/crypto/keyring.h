// The data keys in use: one per owner and epoch, each wrapped by the master key. The keyring
// knows nothing of disks: it hands out wrapped keys to be stored and takes them back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

// Thread-safe. `owner` is 16 bytes, `epoch` a UTC month (or a fixed number for the gateway's own
// keys).
class Keyring {
 public:
  explicit Keyring(SecretKey master) : master_(std::move(master)) {}

  bool Has(std::string_view owner, uint32_t epoch) const;

  // Makes a fresh data key, keeps it, and returns it wrapped (72 bytes: nonce ‖ sealed key).
  // Returns AlreadyExists if there is one, ResourceExhausted if the arena is full.
  StatusOr<std::string> Mint(std::string_view owner, uint32_t epoch);

  // Takes a wrapped key back. Returns DataLoss if it does not open for this owner and epoch.
  Status Load(std::string_view owner, uint32_t epoch, std::string_view wrapped);

  // Drops the key from memory (after a mint whose row could not be written).
  void Forget(std::string_view owner, uint32_t epoch);

  // Return NotFound if the key is not loaded; Open returns DataLoss as crypto::Open does.
  Status SealTo(std::string_view owner, uint32_t epoch, std::string_view plaintext,
                std::string_view associated_data, std::string& out) const;
  StatusOr<std::string> Open(std::string_view owner, uint32_t epoch, std::string_view sealed,
                             std::string_view associated_data) const;

  // Keyed hashes under one of the gateway's own keys. GW_CHECKs that the key is loaded.
  std::string Pseudonym(std::string_view owner, uint32_t epoch, std::string_view data) const;
  uint64_t ShortHash(std::string_view owner, uint32_t epoch, std::string_view a,
                     std::string_view b) const;

 private:
  using KeyName = std::pair<std::string, uint32_t>;
  const SecretKey* Find(std::string_view owner, uint32_t epoch) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SecretKey master_;
  mutable Mutex mutex_;
  std::map<KeyName, SecretKey> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::crypto
