// Keeps the broker's dynamic-security plugin at what the registry says: a login with a role for each
// device and each program that publishes for many, and nothing left of those that are gone. What
// the broker has is a cache on a tmpfs: it is compared at every connection, and again with every
// change of the registry. Speaks `$CONTROL/dynamic-security/v1` over a connection of its own, so
// that a message which cannot be stored does not keep a new device out.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/ingest/backoff.h"
#include "gateway/ingest/broker_plan.h"
#include "gateway/ingest/paho_link.h"
#include "gateway/model/limits.h"
#include "gateway/port/intake.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

struct BrokerControlOptions {
  std::string broker;     // as of PahoSource
  std::string ca_file;    // likewise
  std::string client_id;  // another than the source's
  std::function<StatusOr<Login>()> login;  // asked anew at each attempt to connect
  // What should be at the broker by this table.
  std::function<std::vector<BrokerLogin>(const port::AdmissionTable&)> logins;
  const port::Intake* intake = nullptr;  // outlives it
  std::chrono::milliseconds answer_max = limits::kBrokerAnswerMax;
};

// Start, Stop and destruction belong to one thread; the rest is thread-safe. Has a thread of its own,
// which also waits for the broker.
class BrokerControl {
 public:
  // Returns InvalidArgument if Paho refuses the options.
  static StatusOr<std::unique_ptr<BrokerControl>> Start(BrokerControlOptions options);
  ~BrokerControl();

  // Takes as long as the broker takes to answer, at most a few seconds. Again is a no-op.
  void Stop();

  // The registry may have changed: look now instead of soon.
  void Wake() { link_->Wake(); }

  port::BrokerLogins state() const;
  bool IsAtBroker(std::string_view login) const;

 private:
  explicit BrokerControl(BrokerControlOptions options) : options_(std::move(options)) {}
  void Run();
  Status Connect();
  Status Serve();
  // `has` is what the broker has, if known, and what it has then.
  Status Sync(const port::AdmissionTable& table, std::optional<BrokerHas>& has);
  Status ListAll(const std::vector<BrokerLogin>& wanted, BrokerHas& has);
  // Waits for the answer.
  StatusOr<BrokerAnswer> Ask(const std::vector<std::string>& commands, BrokerHas& has);
  void Receive(std::string_view topic, std::string_view payload);
  std::string TakeAnswer(std::string_view batch);
  void Publish(const std::vector<BrokerLogin>& wanted, const BrokerHas& has);
  void SetProblem(std::string problem);

  // Constant after Start.
  const BrokerControlOptions options_;
  std::unique_ptr<PahoLink> link_;
  std::string batch_prefix_;  // random: no answer to an earlier process counts

  std::atomic<bool> stopping_{false};

  // Confined to the thread.
  Backoff backoff_{limits::kReconnectMin, limits::kReconnectMax};
  std::string own_login_;
  uint64_t batch_ = 0;

  mutable Mutex mutex_;
  std::vector<std::string> answers_ ABSL_GUARDED_BY(mutex_);
  uint64_t wanted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string, std::less<>> present_ ABSL_GUARDED_BY(mutex_);
  std::string problem_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: starts when all else is ready
};

}  // namespace gateway::ingest
