// Answers GET /metrics over HTTP, on loopback: one request per connection, one after the other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "gateway/base/status.h"
#include "gateway/daemon/loopback.h"

namespace gateway::daemon {

class MetricsServer {
 public:
  // `text` is called on the server's own thread, for each scrape.
  // Returns Unavailable if the address is taken.
  static StatusOr<std::unique_ptr<MetricsServer>> Start(const LoopbackAddress& address,
                                                        std::function<std::string()> text);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  const std::string& address() const { return address_; }  // with the port that the kernel chose

 private:
  MetricsServer(int listener, int stop, std::string address, std::function<std::string()> text);
  void Run();
  void Serve(int connection);

  const int listener_;
  const int stop_;  // an eventfd: readable once the server is to end
  const std::string address_;
  const std::function<std::string()> text_;
  std::thread thread_;
};

}  // namespace gateway::daemon
