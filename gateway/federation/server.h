// The gateway's door to its peers and to the parties of its roster: gRPC over mutual TLS.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/model/ids.h"
#include "gateway/port/cell_source.h"

namespace gateway::federation {

// All pointers must outlive the server.
struct FederationOptions {
  std::string listen;  // "host:port"; port 0: any free one
  GatewayId gateway;
  std::string software;  // a version, for people
  const crypto::TlsIdentity* tls = nullptr;
  const crypto::Signer* signer = nullptr;  // signs answers
  const port::CellSource* cells = nullptr;
  const Clock* clock = nullptr;  // real time, whatever the gateway's own clock is
  // As Answering::noted.
  std::function<void(const PartyId& party, const std::string& purpose, bool answered)> noted = nullptr;
};

// Thread-compatible: start and stop it from one thread. Calls run on gRPC's threads.
class FederationServer {
 public:
  // Returns Unavailable if the address cannot be bound.
  static StatusOr<std::unique_ptr<FederationServer>> Start(FederationOptions options);
  ~FederationServer();
  FederationServer(const FederationServer&) = delete;
  FederationServer& operator=(const FederationServer&) = delete;

  int port() const;

  // Refuses new calls, gives running ones two seconds, cancels the rest. Returns when no call is
  // left. Again is a no-op.
  void Stop();

 private:
  struct Impl;
  explicit FederationServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::federation
