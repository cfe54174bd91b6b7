// TLS keys for tests: the same byte gives the same key.
#pragma once

#include "gateway/crypto/x509.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::federation {

inline crypto::TlsIdentity Identity(char fill) {
  GW_CHECK(crypto::InitCrypto().ok());
  const auto identity = crypto::MakeTlsIdentity(crypto::KeyOf(std::string(32, fill)));
  GW_CHECK(identity.ok());
  return *identity;
}

}  // namespace gateway::federation
