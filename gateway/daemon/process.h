// What the process owes its surroundings: privacy, signals, systemd.
#pragma once

#include <atomic>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::daemon {

// No core dumps, no ptrace by others, private files, no death by SIGPIPE. Call first.
// Returns Internal if the kernel refuses.
Status HardenProcess();

// The flag that SIGTERM and SIGINT set. Installs the handlers at the first call.
const std::atomic<bool>& StopRequested();

// Tells systemd, if it started us ($NOTIFY_SOCKET). What it does not hear is its loss, not ours.
void NotifySystemd(std::string_view state);

}  // namespace gateway::daemon
