// What the operator's socket answers while nobody has opened the store: GetStatus, which says so,
// and Unlock. Every other call is refused with the command that helps.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/base/status.h"

namespace gateway::admin {

// Thread-compatible: start and stop it from one thread. Calls run on gRPC's threads.
class LockedServer {
 public:
  // Is given the secret half of a keyslot, and wipes it. OK: the store will be opened with it.
  using Unlock = std::function<Status(std::string& secret)>;

  // As AdminServer::Start. `gateway` is its id; `unlock` is called by one thread at a time.
  static StatusOr<std::unique_ptr<LockedServer>> Start(const std::string& socket_path,
                                                       std::string gateway, Unlock unlock);
  ~LockedServer();
  LockedServer(const LockedServer&) = delete;
  LockedServer& operator=(const LockedServer&) = delete;

  // As AdminServer::Stop.
  void Stop();

 private:
  struct Impl;
  explicit LockedServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::admin
