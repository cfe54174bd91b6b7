#include "gateway/crypto/keyslots.h"

#include <sodium.h>

#include <array>

#include "gateway/base/bytes.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kMagic("CGKS1\0", 6);
constexpr std::string_view kKeyFilePrefix = "commons-keyslot-v1 x25519 ";
constexpr std::size_t kBoxKeyBytes = crypto_box_PUBLICKEYBYTES;
constexpr std::size_t kSealedMasterBytes = crypto_box_SEALBYTES + SecretKey::kBytes;
static_assert(kBoxKeyBytes == 32 && kSealedMasterBytes == 80);
static_assert(SecretKey::kBytes == crypto_box_SECRETKEYBYTES);

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

struct KeyPair {
  SecretKey secret;
  std::string public_key;
};

StatusOr<KeyPair> ParseKeyFile(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.starts_with(kKeyFilePrefix)) {
    return InvalidArgument("not a keyslot key file: expected one line \"%s<64 hex digits>\"",
                           kKeyFilePrefix);
  }
  ASSIGN_OR_RETURN(SecretKey secret, KeyFromHex(text.substr(kKeyFilePrefix.size())));
  std::string public_key(kBoxKeyBytes, '\0');
  crypto_scalarmult_base(Unsigned(public_key), KeyAccess::Bytes(secret));
  return KeyPair{std::move(secret), std::move(public_key)};
}

}  // namespace

StatusOr<std::string> GenerateKeyFile() {
  ASSIGN_OR_RETURN(const SecretKey secret, SecretKey::Random());
  std::string text;
  text.reserve(kKeyFilePrefix.size() + 2 * SecretKey::kBytes + 1);  // no second copy by growth
  text.append(kKeyFilePrefix);
  AppendHex(secret, text);
  text.push_back('\n');
  return text;
}

StatusOr<Keyslot> SealToKeyFile(const SecretKey& master, std::string_view key_file) {
  ASSIGN_OR_RETURN(KeyPair pair, ParseKeyFile(key_file));
  Keyslot slot;
  slot.public_key = std::move(pair.public_key);
  slot.sealed_master.resize(kSealedMasterBytes);
  if (crypto_box_seal(Unsigned(slot.sealed_master), KeyAccess::Bytes(master), SecretKey::kBytes,
                      Unsigned(slot.public_key)) != 0) {
    return InvalidArgument("the keyslot's public key is not usable");
  }
  return slot;
}

std::string SerializeKeyslots(const std::vector<Keyslot>& slots) {
  GW_CHECK(slots.size() <= kKeyslotsMax);
  ByteWriter out;
  out.Raw(kMagic).U8(static_cast<uint8_t>(slots.size()));
  for (const Keyslot& slot : slots) {
    GW_CHECK(slot.public_key.size() == kBoxKeyBytes &&
             slot.sealed_master.size() == kSealedMasterBytes);
    out.U8(static_cast<uint8_t>(slot.type)).Raw(slot.public_key).Raw(slot.sealed_master);
  }
  return out.Take();
}

StatusOr<std::vector<Keyslot>> ParseKeyslots(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic) {
    return DataLoss("keyslots: not a keyslot file of a version this program knows");
  }
  const std::size_t count = in.U8();
  if (count > kKeyslotsMax) return DataLoss("keyslots: %d slots, limit %d", count, kKeyslotsMax);
  std::vector<Keyslot> slots(count);
  for (Keyslot& slot : slots) {
    const uint8_t type = in.U8();
    if (in.ok() && type != static_cast<uint8_t>(SlotType::kKeyFile)) {
      return DataLoss("keyslots: slot type %d is unknown", static_cast<int>(type));
    }
    slot.public_key = in.Raw(kBoxKeyBytes);
    slot.sealed_master = in.Raw(kSealedMasterBytes);
  }
  RETURN_IF_ERROR(in.Finish("keyslots"));
  return slots;
}

StatusOr<SecretKey> OpenMaster(const std::vector<Keyslot>& slots, std::string_view key_file) {
  ASSIGN_OR_RETURN(const KeyPair pair, ParseKeyFile(key_file));
  ASSIGN_OR_RETURN(SecretKey master, KeyAccess::Blank());
  for (const Keyslot& slot : slots) {
    if (slot.public_key == pair.public_key && slot.sealed_master.size() == kSealedMasterBytes &&
        crypto_box_seal_open(KeyAccess::MutableBytes(master), Unsigned(slot.sealed_master),
                             kSealedMasterBytes, Unsigned(pair.public_key),
                             KeyAccess::Bytes(pair.secret)) == 0) {
      return master;
    }
  }
  return PermissionDenied("none of the %d keyslots opens with this key file", slots.size());
}

}  // namespace gateway::crypto
