// The subscriptions at the MQTT broker: MQTT 5, QoS 1, one persistent session. A message is
// acknowledged when the handler has returned OK for it, never before; what was not acknowledged
// the broker delivers again, also after SIGKILL. Not here: what a message means (ingest/door.h).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/ingest/broker_health.h"
#include "gateway/ingest/subscriptions.h"
#include "gateway/port/intake.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

struct PahoSourceOptions {
  std::string broker;           // "tcp://127.0.0.1:1883", "ssl://broker.example:8883"
  GatewayId gateway;            // the broker keeps the session under "commonsd-<gateway>"
  std::vector<Filter> filters;  // at first
  // Paths; read anew at each attempt to connect, so that both may be replaced at any time.
  std::string ca_file;     // PEM: whom to trust; exactly for "ssl://"
  std::string login_file;  // "user:password", for nobody else to read; empty: no login
  // Set by whoever wants the process to end, also from a signal handler. Must outlive the source.
  const std::atomic<bool>* stop = nullptr;
  const Clock* clock = nullptr;  // the machine's, also under a replay clock; outlives the source

  // The five below are called on the supervising thread, and may be empty.
  // What the filters should be after FiltersChanged().
  std::function<std::vector<Filter>()> filters_now;
  // What `remember` was given last, by whatever process: the session at the broker may have these
  // filters, although nobody wants them any more.
  std::function<std::vector<std::string>()> remembered;
  std::function<Status(const std::vector<std::string>& filters)> remember;
  // Whether the clock can be believed enough to check a certificate by it.
  std::function<bool()> clock_set;
  // What certificate the broker shows; for "ssl://". Takes at most kBrokerLookMax.
  std::function<StatusOr<BrokerCertificate>()> look_at_certificate;
};

// Create, Supervise, RunUntilStopped, Stop and destruction belong to one thread.
class PahoSource {
 public:
  // Runs on Paho's receive thread, under a lock of the whole library: it must not call the
  // source. The views end with the call. Must not throw. While it returns errors the message
  // is handed to it again and again, at most a second apart; if it is to stop in that state the
  // process ends by _Exit(kExitUnacknowledged), because returning from Paho's callback would
  // acknowledge the message.
  using Handler = std::function<Status(const port::Delivery&)>;

  static constexpr int kExitUnacknowledged = 75;  // EX_TEMPFAIL

  // Connects to nothing yet. Returns InvalidArgument if Paho refuses the options, ResourceExhausted
  // if there are more than kFiltersMax filters.
  static StatusOr<std::unique_ptr<PahoSource>> Create(PahoSourceOptions options, Handler handler);
  ~PahoSource();

  // Soon `filters_now` is asked, and there are to be exactly those filters, of too many the first
  // kFiltersMax: now, unless it was asked within kFiltersPause. connected() says when the broker has
  // them; what falls under new and old ones is never missed in between. Thread-safe.
  void FiltersChanged();

  // One step: starts an attempt to connect, or asks for subscriptions, whatever is due, and returns
  // how soon it wants to be called again. Waits for no answer of the broker.
  std::chrono::milliseconds Supervise();

  // Supervises until `stop` is set; connects, subscribes on every connect, and reconnects after
  // kReconnectMin to kReconnectMax with jitter, whether the broker was ever there or not.
  void RunUntilStopped();

  // Disconnects and leaves the session at the broker, which keeps messages for it for kSessionLife.
  // Takes at most a few seconds. No handler runs after it. Needs no
  // `stop`: a process whose start failed stops its source as well.
  void Stop();

  // Whether the broker has confirmed connection and filters, and has no others. Thread-safe.
  bool connected() const;
  // Thread-safe; waits neither for the broker nor for Paho.
  port::BrokerState broker() const;

 private:
  struct Impl;
  explicit PahoSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::ingest
