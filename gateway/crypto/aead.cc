#include "gateway/crypto/aead.h"

#include <sodium.h>

#include <array>
#include <cstring>

#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(SecretKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

constexpr std::size_t kNoncePrefixBytes = 16;

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Unsigned(std::string& bytes, std::size_t offset) {
  return reinterpret_cast<unsigned char*>(bytes.data() + offset);
}

// Draws a fresh prefix when a thread starts, so threads and runs cannot meet. A forked child would
// repeat its parent's nonces: nothing here forks without exec.
class NonceSequence {
 public:
  NonceSequence() { randombytes_buf(nonce_.data(), kNoncePrefixBytes); }

  void Next(unsigned char* out) {
    std::memcpy(out, nonce_.data(), kNonceBytes);
    sodium_increment(nonce_.data() + kNoncePrefixBytes, kNonceBytes - kNoncePrefixBytes);
  }

 private:
  std::array<unsigned char, kNonceBytes> nonce_{};
};

// Writes sealed.size() - kSealOverheadBytes bytes to `plaintext`.
Status OpenInto(const SecretKey& key, std::string_view sealed, std::string_view associated_data,
                unsigned char* plaintext) {
  const unsigned char* nonce = Unsigned(sealed);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plaintext, nullptr, nullptr, nonce + kNonceBytes, sealed.size() - kNonceBytes,
          Unsigned(associated_data), associated_data.size(), nonce, KeyAccess::Bytes(key)) != 0) {
    return DataLoss("sealed bytes do not open: wrong key, changed, or moved from elsewhere");
  }
  return OkStatus();
}

Status TooShort(std::size_t size) {
  return DataLoss("%d sealed bytes are too few, the least is %d", size, kSealOverheadBytes);
}

}  // namespace

void SealTo(const SecretKey& key, std::string_view plaintext, std::string_view associated_data,
            std::string& out) {
  thread_local NonceSequence nonces;
  const std::size_t start = out.size();
  out.resize(start + kSealOverheadBytes + plaintext.size());
  unsigned char* nonce = Unsigned(out, start);
  nonces.Next(nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      nonce + kNonceBytes, nullptr, Unsigned(plaintext), plaintext.size(),
      Unsigned(associated_data), associated_data.size(), nullptr, nonce, KeyAccess::Bytes(key));
}

std::string Seal(const SecretKey& key, std::string_view plaintext,
                 std::string_view associated_data) {
  std::string out;
  SealTo(key, plaintext, associated_data, out);
  return out;
}

StatusOr<std::string> Open(const SecretKey& key, std::string_view sealed,
                           std::string_view associated_data) {
  if (sealed.size() < kSealOverheadBytes) return TooShort(sealed.size());
  std::string plaintext(sealed.size() - kSealOverheadBytes, '\0');
  RETURN_IF_ERROR(OpenInto(key, sealed, associated_data, Unsigned(plaintext, 0)));
  return plaintext;
}

StatusOr<SecretKey> OpenKey(const SecretKey& key, std::string_view sealed,
                            std::string_view associated_data) {
  if (sealed.size() != kSealOverheadBytes + SecretKey::kBytes) {
    return DataLoss("a wrapped key has %d bytes, not %d", kSealOverheadBytes + SecretKey::kBytes,
                    sealed.size());
  }
  ASSIGN_OR_RETURN(SecretKey opened, KeyAccess::Blank());
  RETURN_IF_ERROR(OpenInto(key, sealed, associated_data, KeyAccess::MutableBytes(opened)));
  return opened;
}

}  // namespace gateway::crypto
