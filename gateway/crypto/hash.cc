#include "gateway/crypto/hash.h"

#include <sodium.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

std::string Blake2b(std::size_t size, std::string_view data, std::string_view key) {
  std::string digest(size, '\0');
  const int rc = crypto_generichash_blake2b(Unsigned(digest), size, Unsigned(data), data.size(),
                                            key.empty() ? nullptr : Unsigned(key), key.size());
  GW_CHECK(rc == 0);
  return digest;
}

constexpr std::string_view kKeyIdContext("commons-key/v1\0", 15);

}  // namespace

std::string Blake2b256(std::string_view data) { return Blake2b(32, data, {}); }
std::string Blake2b128(std::string_view data) { return Blake2b(16, data, {}); }

Hasher::Hasher() {
  static_assert(sizeof(state_) == sizeof(crypto_generichash_blake2b_state));
  static_assert(alignof(Hasher) >= alignof(crypto_generichash_blake2b_state));
  const int rc = crypto_generichash_blake2b_init(
      reinterpret_cast<crypto_generichash_blake2b_state*>(state_), nullptr, 0, 32);
  GW_CHECK(rc == 0);
}

void Hasher::Add(std::string_view data) {
  crypto_generichash_blake2b_update(reinterpret_cast<crypto_generichash_blake2b_state*>(state_),
                                    Unsigned(data), data.size());
}

std::string Hasher::Finish() {
  std::string digest(32, '\0');
  const int rc = crypto_generichash_blake2b_final(
      reinterpret_cast<crypto_generichash_blake2b_state*>(state_), Unsigned(digest), digest.size());
  GW_CHECK(rc == 0);
  return digest;
}

std::string Blake2b256Keyed(std::string_view key, std::string_view data) {
  GW_CHECK(key.size() >= crypto_generichash_blake2b_KEYBYTES_MIN &&
           key.size() <= crypto_generichash_blake2b_KEYBYTES_MAX);
  return Blake2b(32, data, key);
}

std::string Blake2b128Keyed(const SecretKey& key, std::string_view data) {
  return Blake2b(16, data, KeyAccess::View(key));
}

std::string KeyId(std::string_view public_key) {
  std::string data(kKeyIdContext);
  data.append(public_key);
  return Blake2b128(data);
}

std::string Sha256(std::string_view data) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(Unsigned(digest), Unsigned(data), data.size());
  return digest;
}

uint64_t SipHash(const SecretKey& key, std::string_view a, std::string_view b) {
  static_assert(crypto_shorthash_KEYBYTES <= SecretKey::kBytes);
  ByteWriter joined;  // a's length keeps ("ab", "c") and ("a", "bc") apart
  joined.U64(a.size()).Raw(a).Raw(b);
  unsigned char digest[crypto_shorthash_BYTES];
  crypto_shorthash(digest, Unsigned(joined.bytes()), joined.bytes().size(), KeyAccess::Bytes(key));
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = (value << 8) | digest[i];  // little-endian, as SipHash is
  return value;
}

std::string RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), size);
  return bytes;
}

}  // namespace gateway::crypto
