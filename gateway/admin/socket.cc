#include "gateway/admin/socket.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/model/limits.h"

namespace gateway::admin {
namespace {

constexpr int64_t kStopGraceSeconds = 2;

enum class Answer { kYes, kNo, kUnknown };

Answer SomebodyAnswers(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Answer::kUnknown;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  close(fd);
  if (result == 0) return Answer::kYes;
  return error == ECONNREFUSED ? Answer::kNo : Answer::kUnknown;
}

}  // namespace

Status ClearStaleSocket(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return InvalidArgument(
        "socket %s: %d bytes, a Unix socket's path has at most %d; use a shorter directory", path,
        path.size(), sizeof(sockaddr_un::sun_path) - 1);
  }
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return OkStatus();
    return Unavailable("socket %s: %s", path, std::strerror(errno));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return FailedPrecondition("socket %s: something else is at this path; move it away", path);
  }
  switch (SomebodyAnswers(path)) {
    case Answer::kYes:
      return FailedPrecondition("socket %s: another daemon answers on it; stop that one first",
                                path);
    case Answer::kUnknown:
      return Unavailable("socket %s: cannot tell whether a daemon answers on it", path);
    case Answer::kNo:
      break;
  }
  if (unlink(path.c_str()) != 0) {
    return Unavailable("socket %s: cannot remove the stale one: %s", path, std::strerror(errno));
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<grpc::Server>> ListenPrivately(grpc::ServerBuilder& builder,
                                                        const std::string& path) {
  RETURN_IF_ERROR(ClearStaleSocket(path));
  int bound = 0;
  builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials(), &bound);
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kAdminMessageBytesMax));
  // The umask, not a later chmod, makes the socket private: there is no moment when it is open.
  const mode_t umask_before = umask(0177);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  umask(umask_before);
  if (server == nullptr || bound == 0) {
    return Unavailable("socket %s: cannot listen on it; does its directory exist and belong to us?",
                       path);
  }
  return server;
}

void StopListening(std::unique_ptr<grpc::Server>& server, const std::string& path) {
  if (server == nullptr) return;
  server->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                                gpr_time_from_seconds(kStopGraceSeconds, GPR_TIMESPAN)));
  server->Wait();
  server.reset();
  unlink(path.c_str());
}

}  // namespace gateway::admin
