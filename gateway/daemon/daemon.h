// The composition root: the only place where the core, its rims and the machine meet.
#pragma once

#include <atomic>

#include "gateway/base/status.h"
#include "gateway/daemon/config.h"

namespace gateway::daemon {

// Runs one gateway until `stop` is set, then shuts it down in order. Does not return before its
// state is on disk.
// Returns FailedPrecondition if the directory is not one of `commons init`, is of the other mode,
// or another daemon has it; PermissionDenied if the key file does not open it.
Status Run(const Arguments& arguments, const std::atomic<bool>& stop);

}  // namespace gateway::daemon
