#include "gateway/crypto/sign.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "gateway/base/bytes.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

static_assert(kPublicKeyBytes == crypto_sign_PUBLICKEYBYTES);
static_assert(kSignatureBytes == crypto_sign_BYTES);
static_assert(SecretKey::kBytes == crypto_sign_SEEDBYTES);

constexpr std::string_view kKeyFilePrefix = "commons-key-v1 ed25519 ";
constexpr std::string_view kPublicKeyPrefix = "ed25519:";
constexpr std::size_t kHexBytes = 64;

// libsodium's secret key is seed ‖ public key: made for one call, on the stack, then wiped.
class ExpandedKey {
 public:
  ExpandedKey() = default;
  ExpandedKey(const ExpandedKey&) = delete;
  ExpandedKey& operator=(const ExpandedKey&) = delete;
  ~ExpandedKey() { sodium_memzero(bytes_.data(), bytes_.size()); }
  unsigned char* data() { return bytes_.data(); }

 private:
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> bytes_;
};

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

StatusOr<Signer> Signer::Generate() {
  ASSIGN_OR_RETURN(SecretKey seed, SecretKey::Random());
  return FromSeed(std::move(seed));
}

StatusOr<Signer> Signer::FromSeed(SecretKey seed) {
  ExpandedKey expanded;
  std::string public_key(kPublicKeyBytes, '\0');
  crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(public_key.data()), expanded.data(),
                           KeyAccess::Bytes(seed));
  return Signer(std::move(seed), std::move(public_key));
}

std::string Signer::Sign(std::string_view message) const {
  ExpandedKey expanded;
  std::copy_n(KeyAccess::Bytes(seed_), SecretKey::kBytes, expanded.data());
  std::copy_n(Unsigned(public_key_), kPublicKeyBytes, expanded.data() + SecretKey::kBytes);
  std::string signature(kSignatureBytes, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                       Unsigned(message), message.size(), expanded.data());
  return signature;
}

StatusOr<SecretKey> Signer::ToX25519() const {
  static_assert(crypto_scalarmult_curve25519_BYTES == SecretKey::kBytes);
  ExpandedKey expanded;
  std::copy_n(KeyAccess::Bytes(seed_), SecretKey::kBytes, expanded.data());
  std::copy_n(Unsigned(public_key_), kPublicKeyBytes, expanded.data() + SecretKey::kBytes);
  ASSIGN_OR_RETURN(SecretKey secret, KeyAccess::Blank());
  if (crypto_sign_ed25519_sk_to_curve25519(KeyAccess::MutableBytes(secret), expanded.data()) != 0) {
    return Internal("Ed25519 key: libsodium refused to convert it");
  }
  return secret;
}

std::string Signer::ToKeyFile() const {
  std::string text;
  text.reserve(kKeyFilePrefix.size() + 2 * kHexBytes + 2);  // no second copy of the seed by growth
  text.append(kKeyFilePrefix).append(HexEncode(public_key_)).push_back(' ');
  AppendHex(seed_, text);
  text.push_back('\n');
  return text;
}

StatusOr<Signer> Signer::FromKeyFile(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.starts_with(kKeyFilePrefix) ||
      text.size() != kKeyFilePrefix.size() + 2 * kHexBytes + 1 ||
      text[kKeyFilePrefix.size() + kHexBytes] != ' ') {
    return InvalidArgument(
        "not a key file: expected one line \"%s<64 hex digits> <64 hex digits>\"", kKeyFilePrefix);
  }
  text.remove_prefix(kKeyFilePrefix.size());
  ASSIGN_OR_RETURN(const std::string public_key, HexDecode(text.substr(0, kHexBytes)));
  ASSIGN_OR_RETURN(SecretKey seed, KeyFromHex(text.substr(kHexBytes + 1)));
  ASSIGN_OR_RETURN(Signer signer, FromSeed(std::move(seed)));
  if (signer.public_key() != public_key) {
    return InvalidArgument("the halves of the key file do not belong together");
  }
  return signer;
}

bool VerifySignature(std::string_view public_key, std::string_view message,
                     std::string_view signature) {
  return public_key.size() == kPublicKeyBytes && signature.size() == kSignatureBytes &&
         crypto_sign_verify_detached(Unsigned(signature), Unsigned(message), message.size(),
                                     Unsigned(public_key)) == 0;
}

std::string FormatPublicKey(std::string_view public_key) {
  return std::string(kPublicKeyPrefix) + HexEncode(public_key);
}

StatusOr<std::string> ParsePublicKey(std::string_view text) {
  if (!text.starts_with(kPublicKeyPrefix) || text.size() != kPublicKeyPrefix.size() + kHexBytes) {
    return InvalidArgument("a public key is spelt \"%s\" and %d lower-case hex digits",
                           kPublicKeyPrefix, kHexBytes);
  }
  return HexDecode(text.substr(kPublicKeyPrefix.size()));
}

}  // namespace gateway::crypto
