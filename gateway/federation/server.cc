#include "gateway/federation/server.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "gateway/federation/directory.h"
#include "gateway/federation/grpc_transport.h"
#include "gateway/federation/service.h"
#include "gateway/federation/tls.h"
#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

constexpr int64_t kStopGraceSeconds = 2;
constexpr int kRequestBytesMax = 64 << 10;
constexpr int kStreamsPerConnectionMax = 64;
constexpr int kHandshakeMs = 10'000;  // whoever takes longer is no peer

}  // namespace

struct FederationServer::Impl {
  explicit Impl(FederationOptions given)
      : options(std::move(given)),
        answering{options.gateway, *options.cells, *options.signer, options.noted},
        directory(*options.cells),
        transport(*options.tls),
        questions(answering, transport, *options.clock),
        service(answering, directory, questions, *options.clock, options.software) {}

  const FederationOptions options;
  const Answering answering;
  const Directory directory;
  GrpcTransport transport;
  Questions questions;
  FederationService service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

StatusOr<std::unique_ptr<FederationServer>> FederationServer::Start(FederationOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  grpc::ServerBuilder builder;
  const auto known = [impl = impl.get()](std::string_view pin) {
    const auto documents = impl->directory.Current();
    return documents != nullptr &&
           Directory::WhoHas(*documents, pin, impl->options.clock->SystemNow()).known();
  };
  builder.AddListeningPort(impl->options.listen, ServerTls(*impl->options.tls, known),
                           &impl->port);
  builder.RegisterService(&impl->service);
  builder.SetMaxReceiveMessageSize(kRequestBytesMax);
  // Pins are checked at the handshake and at each call; an old connection has to show up again.
  builder.AddChannelArgument(
      GRPC_ARG_MAX_CONNECTION_AGE_MS,
      static_cast<int>(std::chrono::milliseconds(limits::kConnectionAgeMax).count()));
  // Then a call that nobody reads the end of ends, too.
  builder.AddChannelArgument(
      GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
      static_cast<int>(std::chrono::milliseconds(limits::kQueryTimeMax).count()));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || impl->port == 0) {
    return Unavailable("listen %s: cannot listen there; is the address ours and the port free?",
                       impl->options.listen);
  }
  return std::unique_ptr<FederationServer>(new FederationServer(std::move(impl)));
}

FederationServer::FederationServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FederationServer::~FederationServer() { Stop(); }

int FederationServer::port() const { return impl_->port; }

void FederationServer::Stop() {
  if (impl_->server == nullptr) return;
  impl_->server->Shutdown(gpr_time_add(
      gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_seconds(kStopGraceSeconds, GPR_TIMESPAN)));
  impl_->server->Wait();
  impl_->server.reset();
}

}  // namespace gateway::federation
