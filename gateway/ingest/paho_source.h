// The subscription at the MQTT broker: MQTT 5, QoS 1, one persistent session. A message is
// acknowledged when the handler has returned OK for it, never before; what was not acknowledged
// the broker delivers again, also after SIGKILL. Not here: what a message means (ingest/door.h),
// and TLS or passwords towards the broker, which is expected on the loopback interface.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

struct PahoSourceOptions {
  std::string broker;                // "tcp://127.0.0.1:1883"
  std::string client_id;             // fixed: the broker keeps the session under it
  std::vector<std::string> filters;  // "sensors/+/+"
  // Set by whoever wants the process to end, also from a signal handler. Must outlive the source.
  const std::atomic<bool>* stop = nullptr;
};

// Create, RunUntilStopped, Stop and destruction belong to one thread; connected() is for all.
class PahoSource {
 public:
  // Runs on Paho's receive thread, under a lock of the whole library: it must not call the
  // source. The views end with the call. Must not throw. While it returns errors the message
  // is handed to it again and again, at most a second apart; if `stop` is set in that state the
  // process ends by _Exit(kExitUnacknowledged), because returning from Paho's callback would
  // acknowledge the message.
  using Handler = std::function<Status(const port::Delivery&)>;

  static constexpr int kExitUnacknowledged = 75;  // EX_TEMPFAIL

  // Connects to nothing yet. Returns InvalidArgument if Paho refuses the options.
  static StatusOr<std::unique_ptr<PahoSource>> Create(PahoSourceOptions options, Handler handler);
  ~PahoSource();

  // One step of connecting: starts an attempt or a subscription that is due, and returns how soon
  // it wants to be called again. Waits for no answer of the broker.
  std::chrono::milliseconds Supervise();

  // Supervises until `stop` is set; connects, subscribes on every connect, and reconnects after
  // kReconnectMin to kReconnectMax with jitter, whether the broker was ever there or not.
  void RunUntilStopped();

  // Disconnects and leaves the session at the broker, which keeps messages for it for 30 days.
  // Takes at most a few seconds. No handler runs after it. `stop` must be set.
  void Stop();

  // Whether the broker has confirmed connection and subscriptions. Thread-safe.
  bool connected() const;

 private:
  struct Impl;
  explicit PahoSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::ingest
