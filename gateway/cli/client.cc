#include "gateway/cli/client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/model/limits.h"

namespace gateway::cli {
namespace {

constexpr int64_t kDeadlineSeconds = 600;
// gateway/admin/service.h: the daemon itself refused, whatever the code.
constexpr char kRefusedKey[] = "commons-refused";

// 0, or the errno of connect(2). gRPC would try again for a while and then say less.
int TryConnect(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int error =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

StatusOr<std::unique_ptr<Client>> Client::Connect(Context& context) {
  const std::string path = context.dir + "/admin.sock";
  if (const int error = TryConnect(path); error != 0) {
    context.unreachable = true;
    return Unavailable("no daemon answers on %s (%s); is commonsd running, and is --dir right?",
                       path, std::strerror(error));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(limits::kAdminMessageBytesMax));
  arguments.SetMaxSendMessageSize(static_cast<int>(limits::kAdminMessageBytesMax));
  // A proxy named in the environment is for the web, not for a socket in our own directory.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  auto channel = grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(),
                                           arguments);
  return std::unique_ptr<Client>(
      new Client(context, path, commons::v1::Admin::NewStub(channel)));
}

void Client::SetDeadline(grpc::ClientContext& call) {
  call.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                                 gpr_time_from_seconds(kDeadlineSeconds, GPR_TIMESPAN)));
}

Status Client::Convert(const grpc::Status& status, const grpc::ClientContext& call) {
  if (status.ok()) return OkStatus();
  const bool refused = call.GetServerTrailingMetadata().count(kRefusedKey) > 0;
  if (!refused && status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    context_.unreachable = true;
    return Unavailable("the daemon on %s went away before it answered", socket_);
  }
  if (!refused && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return MakeStatus(StatusCode::kDeadlineExceeded,
                      Format("the daemon on %s gave no answer within %d s; what was asked may "
                             "still happen", socket_, kDeadlineSeconds));
  }
  return MakeStatus(static_cast<StatusCode>(status.error_code()), status.error_message());
}

}  // namespace gateway::cli
