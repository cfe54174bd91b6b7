#include "gateway/crypto/keyslots.h"

#include <sodium.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/insecure_access.h"
#include "gateway/crypto/sign.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kMagic("CGKS2\0", 6);
constexpr std::string_view kTagContext("commons-keyslot/v2\0", 19);
constexpr std::size_t kSealedMasterBytes = kBoxOverheadBytes + SecretKey::kBytes;
constexpr std::size_t kSealedShareBytes = kBoxOverheadBytes + 1 + SecretKey::kBytes;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kGenerationsMax = 2;

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void PutSlot(const Keyslot& slot, ByteWriter& out) {
  GW_CHECK(slot.public_key.size() == kBoxPublicKeyBytes);
  out.U8(static_cast<uint8_t>(slot.type)).Raw(slot.public_key);
  if (slot.type == SlotType::kPassphrase) {
    GW_CHECK(slot.cost.salt.size() == Argon2Cost::kSaltBytes);
    out.U32(slot.cost.ops).U32(slot.cost.mem_kib).Raw(slot.cost.salt);
  } else if (slot.type == SlotType::kStewards) {
    GW_CHECK(slot.shares.size() <= kStewardsMax);
    out.U8(slot.threshold).U8(static_cast<uint8_t>(slot.shares.size()));
    for (const SealedShare& share : slot.shares) {
      GW_CHECK(share.steward.size() == kPublicKeyBytes &&
               share.sealed.size() == kSealedShareBytes);
      out.Raw(share.steward).Raw(share.sealed);
    }
  }
}

Status TakeSlot(ByteReader& in, Keyslot& slot) {
  const uint8_t type = in.U8();
  slot.public_key = in.Raw(kBoxPublicKeyBytes);
  if (!in.ok()) return OkStatus();  // told by Finish
  slot.type = static_cast<SlotType>(type);
  switch (slot.type) {
    case SlotType::kKeyFile:
      return OkStatus();
    case SlotType::kPassphrase:
      slot.cost.ops = in.U32();
      slot.cost.mem_kib = in.U32();
      slot.cost.salt = in.Raw(Argon2Cost::kSaltBytes);
      if (in.ok() && (slot.cost.ops < 1 || slot.cost.ops > Argon2Cost::kOpsMax ||
                      slot.cost.mem_kib < Argon2Cost::kMemKibMin ||
                      slot.cost.mem_kib > Argon2Cost::kMemKibMax)) {
        return DataLoss("keyslots: a passphrase is stretched by 1 to %d passes over %d to %d KiB, "
                        "not %d over %d", Argon2Cost::kOpsMax, Argon2Cost::kMemKibMin,
                        Argon2Cost::kMemKibMax, slot.cost.ops, slot.cost.mem_kib);
      }
      return OkStatus();
    case SlotType::kStewards: {
      slot.threshold = in.U8();
      const std::size_t count = in.U8();
      if (in.ok() && (count > kStewardsMax || slot.threshold < 1 || slot.threshold > count)) {
        return DataLoss("keyslots: %d of %d stewards", static_cast<int>(slot.threshold), count);
      }
      slot.shares.resize(in.ok() ? count : 0);
      for (SealedShare& share : slot.shares) {
        share.steward = in.Raw(kPublicKeyBytes);
        share.sealed = in.Raw(kSealedShareBytes);
      }
      return OkStatus();
    }
  }
  return DataLoss("keyslots: slot type %d is unknown", static_cast<int>(type));
}

// Binds who may open, and what was sealed to them, to the master key of one generation: without it
// whoever can write the file could add a slot of his own and wait for the next master key.
std::string TagOf(const Keyslot& slot, std::string_view box, const MasterKey& master) {
  ByteWriter text;
  text.Raw(kTagContext).U32(master.generation);
  PutSlot(slot, text);
  text.Raw(box);
  return Blake2b128Keyed(master.key, text.bytes());
}

}  // namespace

std::string SlotPublicKey(const SecretKey& secret) {
  std::string public_key(kBoxPublicKeyBytes, '\0');
  crypto_scalarmult_base(reinterpret_cast<unsigned char*>(public_key.data()),
                         KeyAccess::Bytes(secret));
  return public_key;
}

std::string SerializeSlot(const Keyslot& slot) {
  ByteWriter out;
  PutSlot(slot, out);
  return out.Take();
}

StatusOr<Keyslot> ParseSlot(std::string_view bytes) {
  ByteReader in(bytes);
  Keyslot slot;
  Status status = TakeSlot(in, slot);
  if (status.ok()) status = in.Finish("keyslot");
  if (!status.ok()) return InvalidArgument("%s", std::string(Message(status)));
  return slot;
}

