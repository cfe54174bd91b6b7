// The operator's socket: gRPC on a Unix socket that only the daemon's user can open, so the file
// system is the access control and there is nothing to log in to. It passes commands on to
// port::Commands, reads decided cells from port::CellSource and what is heard from port::Listening;
// it holds no state of its own.
#pragma once

#include <memory>
#include <string>

#include "gateway/base/status.h"
#include "gateway/port/cell_source.h"
#include "gateway/port/commands.h"
#include "gateway/port/listening.h"

namespace gateway::admin {

// Thread-compatible: start and stop it from one thread. Calls run on gRPC's threads.
class AdminServer {
 public:
  // Listens on `socket_path` (mode 0600). A socket that a dead daemon left behind is replaced.
  // The ports must outlive the server.
  // Returns InvalidArgument if the path is too long for a Unix socket, FailedPrecondition if
  // another process answers on it or it is not a socket, Unavailable if it cannot be bound.
  static StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& socket_path,
                                                      port::Commands& commands,
                                                      const port::CellSource& cells,
                                                      const port::Listening& listening);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Refuses new calls, gives running ones two seconds, cancels the rest and removes the socket.
  // Returns when no call is left inside the ports. Again is a no-op.
  void Stop();

 private:
  struct Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::admin
