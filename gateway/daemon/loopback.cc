#include "gateway/daemon/loopback.h"

#include <arpa/inet.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace gateway::daemon {
namespace {

constexpr std::string_view kWanted =
    "needs a loopback address and a port, like 127.0.0.1:9464 or [::1]:9464: what is counted is for "
    "this machine; from another one use a tunnel, like ssh -L 9464:127.0.0.1:9464 BOARD";

void Fill(LoopbackAddress& result, const sockaddr_in& v4) {
  std::memcpy(&result.address, &v4, sizeof(v4));
  result.size = sizeof(v4);
}

}  // namespace

StatusOr<LoopbackAddress> ParseLoopback(std::string_view text) {
  const Status refused = InvalidArgument("%s", kWanted);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused;
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || digits.empty() || end != digits.data() + digits.size()) return refused;
  const std::string host(text.substr(0, colon));
  LoopbackAddress result;
  result.text = text;
  if (host == "[::1]") {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    std::memcpy(&result.address, &v6, sizeof(v6));
    result.size = sizeof(v6);
    return result;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1 ||
      ntohl(v4.sin_addr.s_addr) >> 24 != 127) {
    return refused;
  }
  Fill(result, v4);
  return result;
}

StatusOr<LoopbackAddress> BoundTo(int socket) {
  LoopbackAddress result;
  result.size = sizeof(result.address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&result.address), &result.size) != 0) {
    return Unavailable("socket: %s", std::strerror(errno));
  }
  char host[INET6_ADDRSTRLEN] = {};
  if (result.address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &result.address, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
    result.text = Format("[%s]:%u", host, ntohs(v6.sin6_port));
  } else {
    sockaddr_in v4{};
    std::memcpy(&v4, &result.address, sizeof(v4));
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
    result.text = Format("%s:%u", host, ntohs(v4.sin_port));
  }
  return result;
}

}  // namespace gateway::daemon
