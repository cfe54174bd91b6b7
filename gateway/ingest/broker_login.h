// The file with the gateway's login at the broker.
#pragma once

#include <string>

#include "gateway/base/status.h"
#include "gateway/ingest/paho_link.h"

namespace gateway::ingest {

// "user:password" and perhaps a newline. Without a path: no login.
// Returns FailedPrecondition if others may read it, InvalidArgument if it is something else, or as
// ReadFile.
StatusOr<Login> ReadLogin(const std::string& path);

}  // namespace gateway::ingest
