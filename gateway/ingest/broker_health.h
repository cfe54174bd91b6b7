// What is wrong at the broker, as the operator sees it: a sentence for each thing, with what to do.
// Names no topic that may not be shown, no login and no payload.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/ingest/subscriptions.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

// The certificate that the broker shows, as an attempt to connect sees it.
struct BrokerCertificate {
  Time not_after;
  std::string problem;  // why it is not trusted: "certificate has expired"; empty if it is
};

// Thread-safe; waits for nobody but itself.
class BrokerHealth {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  BrokerHealth(std::string broker, std::string login_file, const Clock& clock)
      : broker_(std::move(broker)), login_file_(std::move(login_file)), clock_(clock) {}

  // An attempt to connect has failed; `reason` is of CONNACK, or 0 if there was none, then `text`
  // says what the library said, and `certificate` what the broker showed, if anything.
  void CannotConnect(int reason, const std::string& text,
                     const std::optional<BrokerCertificate>& certificate, bool clock_set);
  // `file` cannot be used as it is: `why`.
  void CannotUse(const std::string& file, std::string_view why);
  void Connected();
  // The session is gone; the broker was heard of last at `heard`, if ever by this process.
  void SessionLost(std::optional<Time> heard);
  void Refused(const std::vector<Subscriptions::Refusal>& refusals, std::size_t wanted);
  // Whether markers come through.
  void Markers(bool refused, std::string_view topic);
  // Whether the broker says how many messages it drops.
  void DropsHidden(bool hidden);
  // What $SYS says; anything that is no number is ignored.
  void Dropped(std::string_view payload);
  void Certificate(const BrokerCertificate& certificate);
  void CannotRemember(std::string_view why);  // empty: it can

  // Without `connected`.
  port::BrokerState State() const;

 private:
  enum class About : uint8_t {
    kConnection, kSession, kDrops, kRefused, kMarkers, kDropsHidden, kCertificate, kMemory
  };
  struct Warning {
    std::string text;
    TimePoint until = TimePoint::max();
  };
  // Logs it if it is news. Empty: all is well.
  void Warn(About about, std::string text, TimePoint until = TimePoint::max());

  const std::string broker_;
  const std::string login_file_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<About, Warning> warnings_ ABSL_GUARDED_BY(mutex_);
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t sessions_lost_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace gateway::ingest
