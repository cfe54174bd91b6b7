// The keyslot file: the master key, sealed to one X25519 key pair per slot, so that a new master
// key can be sealed to every slot with no secret present.
//
// Bytes: "CGKS1" 0x00 | u8 n | n × { u8 type = 2 | 32 B X25519 public key | 80 B crypto_box_seal }.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

inline constexpr std::size_t kKeyslotsMax = 16;

enum class SlotType : uint8_t { kKeyFile = 2 };

struct Keyslot {
  SlotType type = SlotType::kKeyFile;
  std::string public_key;     // X25519, 32 bytes
  std::string sealed_master;  // crypto_box_seal of the master key, 80 bytes
};

// A key file: "commons-keyslot-v1 x25519 <hex secret>\n". Kept away from the board.
StatusOr<std::string> GenerateKeyFile();

// Seals `master` to the public half of `key_file`. Returns InvalidArgument if it is no key file.
StatusOr<Keyslot> SealToKeyFile(const SecretKey& master, std::string_view key_file);

std::string SerializeKeyslots(const std::vector<Keyslot>& slots);
// Returns DataLoss if the bytes are not a keyslot file of a version we know.
StatusOr<std::vector<Keyslot>> ParseKeyslots(std::string_view bytes);

// Returns PermissionDenied if no slot opens (a wrong key file and a damaged slot are not told
// apart), InvalidArgument if `key_file` is no key file.
StatusOr<SecretKey> OpenMaster(const std::vector<Keyslot>& slots, std::string_view key_file);

}  // namespace gateway::crypto
