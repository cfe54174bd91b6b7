// BLAKE2b, SHA-256 and SipHash, as the formats of docs/formats.md use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

std::string Blake2b256(std::string_view data);
std::string Blake2b128(std::string_view data);

// Blake2b256 of what does not fit into memory. Thread-compatible.
class Hasher {
 public:
  Hasher();
  void Add(std::string_view data);
  // The last call.
  std::string Finish();

 private:
  alignas(64) unsigned char state_[384];
};

// Keyed with public bytes (16 to 64 of them), e.g. a cell's nonce.
std::string Blake2b256Keyed(std::string_view key, std::string_view data);
// Keyed BLAKE2b-128 under a secret: the pseudonyms of row keys. 16 bytes.
std::string Blake2b128Keyed(const SecretKey& key, std::string_view data);
// keyid of DSSE signatures and key labels: BLAKE2b-128("commons-key/v1\0" ‖ public key).
std::string KeyId(std::string_view public_key);
std::string Sha256(std::string_view data);
// SipHash-2-4 of u64be |a| ‖ a ‖ b under the first 16 bytes of `key`.
uint64_t SipHash(const SecretKey& key, std::string_view a, std::string_view b);
// Unpredictable bytes that are not secret: nonces, ids.
std::string RandomBytes(std::size_t size);

}  // namespace gateway::crypto
