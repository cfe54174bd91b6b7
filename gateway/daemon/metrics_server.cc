#include "gateway/daemon/metrics_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

namespace gateway::daemon {
namespace {

constexpr std::size_t kRequestBytesMax = 8u << 10;
// From the connection to the last byte: a client that says nothing must not keep others waiting.
constexpr std::chrono::milliseconds kConnectionTimeMax{2'000};
constexpr int kBacklog = 16;
constexpr int kOutOfResourcesPause = 100;  // ms

bool OutOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

using Deadline = std::chrono::steady_clock::time_point;

int MillisUntil(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

// Returns false once `stop` is readable or the deadline has passed.
bool Await(int connection, short events, int stop, Deadline deadline) {
  pollfd fds[] = {{connection, events, 0}, {stop, POLLIN, 0}};
  const int ready = poll(fds, 2, MillisUntil(deadline));
  return ready > 0 && fds[1].revents == 0;
}

// The request's first line; "" if none came.
std::string ReadRequestLine(int connection, int stop, Deadline deadline) {
  std::string head;
  char buffer[1024];
  while (head.find("\r\n\r\n") == std::string::npos && head.size() < kRequestBytesMax) {
    if (!Await(connection, POLLIN, stop, deadline)) return "";
    const ssize_t size = recv(connection, buffer, sizeof(buffer), 0);
    if (size <= 0) return "";
    head.append(buffer, static_cast<std::size_t>(size));
  }
  return head.substr(0, head.find("\r\n"));
}

void Send(int connection, std::string_view bytes, int stop, Deadline deadline) {
  while (!bytes.empty()) {
    if (!Await(connection, POLLOUT, stop, deadline)) return;
    const ssize_t size = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string Response(std::string_view status, std::string_view type, std::string_view body) {
  return Format(
      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %u\r\nCache-Control: no-store\r\n"
      "Connection: close\r\n\r\n%s",
      status, type, body.size(), body);
}

Status FromErrno(const LoopbackAddress& address) {
  return Unavailable("metrics: %s: %s; choose another port in commonsd.yaml", address.text,
                     std::strerror(errno));
}

}  // namespace

MetricsServer::MetricsServer(int listener, int stop, std::string address,
                             std::function<std::string()> text)
    : listener_(listener), stop_(stop), address_(std::move(address)), text_(std::move(text)) {
  thread_ = std::thread([this] { Run(); });
}

StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const LoopbackAddress& address,
                                                              std::function<std::string()> text) {
  const int listener =
      socket(address.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return FromErrno(address);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address.address), address.size) != 0 ||
      listen(listener, kBacklog) != 0) {
    const Status failed = FromErrno(address);
    close(listener);
    return failed;
  }
  StatusOr<LoopbackAddress> bound = BoundTo(listener);
  const int stop = bound.ok() ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
  if (stop < 0) {
    const Status failed = bound.ok() ? FromErrno(address) : bound.status();
    close(listener);
    return failed;
  }
  return std::unique_ptr<MetricsServer>(
      new MetricsServer(listener, stop, std::move(bound->text), std::move(text)));
}

MetricsServer::~MetricsServer() {
  const uint64_t one = 1;
  // An eventfd takes eight bytes whenever it can, and nobody else writes to it.
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof(one));
  thread_.join();
  close(listener_);
  close(stop_);
}

void MetricsServer::Run() {
  while (true) {
    pollfd fds[] = {{listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) {
      // The connection stays in the queue, so poll would return at once, again and again.
      if (!OutOfResources(errno)) continue;
      pollfd stop{stop_, POLLIN, 0};
      if (poll(&stop, 1, kOutOfResourcesPause) > 0) return;
      continue;
    }
    Serve(connection);
    close(connection);
  }
}

void MetricsServer::Serve(int connection) {
  const Deadline deadline = std::chrono::steady_clock::now() + kConnectionTimeMax;
  const std::string line = ReadRequestLine(connection, stop_, deadline);
  if (line.empty()) return;
  std::string response;
  if (!line.starts_with("GET ")) {
    response = Response("405 Method Not Allowed", "text/plain", "only GET\n");
  } else if (!line.starts_with("GET /metrics ")) {
    response = Response("404 Not Found", "text/plain", "only /metrics is here\n");
  } else {
    response = Response("200 OK", "text/plain; version=0.0.4; charset=utf-8", text_());
  }
  Send(connection, response, stop_, deadline);
}

}  // namespace gateway::daemon
