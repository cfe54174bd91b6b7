#include "gateway/admin/server.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "gateway/admin/service.h"
#include "gateway/admin/socket.h"
#include "gateway/model/limits.h"

namespace gateway::admin {
namespace {

constexpr int64_t kStopGraceSeconds = 2;

}  // namespace

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
  RETURN_IF_ERROR(ClearStaleSocket(socket_path));
  auto impl = std::make_unique<Impl>(commands, cells, listening);
  impl->socket_path = socket_path;

  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials(), &bound);
  builder.RegisterService(&impl->service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kAdminMessageBytesMax));
  builder.SetMaxSendMessageSize(static_cast<int>(limits::kAdminMessageBytesMax));
  // One operator, few calls: the fewest threads that the synchronous server can do with.
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);

  // The umask, not a later chmod, makes the socket private: there is no moment when it is open.
  const mode_t umask_before = umask(0177);
  impl->server = builder.BuildAndStart();
  umask(umask_before);
  if (impl->server == nullptr || bound == 0) {
    return Unavailable("socket %s: cannot listen on it; does its directory exist and belong to us?",
                       socket_path);
  }
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminServer::~AdminServer() { Stop(); }

void AdminServer::Stop() {
  if (impl_->server == nullptr) return;
  impl_->server->Shutdown(gpr_time_add(
      gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_seconds(kStopGraceSeconds, GPR_TIMESPAN)));
  impl_->server->Wait();
  impl_->server.reset();
  unlink(impl_->socket_path.c_str());
}

}  // namespace gateway::admin
