// The data keys in use: one per owner and epoch, each wrapped by the master key. The keyring
// knows nothing of disks: it hands out wrapped keys to be stored and takes them back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"

namespace gateway::crypto {

// Thread-safe. `owner` is 16 bytes, `epoch` a UTC month (or a fixed number for the gateway's own
// keys). A wrapped key is Seal (aead.h) under the master key with the associated data
// "commons-data-key/v1" 0x00 | owner | u32be epoch.
class Keyring {
 public:
  static constexpr std::size_t kOwnerBytes = 16;

  explicit Keyring(SecretKey master) : Keyring(MasterKey{std::move(master), 1}) {}
  explicit Keyring(MasterKey master) : master_(std::move(master)) {}

  bool Has(std::string_view owner, uint32_t epoch) const;

  // Makes a fresh data key, keeps it, and returns it wrapped (72 bytes: nonce ‖ sealed key).
  // Returns AlreadyExists if there is one, ResourceExhausted if the arena is full,
  // InvalidArgument if `owner` has a wrong size.
  StatusOr<std::string> Mint(std::string_view owner, uint32_t epoch);

  // Takes a wrapped key back; again is harmless. Returns DataLoss if it does not open for this
  // owner and epoch; with `older`, to neither master key.
  Status Load(std::string_view owner, uint32_t epoch, std::string_view wrapped,
              const SecretKey* older = nullptr);

  // Every key that is loaded, wrapped by `next`, or the master key if it is null. Nothing changes until TakeMaster, before which the caller makes these durable and mints nothing.
  struct WrappedKey {
    std::string owner;
    uint32_t epoch = 0;
    std::string wrapped;
  };
  std::vector<WrappedKey> WrapAll(const MasterKey* next) const;
  void TakeMaster(MasterKey next);
  uint32_t generation() const;

  // Seals the master key to the slots, and `next` as well if there is one. As SealKeyslots.
  StatusOr<Keyslots> SealSlots(std::vector<Keyslot> slots, const MasterKey* next) const;
  // Those slots of a file that were sealed by someone who had this master key.
  std::vector<Keyslot> GenuineSlots(const Keyslots& keyslots) const;

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

  // The key as a secret that signs, for keys of the gateway's own that do nothing else.
  // Return NotFound if it is not loaded, ResourceExhausted if the arena is full; TlsIdentityOf also
  // as MakeTlsIdentity does.
  StatusOr<Signer> SignerOf(std::string_view owner, uint32_t epoch) const;
  StatusOr<TlsIdentity> TlsIdentityOf(std::string_view owner, uint32_t epoch) const;

 private:
  using KeyName = std::pair<std::string, uint32_t>;
  using KeyView = std::pair<std::string_view, uint32_t>;
  // Compares without making a KeyName: a lookup happens for every message and must not allocate.
  struct KeyLess {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      return KeyView(a.first, a.second) < KeyView(b.first, b.second);
    }
  };
  const SecretKey* Find(std::string_view owner, uint32_t epoch) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  MasterKey master_ ABSL_GUARDED_BY(mutex_);
  std::map<KeyName, SecretKey, KeyLess> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::crypto
