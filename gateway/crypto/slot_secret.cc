#include "gateway/crypto/slot_secret.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <set>

#include "gateway/base/bytes.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/insecure_access.h"
#include "gateway/crypto/shamir.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kKeyFilePrefix = "commons-keyslot-v1 x25519 ";
constexpr std::string_view kSharePrefix = "commons-share-v1 ";
constexpr std::string_view kStewardPrefix = "commons-key-v1 ed25519 ";
constexpr std::size_t kShareBytes = 1 + SecretKey::kBytes;

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

struct OpenedShare {
  std::string slot;  // public key
  Share share;
};

StatusOr<OpenedShare> ParseShare(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  constexpr std::size_t kSize = kSharePrefix.size() + 2 * kBoxPublicKeyBytes + 1 + 2 * kShareBytes;
  if (!text.starts_with(kSharePrefix) || text.size() != kSize) {
    return InvalidArgument("not a share: expected one line of `commons key share open`");
  }
  text.remove_prefix(kSharePrefix.size());
  ASSIGN_OR_RETURN(std::string slot, HexDecode(text.substr(0, 2 * kBoxPublicKeyBytes)));
  text.remove_prefix(2 * kBoxPublicKeyBytes);
  if (text[0] != ' ') return InvalidArgument("not a share: expected a space after the slot");
  ASSIGN_OR_RETURN(const std::string number, HexDecode(text.substr(1, 2)));
  ASSIGN_OR_RETURN(SecretKey y, KeyFromHex(text.substr(3)));
  return OpenedShare{std::move(slot), {static_cast<uint8_t>(number[0]), std::move(y)}};
}

// Ed25519 and X25519 are two views of one curve; libsodium maps the one to the other.
StatusOr<std::string> BoxKeyOfSteward(std::string_view ed25519) {
  std::string x25519(kBoxPublicKeyBytes, '\0');
  if (ed25519.size() != kPublicKeyBytes ||
      crypto_sign_ed25519_pk_to_curve25519(Unsigned(x25519), Unsigned(ed25519)) != 0) {
    return InvalidArgument("a steward's key is no Ed25519 public key");
  }
  return x25519;
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

StatusOr<SecretKey> SecretOfKeyFile(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.starts_with(kKeyFilePrefix)) {
    return InvalidArgument("not a keyslot key file: expected one line \"%s<64 hex digits>\"",
                           kKeyFilePrefix);
  }
  return KeyFromHex(text.substr(kKeyFilePrefix.size()));
}

StatusOr<Keyslot> SlotOfKeyFile(std::string_view key_file) {
  ASSIGN_OR_RETURN(const SecretKey secret, SecretOfKeyFile(key_file));
  Keyslot slot;
  slot.type = SlotType::kKeyFile;
  slot.public_key = SlotPublicKey(secret);
  return slot;
}

StatusOr<SecretKey> SecretOfPassphrase(std::string_view passphrase, const Argon2Cost& cost) {
  if (cost.ops < 1 || cost.ops > Argon2Cost::kOpsMax || cost.mem_kib < Argon2Cost::kMemKibMin ||
      cost.mem_kib > Argon2Cost::kMemKibMax || cost.salt.size() != Argon2Cost::kSaltBytes) {
    return InvalidArgument("a passphrase is stretched by 1 to %d passes over %d to %d KiB",
                           Argon2Cost::kOpsMax, Argon2Cost::kMemKibMin, Argon2Cost::kMemKibMax);
  }
  if (passphrase.empty()) return InvalidArgument("the passphrase is empty");
  ASSIGN_OR_RETURN(SecretKey secret, KeyAccess::Blank());
  if (crypto_pwhash(KeyAccess::MutableBytes(secret), SecretKey::kBytes, passphrase.data(),
                    passphrase.size(), Unsigned(cost.salt), cost.ops,
                    std::size_t{cost.mem_kib} << 10, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return ResourceExhausted("no memory of %d KiB to stretch the passphrase", cost.mem_kib);
  }
  return secret;
}

StatusOr<Keyslot> SlotOfPassphrase(std::string_view passphrase, Argon2Cost cost) {
  cost.salt = RandomBytes(Argon2Cost::kSaltBytes);
  ASSIGN_OR_RETURN(const SecretKey secret, SecretOfPassphrase(passphrase, cost));
  Keyslot slot;
  slot.type = SlotType::kPassphrase;
  slot.public_key = SlotPublicKey(secret);
  slot.cost = std::move(cost);
  return slot;
}

StatusOr<Keyslot> SlotOfStewards(const std::vector<std::string>& stewards, std::size_t threshold) {
  if (stewards.size() > kStewardsMax) {
    return InvalidArgument("%d stewards, at most %d", stewards.size(), kStewardsMax);
  }
  if (std::set<std::string>(stewards.begin(), stewards.end()).size() != stewards.size()) {
    return InvalidArgument("a steward is named twice");
  }
  ASSIGN_OR_RETURN(const SecretKey secret, SecretKey::Random());
  ASSIGN_OR_RETURN(const std::vector<Share> shares,
                   SplitSecret(secret, threshold, stewards.size()));
  Keyslot slot;
  slot.type = SlotType::kStewards;
  slot.public_key = SlotPublicKey(secret);
  slot.threshold = static_cast<uint8_t>(threshold);
  for (std::size_t i = 0; i < stewards.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string box_key, BoxKeyOfSteward(stewards[i]));
    std::array<char, kShareBytes> plain{};
    plain[0] = static_cast<char>(shares[i].x);
    std::ranges::copy(KeyAccess::View(shares[i].y), plain.begin() + 1);
    auto sealed = SealBox(box_key, {plain.data(), plain.size()});
    Wipe(plain.data(), plain.size());
    if (!sealed.ok()) return sealed.status();
    slot.shares.push_back({stewards[i], *std::move(sealed)});
  }
  return slot;
}

