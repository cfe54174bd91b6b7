#include "gateway/admin/server.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "gateway/admin/service.h"
#include "gateway/admin/socket.h"
#include "gateway/model/limits.h"

namespace gateway::admin {
struct AdminServer::Impl {
  Impl(port::Commands& commands, const port::CellSource& cells, const port::Listening& listening)
      : service(commands, cells, listening) {}
  AdminService service;
  std::string socket_path;
  std::unique_ptr<grpc::Server> server;
};

StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& socket_path,
                                                          port::Commands& commands,
                                                          const port::CellSource& cells,
                                                          const port::Listening& listening) {
  auto impl = std::make_unique<Impl>(commands, cells, listening);
  impl->socket_path = socket_path;

  grpc::ServerBuilder builder;
  builder.RegisterService(&impl->service);
  builder.SetMaxSendMessageSize(static_cast<int>(limits::kAdminMessageBytesMax));
  // One operator, few calls: the fewest threads that the synchronous server can do with.
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);

  ASSIGN_OR_RETURN(impl->server, ListenPrivately(builder, socket_path));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminServer::~AdminServer() { Stop(); }

void AdminServer::Stop() {
  StopListening(impl_->server, impl_->socket_path);
}

}  // namespace gateway::admin
