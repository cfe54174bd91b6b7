// Transport over gRPC: one channel for each peer, kept as long as the roster names the same keys
// and address for it.
#pragma once

#include <map>
#include <memory>

#include "gateway/base/mutex.h"
#include "gateway/crypto/x509.h"
#include "gateway/federation/relay.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace gateway::federation {

// Thread-safe. Calls must be gone before it is.
class GrpcTransport final : public Transport {
 public:
  // `own` must outlive the transport.
  explicit GrpcTransport(const crypto::TlsIdentity& own) : own_(own) {}

  std::unique_ptr<PeerCall> Ask(const policy::RosterGateway& peer,
                                const commons::v1::QueryRequest& request,
                                std::chrono::milliseconds timeout,
                                std::function<void(PeerEvent)> tell) override;

 private:
  struct Link {
    std::string address;
    std::vector<std::string> pins;
    std::shared_ptr<grpc::Channel> channel;
  };
  std::shared_ptr<grpc::Channel> ChannelTo(const policy::RosterGateway& peer);

  const crypto::TlsIdentity& own_;
  Mutex mutex_;
  std::map<GatewayId, Link> links_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::federation