StatusOr<std::string> OpenShare(const Keyslot& slot, std::string_view steward_key_file) {
  ASSIGN_OR_RETURN(const Signer signer, Signer::FromKeyFile(steward_key_file));
  const auto found = std::ranges::find(slot.shares, signer.public_key(), &SealedShare::steward);
  if (found == slot.shares.end()) return NotFound("the slot has no share of this steward");
  if (steward_key_file.ends_with('\n')) steward_key_file.remove_suffix(1);
  ASSIGN_OR_RETURN(const SecretKey seed,
                   KeyFromHex(steward_key_file.substr(kStewardPrefix.size() +
                                                      2 * kPublicKeyBytes + 1)));
  ASSIGN_OR_RETURN(const std::string box_key, BoxKeyOfSteward(signer.public_key()));
  // libsodium keeps an Ed25519 secret as seed ‖ public key, and takes its own form only.
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> ed25519{};
  std::copy_n(KeyAccess::Bytes(seed), SecretKey::kBytes, ed25519.begin());
  std::ranges::copy(signer.public_key(), ed25519.begin() + SecretKey::kBytes);
  ASSIGN_OR_RETURN(SecretKey x25519, KeyAccess::Blank());
  crypto_sign_ed25519_sk_to_curve25519(KeyAccess::MutableBytes(x25519), ed25519.data());
  sodium_memzero(ed25519.data(), ed25519.size());

  std::array<unsigned char, kShareBytes> plain{};
  if (found->sealed.size() != kShareBytes + kBoxOverheadBytes ||
      crypto_box_seal_open(plain.data(), Unsigned(found->sealed), found->sealed.size(),
                           Unsigned(box_key), KeyAccess::Bytes(x25519)) != 0) {
    return DataLoss("this steward's share does not open");
  }
  std::array<char, 2 * kShareBytes + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), plain.data(), plain.size());
  sodium_memzero(plain.data(), plain.size());
  std::string text;
  text.reserve(kSharePrefix.size() + 2 * kBoxPublicKeyBytes + 2 + hex.size());
  text.append(kSharePrefix).append(HexEncode(slot.public_key)).append(" ");
  text.append(hex.data(), hex.size() - 1).append("\n");
  Wipe(hex.data(), hex.size());
  return text;
}

StatusOr<SecretKey> SecretOfShares(const Keyslots& keyslots,
                                   const std::vector<std::string>& shares) {
  std::vector<Share> opened;
  std::string id;
  for (const std::string& text : shares) {
    ASSIGN_OR_RETURN(OpenedShare share, ParseShare(text));
    if (!opened.empty() && share.slot != id) {
      return InvalidArgument("the shares are of different keyslots");
    }
    id = share.slot;
    opened.push_back(std::move(share.share));
  }
  const auto slot = std::ranges::find(keyslots.slots, id, &Keyslot::public_key);
  if (opened.empty() || slot == keyslots.slots.end() || slot->type != SlotType::kStewards) {
    return InvalidArgument("the shares are of no keyslot of this gateway");
  }
  if (opened.size() < slot->threshold) {
    return InvalidArgument("%d shares; the keyslot needs %d", opened.size(),
                           static_cast<int>(slot->threshold));
  }
  ASSIGN_OR_RETURN(SecretKey secret, CombineShares(opened));
  if (SlotPublicKey(secret) != id) {
    return PermissionDenied("the shares do not give the secret of their keyslot: one is wrong");
  }
  return secret;
}

void CopySecret(const SecretKey& secret, std::string& out) {
  out.append(KeyAccess::View(secret));
}

}  // namespace gateway::crypto
