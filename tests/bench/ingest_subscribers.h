// The two subscribers that the benchmarks of ingest compare: a gateway, and a Paho client that does
// nothing. Both MQTT 5, QoS 1, with a session that the broker keeps.
#pragma once

#include <mqtt/async_client.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "gateway/ingest/door.h"
#include "gateway/ingest/paho_source.h"
#include "tests/bench/ingest_street.h"

namespace gateway::bench {

using Steady = std::chrono::steady_clock;

// Is subscribed from construction on; destruction leaves the session. `done` is called on Paho's
// receive thread for each message, of the gateway's once its readings are in the journal.
class Subscriber {
 public:
  using Done = std::function<void()>;
  virtual ~Subscriber() = default;
};

class NullSubscriber final : public Subscriber {
 public:
  NullSubscriber(const std::string& uri, const std::string& client, Done done);
  ~NullSubscriber() override;

 private:
  mqtt::async_client client_;
};

class GatewaySubscriber final : public Subscriber {
 public:
  GatewaySubscriber(const std::string& uri, const std::string& client, Gateway& gateway, Done done);
  ~GatewaySubscriber() override;

 private:
  void Run(const std::string& uri, const std::string& client);

  const Done done_;
  const RealClock clock_;
  ingest::Heard heard_;
  ingest::Door door_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> connected_{false};
  std::thread thread_;  // the source's
};

// Of the gateway, or of the client that does nothing where there is none.
std::unique_ptr<Subscriber> Subscribe(const std::string& uri, Gateway* gateway,
                                      Subscriber::Done done);

// Counts messages and tells when the last of them came.
class Finish {
 public:
  explicit Finish(int messages) : messages_(messages) {}
  void Count();
  Steady::time_point Wait();

 private:
  const int messages_;
  std::atomic<int> count_{0};
  std::atomic<bool> done_{false};
  Steady::time_point at_;
};

double Seconds(Steady::duration duration);
double Quantile(std::vector<double> values, double q);
inline double Median(std::vector<double> values) { return Quantile(std::move(values), 0.5); }

// One line of JSON to stdout; `params` is the inside of an object.
void Print(const std::string& bench, double value, const char* unit, double baseline,
           const char* baseline_name, double ratio, const std::string& params);

}  // namespace gateway::bench
