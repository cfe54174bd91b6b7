// Mutual TLS by pinned keys: who is at the other end is decided by the SHA-256 of its public key,
// which the signed roster lists; names and dates in certificates are never looked at. The check
// runs at every handshake, and PinOfCaller lets every call check again, because a connection
// outlives the roster that let it in. https://grpc.github.io/grpc/cpp (experimental TLS API).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/x509.h"

namespace grpc {
class Channel;
class ServerContextBase;
class ServerCredentials;
}  // namespace grpc

namespace gateway::federation {

// Whether whoever holds the key with this pin may connect. Called on gRPC's threads.
using PinCheck = std::function<bool(std::string_view pin)>;

// Clients must show a certificate whose pin `known` accepts. The reason for a refusal is logged
// here, with the pin; the client learns nothing but that the connection closed.
std::shared_ptr<grpc::ServerCredentials> ServerTls(const crypto::TlsIdentity& own, PinCheck known);

// Connects when first used, to whoever proves to hold a key with one of `pins`.
std::shared_ptr<grpc::Channel> PinnedChannel(const std::string& address,
                                             const crypto::TlsIdentity& own,
                                             std::vector<std::string> pins);

// The pin of the caller's key. Returns PermissionDenied if it showed none.
StatusOr<std::string> PinOfCaller(const grpc::ServerContextBase& context);

}  // namespace gateway::federation
