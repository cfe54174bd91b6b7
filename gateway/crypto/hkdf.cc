#include "gateway/crypto/hkdf.h"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace gateway::crypto {
namespace {

static_assert(kHmacBytes == crypto_auth_hmacsha256_BYTES);

using Digest = std::array<unsigned char, kHmacBytes>;

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// One HMAC, fed in pieces; the state is as good as the key and is wiped.
class Hmac {
 public:
  Hmac(const unsigned char* key, std::size_t size) {
    // An empty key has no address, which libsodium must not be given.
    const unsigned char nothing = 0;
    crypto_auth_hmacsha256_init(&state_, size == 0 ? &nothing : key, size);
  }
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;
  ~Hmac() { sodium_memzero(&state_, sizeof(state_)); }
  void Add(const unsigned char* data, std::size_t size) {
    if (size > 0) crypto_auth_hmacsha256_update(&state_, data, size);
  }
  void Finish(unsigned char* out) { crypto_auth_hmacsha256_final(&state_, out); }

 private:
  crypto_auth_hmacsha256_state state_;
};

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view data) {
  std::string digest(kHmacBytes, '\0');
  Hmac hmac(Unsigned(key), key.size());
  hmac.Add(Unsigned(data), data.size());
  hmac.Finish(reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

Status HkdfSha256(std::string_view secret, std::string_view salt, std::string_view info,
                  std::span<uint8_t> out) {
  if (out.size() > kHkdfBytesMax) {
    return InvalidArgument("HKDF: %d bytes, limit %d", out.size(), kHkdfBytesMax);
  }
  Digest extracted, block;
  Hmac extract(Unsigned(salt), salt.size());
  extract.Add(Unsigned(secret), secret.size());
  extract.Finish(extracted.data());
  unsigned char counter = 0;
  for (std::size_t at = 0; at < out.size(); at += kHmacBytes) {
    Hmac expand(extracted.data(), extracted.size());
    if (counter > 0) expand.Add(block.data(), block.size());
    expand.Add(Unsigned(info), info.size());
    ++counter;
    expand.Add(&counter, 1);
    expand.Finish(block.data());
    std::copy_n(block.begin(), std::min(kHmacBytes, out.size() - at), out.data() + at);
  }
  sodium_memzero(extracted.data(), extracted.size());
  sodium_memzero(block.data(), block.size());
  return OkStatus();
}

}  // namespace gateway::crypto
