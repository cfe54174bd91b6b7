// Makes the way free for a Unix socket.
#pragma once

#include <string>

#include "gateway/base/status.h"

namespace gateway::admin {

// Removes a socket at `path` that nobody answers on. OK if there is nothing at `path`.
// Returns InvalidArgument if the path is too long, FailedPrecondition if another process answers
// or something else than a socket is there, Unavailable if it cannot be looked at or removed.
Status ClearStaleSocket(const std::string& path);

}  // namespace gateway::admin
