// An address that only this machine can reach.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::daemon {

struct LoopbackAddress {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::string text;  // "127.0.0.1:9464", "[::1]:9464"
};

// "127.0.0.1:9464" or "[::1]:9464"; port 0 lets the kernel choose.
// Returns InvalidArgument for anything else, an address of another machine or a name included.
StatusOr<LoopbackAddress> ParseLoopback(std::string_view text);

// Where the socket listens.
StatusOr<LoopbackAddress> BoundTo(int socket);

}  // namespace gateway::daemon
