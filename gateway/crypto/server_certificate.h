// Why a TLS server is not trusted, and until when its certificate runs: what the MQTT library does
// not tell. Looks, decides nothing, and sends nothing but the handshake.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::crypto {

struct ServerCertificate {
  Time not_after;
  std::string problem;  // as OpenSSL says it: "certificate has expired"; empty if it is trusted
};

// Connects to "host:port", trusting exactly the certificates of `trusted_pem`, as `host`.
// Returns Unavailable if it does not answer within `most` or speaks no TLS, InvalidArgument if
// `trusted_pem` has no certificate.
StatusOr<ServerCertificate> LookAtServer(const std::string& address, std::string_view trusted_pem,
                                         std::chrono::milliseconds most);

}  // namespace gateway::crypto
