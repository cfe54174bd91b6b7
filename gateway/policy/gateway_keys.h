// A gateway's public keys as one line of text: what its operator sends to the commons for the
// roster, and what `commons verify` checks against. Pure; plain data.
//
//   "commons-gateway-v1 " gateway " sha256:" pin " ed25519:" sign " ed25519:" log "\n"
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/model/ids.h"

namespace gateway::policy {

struct GatewayKeys {
  GatewayId id;
  std::string tls;   // pin of its TLS key (crypto/x509.h), 32 bytes
  std::string sign;  // Ed25519, signs its answers
  std::string log;   // Ed25519, signs its ledger's checkpoints
  friend bool operator==(const GatewayKeys&, const GatewayKeys&) = default;
};
std::string FormatGatewayKeys(const GatewayKeys& keys);
// Returns InvalidArgument if the text is anything else than such a line; the newline may be missing.
StatusOr<GatewayKeys> ParseGatewayKeys(std::string_view text);

}  // namespace gateway::policy
