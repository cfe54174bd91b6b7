// How long a message may have waited at the broker before it came. The gateway publishes a marker
// to a topic that only itself subscribes to, again and again. The broker keeps the messages of one
// session in order (mosquitto 2.0.11: also those beyond max_inflight_messages), so whatever comes
// after a marker was sent after it. That covers a broker or a gateway that is slow, and a disk that
// refuses for an hour, without knowing which of them it was. A broker that crashed may come back with
// an older state, in which messages wait that were sent before a marker that came back since: so at
// each connection only markers count that were made for it.
#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"

namespace gateway::ingest {

// Connecting, SessionBegan, Due and AskSoon belong to one thread; the others are for all.
class Waiting {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `gateway` names the topic, "commons/<gateway>/marker"; `secret` is random: a marker that
  // somebody else made is none.
  Waiting(std::string_view gateway, std::string secret, TimePoint now);

  const std::string& topic() const { return topic_; }

  // Before each attempt to connect: markers that were made earlier count no more, and the next one
  // is due at once.
  void Connecting(TimePoint now);
  // The broker had nothing of ours when it made the session: as if a marker had come back that was
  // made at the attempt.
  void SessionBegan() { Passed(connecting_.load()); }

  // The payload of the next marker, if it is time for one.
  std::optional<std::string> Due(TimePoint now);
  // The next one is due at once.
  void AskSoon() { next_ = TimePoint{}; }

  // A message on topic(). Returns whether it is a marker of ours.
  bool Arrived(std::string_view payload);

  // Of a message that came at `now`: at most kSessionLife; 0 stands for less than
  // kWaitedTolerance, which is as exact as markers are.
  Millis Longest(TimePoint now) const;

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
  int64_t MillisAt(TimePoint time) const;
  void Passed(int64_t millis);

  const std::string topic_;
  const std::string secret_;
  const TimePoint origin_;
  TimePoint next_{};
  std::atomic<int64_t> connecting_{0};   // the newest attempt
  std::atomic<int64_t> passed_{kNever};  // when the newest marker that came back was made
};

}  // namespace gateway::ingest
