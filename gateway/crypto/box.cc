#include "gateway/crypto/box.h"

#include <sodium.h>

#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

static_assert(kBoxPublicKeyBytes == crypto_box_PUBLICKEYBYTES);
static_assert(kBoxOverheadBytes == crypto_box_SEALBYTES);
static_assert(SecretKey::kBytes == crypto_box_SECRETKEYBYTES);

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace

StatusOr<BoxKey> BoxKey::Generate() {
  ASSIGN_OR_RETURN(SecretKey secret, SecretKey::Random());
  std::string public_key(kBoxPublicKeyBytes, '\0');
  if (crypto_scalarmult_base(Unsigned(public_key), KeyAccess::Bytes(secret)) != 0) {
    return Internal("X25519 key: libsodium refused the scalar");
  }
  return BoxKey(std::move(secret), std::move(public_key));
}

StatusOr<std::string> BoxKey::Open(std::string_view box) const {
  if (box.size() < kBoxOverheadBytes) {
    return DataLoss("sealed box: %d bytes, at least %d", box.size(), kBoxOverheadBytes);
  }
  std::string plaintext(box.size() - kBoxOverheadBytes, '\0');
  if (crypto_box_seal_open(Unsigned(plaintext), Unsigned(box), box.size(),
                           Unsigned(std::string_view(public_key_)),
                           KeyAccess::Bytes(secret_)) != 0) {
    return DataLoss("sealed box: does not open with this key");
  }
  return plaintext;
}

StatusOr<std::string> SealBox(std::string_view public_key, std::string_view plaintext) {
  if (public_key.size() != kBoxPublicKeyBytes) {
    return InvalidArgument("X25519 public key: %d bytes, must be %d", public_key.size(),
                           kBoxPublicKeyBytes);
  }
  std::string box(plaintext.size() + kBoxOverheadBytes, '\0');
  if (crypto_box_seal(Unsigned(box), Unsigned(plaintext), plaintext.size(),
                      Unsigned(public_key)) != 0) {
    return InvalidArgument("X25519 public key: a point of low order, to which nothing is sealed");
  }
  return box;
}

StatusOr<SecretKey> SharedSecret(const SecretKey& secret, std::string_view public_key) {
  if (public_key.size() != kBoxPublicKeyBytes) {
    return InvalidArgument("X25519 public key: %d bytes, must be %d", public_key.size(),
                           kBoxPublicKeyBytes);
  }
  ASSIGN_OR_RETURN(SecretKey shared, KeyAccess::Blank());
  if (crypto_scalarmult(KeyAccess::MutableBytes(shared), KeyAccess::Bytes(secret),
                        Unsigned(public_key)) != 0) {
    return InvalidArgument("X25519 public key: a point of low order");
  }
  return shared;
}

}  // namespace gateway::crypto
