// Self-signed TLS certificates and their pins. A certificate is only the envelope of a public key:
// its names and dates are there because X.509 asks for them and are never looked at; what counts
// is the SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4), which the signed roster lists.
// Beside server_certificate.h the one file that uses OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

inline constexpr std::size_t kPinBytes = 32;
// The name in every certificate of ours.
inline constexpr std::string_view kCertificateName = "commons";

struct TlsIdentity {
  std::string certificate_pem;
  // In clear, because gRPC takes it so: hand it on and Wipe it (secret.h).
  std::string private_key_pem;
  std::string pin;  // SHA-256 of the SubjectPublicKeyInfo, 32 bytes
};

// A P-256 key pair whose scalar is `secret`, and a certificate signed with it: P-256 because every
// TLS library speaks it. The same secret gives the same pin, and each time another signature.
// Returns InvalidArgument if the secret is no scalar of the curve (one in four thousand million
// is not: draw again), Internal if OpenSSL fails.
StatusOr<TlsIdentity> MakeTlsIdentity(const SecretKey& secret);

// The pin of a PEM certificate; whatever follows it is ignored.
// Returns InvalidArgument if the text begins with no certificate.
StatusOr<std::string> PinOfCertificate(std::string_view pem);

// "sha256:<64 hex digits>", as documents spell a pin.
std::string FormatPin(std::string_view pin);
// Returns InvalidArgument if the text is anything else.
StatusOr<std::string> ParsePin(std::string_view text);

}  // namespace gateway::crypto