std::string SerializeKeyslots(const Keyslots& keyslots) {
  const std::size_t generations = keyslots.slots.empty() ? 1 : keyslots.slots[0].sealed.size();
  GW_CHECK(keyslots.slots.size() <= kKeyslotsMax && generations >= 1 &&
           generations <= kGenerationsMax);
  ByteWriter out;
  out.Raw(kMagic)
      .U32(keyslots.generation)
      .U8(static_cast<uint8_t>(generations))
      .U8(static_cast<uint8_t>(keyslots.slots.size()));
  for (const Keyslot& slot : keyslots.slots) {
    GW_CHECK(slot.sealed.size() == generations);
    PutSlot(slot, out);
    for (const SealedMaster& sealed : slot.sealed) {
      GW_CHECK(sealed.box.size() == kSealedMasterBytes && sealed.tag.size() == kTagBytes);
      out.Raw(sealed.box).Raw(sealed.tag);
    }
  }
  return out.Take();
}

StatusOr<Keyslots> ParseKeyslots(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic) {
    return DataLoss("keyslots: not a keyslots file of a version this program knows");
  }
  Keyslots keyslots;
  keyslots.generation = in.U32();
  const std::size_t generations = in.U8();
  const std::size_t count = in.U8();
  if (in.ok() && (generations < 1 || generations > kGenerationsMax || count > kKeyslotsMax)) {
    return DataLoss("keyslots: %d slots of %d master keys; limits are %d and %d", count,
                    generations, kKeyslotsMax, kGenerationsMax);
  }
  if (in.ok()) keyslots.slots.resize(count);
  for (Keyslot& slot : keyslots.slots) {
    RETURN_IF_ERROR(TakeSlot(in, slot));
    slot.sealed.resize(generations);
    for (SealedMaster& sealed : slot.sealed) {
      sealed.box = in.Raw(kSealedMasterBytes);
      sealed.tag = in.Raw(kTagBytes);
    }
  }
  RETURN_IF_ERROR(in.Finish("keyslots"));
  return keyslots;
}

StatusOr<Keyslots> SealKeyslots(std::vector<Keyslot> slots,
                                const std::vector<const MasterKey*>& masters) {
  GW_CHECK(!masters.empty() && masters.size() <= kGenerationsMax &&
           masters.back()->generation - masters.front()->generation == masters.size() - 1);
  for (Keyslot& slot : slots) {
    slot.sealed.clear();
    for (const MasterKey* master : masters) {
      ASSIGN_OR_RETURN(std::string box, SealBox(slot.public_key, KeyAccess::View(master->key)));
      std::string tag = TagOf(slot, box, *master);
      slot.sealed.push_back({std::move(box), std::move(tag)});
    }
  }
  return Keyslots{.generation = masters.front()->generation, .slots = std::move(slots)};
}

StatusOr<std::string> NewKeyslots(Keyslot first) {
  ASSIGN_OR_RETURN(SecretKey fresh, SecretKey::Random());
  const MasterKey master{std::move(fresh), 1};
  ASSIGN_OR_RETURN(const Keyslots keyslots, SealKeyslots({std::move(first)}, {&master}));
  return SerializeKeyslots(keyslots);
}

bool IsGenuine(const Keyslots& keyslots, const Keyslot& slot, const MasterKey& master) {
  const std::size_t index = master.generation - keyslots.generation;
  if (index >= slot.sealed.size()) return false;
  const SealedMaster& sealed = slot.sealed[index];
  const std::string tag = TagOf(slot, sealed.box, master);
  return sealed.tag.size() == tag.size() &&
         sodium_memcmp(sealed.tag.data(), tag.data(), tag.size()) == 0;
}

StatusOr<MasterKeys> OpenMasters(const Keyslots& keyslots, const SecretKey& secret) {
  const std::string public_key = SlotPublicKey(secret);
  for (const Keyslot& slot : keyslots.slots) {
    if (slot.public_key != public_key) continue;
    std::vector<MasterKey> masters;
    for (std::size_t i = 0; i < slot.sealed.size(); ++i) {
      ASSIGN_OR_RETURN(SecretKey key, KeyAccess::Blank());
      if (crypto_box_seal_open(KeyAccess::MutableBytes(key), Unsigned(slot.sealed[i].box),
                               slot.sealed[i].box.size(), Unsigned(public_key),
                               KeyAccess::Bytes(secret)) != 0) {
        break;
      }
      masters.push_back({std::move(key), keyslots.generation + static_cast<uint32_t>(i)});
      if (!IsGenuine(keyslots, slot, masters.back())) break;
      if (masters.size() == slot.sealed.size()) return MasterKeys(std::move(masters));
    }
  }
  return PermissionDenied("none of the %d keyslots opens with it", keyslots.slots.size());
}

}  // namespace gateway::crypto
