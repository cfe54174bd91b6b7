// The operator's Unix socket: makes the way free for it, opens it to the daemon's user alone, and
// takes it away.
#pragma once

#include <memory>
#include <string>

#include "gateway/base/status.h"

namespace grpc {
class Server;
class ServerBuilder;
}  // namespace grpc

namespace gateway::admin {

// Removes a socket at `path` that nobody answers on. OK if there is nothing at `path`.
// Returns InvalidArgument if the path is too long, FailedPrecondition if another process answers
// or something else than a socket is there, Unavailable if it cannot be looked at or removed.
Status ClearStaleSocket(const std::string& path);

// Starts the services of `builder` on a socket at `path` (mode 0600), after ClearStaleSocket.
// Returns as that does, Unavailable if the socket cannot be bound.
StatusOr<std::unique_ptr<grpc::Server>> ListenPrivately(grpc::ServerBuilder& builder,
                                                        const std::string& path);

// Refuses new calls, gives running ones two seconds, cancels the rest, waits until none is left and
// removes the socket. Nothing if `server` is null already, which it is afterwards.
void StopListening(std::unique_ptr<grpc::Server>& server, const std::string& path);

}  // namespace gateway::admin
