#include "tests/fuzz/world.h"

#include <google/protobuf/stubs/logging.h>

#include "gateway/base/check.h"
#include "gateway/crypto/secret.h"

namespace gateway::fuzz {
namespace {

const crypto::Signer* NewSigner(char seed) {
  GW_CHECK(crypto::InitCrypto().ok());
  StatusOr<crypto::SecretKey> key = crypto::SecretKey::FromBytes(std::string(32, seed));
  GW_CHECK(key.ok());
  StatusOr<crypto::Signer> signer = crypto::Signer::FromSeed(*std::move(key));
  GW_CHECK(signer.ok());
  return new crypto::Signer(*std::move(signer));
}

}  // namespace

const crypto::Signer& PartySigner() {
  static const crypto::Signer* const signer = NewSigner('p');
  return *signer;
}

const crypto::Signer& LogSigner() {
  static const crypto::Signer* const signer = NewSigner('l');
  return *signer;
}

std::string QueryHash() { return std::string(32, 'q'); }

void SilenceProtobuf() { google::protobuf::SetLogHandler(nullptr); }

void FlipOneBit(std::string& bytes) {
  if (bytes.empty()) return;
  uint64_t sum = 14'695'981'039'346'656'037u;  // FNV-1a
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  const std::size_t bit = sum % (bytes.size() * 8);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
}

}  // namespace gateway::fuzz
