// What the process owes its surroundings: privacy, signals, systemd.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/status.h"

namespace gateway::daemon {

// No core dumps, no ptrace by others, private files, no death by SIGPIPE. Call first.
// Returns Internal if the kernel refuses.
Status HardenProcess();

// The flag that SIGTERM and SIGINT set. Installs the handlers at the first call.
const std::atomic<bool>& StopRequested();

// Holds a directory for one daemon until destroyed, also against a daemon that is still starting.
class DirectoryLock {
 public:
  // Returns FailedPrecondition if another process holds it, NotFound if there is no directory.
  static StatusOr<DirectoryLock> Take(const std::string& dir);
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

// Tells systemd, if it started us ($NOTIFY_SOCKET). What it does not hear is its loss, not ours.
void NotifySystemd(std::string_view state);

}  // namespace gateway::daemon
