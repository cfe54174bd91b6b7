// How a daemon gets the master key: with the key file of its configuration, or, where that is not
// there, by waiting until an operator unlocks it.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "gateway/base/status.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/daemon/config.h"

namespace gateway::daemon {

// Wrong tries cost time: after five of them the next must wait a second, then two, four, at most
// five minutes. Takes the time as an argument. Thread-compatible.
class TryDelay {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Returns ResourceExhausted, with the seconds to wait, if it is too early for a try.
  Status MayTry(TimePoint now) const;
  void Failed(TimePoint now);

 private:
  int failed_ = 0;
  TimePoint next_{};
};

// Returns the master keys; empty if `stop` was set before anybody unlocked the gateway.
// Returns FailedPrecondition if keyslots or key file may be read by others, PermissionDenied if
// the key file is there and opens no slot, otherwise as LockedServer::Start.
StatusOr<std::optional<crypto::MasterKeys>> ObtainMasters(const Arguments& arguments,
                                                          const Config& config,
                                                          const std::atomic<bool>& stop);

// Reads a small file of the gateway's directory.
// Returns FailedPrecondition naming `commons init` if it is not there.
StatusOr<std::string> ReadOwn(const Arguments& arguments, std::string_view name);

}  // namespace gateway::daemon
