// The keyslots file: the master key, sealed to one X25519 key pair per slot, so that a new master
// key can be sealed to every slot with no secret present. How a slot's secret half is had from a
// key file, a passphrase or stewards: slot_secret.h. Bytes: docs/formats.md §keyslots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

inline constexpr std::size_t kKeyslotsMax = 16;
inline constexpr std::size_t kStewardsMax = 16;
inline constexpr std::size_t kKeyslotsBytesMax = 64u << 10;

enum class SlotType : uint8_t { kPassphrase = 1, kKeyFile = 2, kStewards = 4 };

// How expensive a guess is. Limits are checked before anything is allocated, because the file that
// says this may be anybody's.
struct Argon2Cost {
  static constexpr uint32_t kOpsMax = 16;
  static constexpr uint32_t kMemKibMin = 8u << 10;
  static constexpr uint32_t kMemKibMax = 512u << 10;
  static constexpr std::size_t kSaltBytes = 16;
  uint32_t ops = 3;
  uint32_t mem_kib = 64u << 10;
  std::string salt;
};

struct SealedShare {
  std::string steward;  // Ed25519 public key
  std::string sealed;   // crypto_box_seal of number and share, 81 bytes
};

// The master key of one generation, sealed to a slot.
struct SealedMaster {
  std::string box;  // crypto_box_seal, 80 bytes
  std::string tag;  // keyed hash of the slot under the master key, 16 bytes
};

struct Keyslot {
  SlotType type = SlotType::kKeyFile;
  std::string public_key;           // X25519, 32 bytes: the slot's id
  Argon2Cost cost;                  // of a passphrase
  uint8_t threshold = 0;            // of stewards
  std::vector<SealedShare> shares;  // of stewards
  std::vector<SealedMaster> sealed;  // one per generation of the file; none: a slot to be added
};

struct Keyslots {
  uint32_t generation = 1;  // of the oldest master key in the file
  std::vector<Keyslot> slots;
};

// `generation` counts how often the master key was replaced.
struct MasterKey {
  SecretKey key;
  uint32_t generation = 1;
};

// Those of a keyslots file, oldest first: two while one replaces the other.
struct MasterKeys {
  // A single key stands for itself.
  MasterKeys(SecretKey only) {  // NOLINT(google-explicit-constructor)
    keys.push_back({std::move(only), 1});
  }
  explicit MasterKeys(std::vector<MasterKey> all) : keys(std::move(all)) {}
  std::vector<MasterKey> keys;
};

std::string SerializeKeyslots(const Keyslots& keyslots);
// Returns DataLoss if the bytes are not a keyslots file of a version we know.
StatusOr<Keyslots> ParseKeyslots(std::string_view bytes);

// A slot without its sealed master key, as it travels from who has the secret to the daemon.
std::string SerializeSlot(const Keyslot& slot);
// Returns InvalidArgument if the bytes are no such slot, or an Argon2Cost is out of its limits.
StatusOr<Keyslot> ParseSlot(std::string_view bytes);

// Seals the master keys, one or two of consecutive generations, to every slot; what was sealed in
// the slots before does not matter. Returns InvalidArgument if a public key is of low order.
StatusOr<Keyslots> SealKeyslots(std::vector<Keyslot> slots,
                                const std::vector<const MasterKey*>& masters);

// The bytes of a file with a fresh master key and one slot.
StatusOr<std::string> NewKeyslots(Keyslot first);

// Whether a slot of the file was sealed by someone who had `master`. No other slot may ever get the
// next master key: whoever can write the file could have put it there.
bool IsGenuine(const Keyslots& keyslots, const Keyslot& slot, const MasterKey& master);

// Returns PermissionDenied if no slot opens with the secret half of its key pair; a wrong secret and
// a damaged slot are not told apart.
StatusOr<MasterKeys> OpenMasters(const Keyslots& keyslots, const SecretKey& secret);

// The public half of an X25519 secret.
std::string SlotPublicKey(const SecretKey& secret);

}  // namespace gateway::crypto
