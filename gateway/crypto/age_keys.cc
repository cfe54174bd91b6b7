// age.h, the part about keys.
#include <sodium.h>

#include "gateway/crypto/age.h"
#include "gateway/crypto/bech32.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "age-secret-key-";
static_assert(SecretKey::kBytes == crypto_scalarmult_SCALARBYTES);

unsigned char* Unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace

StatusOr<AgeRecipient> AgeRecipient::Parse(std::string_view text) {
  ASSIGN_OR_RETURN(std::string key, Bech32Decode(kRecipientPrefix, text));
  if (key.size() != crypto_scalarmult_BYTES || text.front() != 'a') {
    return InvalidArgument("an age recipient is spelt \"age1\" and 58 lower-case characters");
  }
  return AgeRecipient(std::move(key));
}

StatusOr<AgeRecipient> AgeRecipient::FromEd25519(std::string_view public_key) {
  std::string key(crypto_scalarmult_BYTES, '\0');
  if (public_key.size() != kPublicKeyBytes ||
      crypto_sign_ed25519_pk_to_curve25519(
          Unsigned(key), reinterpret_cast<const unsigned char*>(public_key.data())) != 0) {
    return InvalidArgument("an Ed25519 public key to which nothing can be sealed");
  }
  return AgeRecipient(std::move(key));
}

std::string AgeRecipient::ToString() const { return Bech32Encode(kRecipientPrefix, public_key_); }

StatusOr<AgeIdentity> AgeIdentity::FromSecret(SecretKey secret) {
  std::string key(crypto_scalarmult_BYTES, '\0');
  if (crypto_scalarmult_base(Unsigned(key), KeyAccess::Bytes(secret)) != 0) {
    return Internal("X25519 key: libsodium refused the scalar");
  }
  return AgeIdentity(std::move(secret), AgeRecipient(std::move(key)));
}

StatusOr<AgeIdentity> AgeIdentity::Generate() {
  ASSIGN_OR_RETURN(SecretKey secret, SecretKey::Random());
  return FromSecret(std::move(secret));
}

StatusOr<AgeIdentity> AgeIdentity::Parse(std::string_view text) {
  ASSIGN_OR_RETURN(std::string bytes, Bech32Decode(kIdentityPrefix, text));
  StatusOr<SecretKey> secret = SecretKey::FromBytes(bytes);
  Wipe(bytes.data(), bytes.size());
  if (!secret.ok()) return secret.status();
  if (text.front() != 'A') return InvalidArgument("an age identity is spelt in upper case");
  return FromSecret(*std::move(secret));
}

StatusOr<AgeIdentity> AgeIdentity::FromSigner(const Signer& signer) {
  ASSIGN_OR_RETURN(SecretKey secret, signer.ToX25519());
  return FromSecret(std::move(secret));
}

std::string AgeIdentity::ToString() const {
  std::string text = Bech32Encode(kIdentityPrefix, KeyAccess::View(secret_));
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace gateway::crypto
