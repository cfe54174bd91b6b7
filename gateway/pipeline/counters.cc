#include "gateway/pipeline/counters.h"

#include <string>

#include "gateway/base/check.h"

namespace gateway::pipeline {

void IntakeCounters::Received(uint64_t observations) {
  const MutexLock lock(mutex_);
  received_ += observations;
  waiting_ += observations;
}

void IntakeCounters::Refused(port::DoorCode code) {
  const MutexLock lock(mutex_);
  GW_CHECK(waiting_ > 0);
  --waiting_;
  ++refused_[static_cast<std::size_t>(code)];
}

void IntakeCounters::Settle(Outcome outcome, uint64_t observations) {
  const MutexLock lock(mutex_);
  GW_CHECK(waiting_ >= observations);
  waiting_ -= observations;
  settled_[static_cast<std::size_t>(outcome)] += observations;
}

void IntakeCounters::Late() {
  const MutexLock lock(mutex_);
  ++late_;
}

void IntakeCounters::Untimed() {
  const MutexLock lock(mutex_);
  ++untimed_;
}

void IntakeCounters::Odd(const OddityCounts& counts) {
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < counts.size(); ++i) odd_[i] += counts[i];
}

void IntakeCounters::Retried(uint64_t observations) {
  const MutexLock lock(mutex_);
  received_ += observations;
  waiting_ += observations;
  retried_ += observations;
}

IntakeCounters::Snapshot IntakeCounters::Read() const {
  Snapshot snapshot;
  const MutexLock lock(mutex_);
  snapshot.received = received_;
  snapshot.waiting = waiting_;
  snapshot.late = late_;
  snapshot.untimed = untimed_;
  for (std::size_t i = 0; i < odd_.size(); ++i) {
    snapshot.odd.push_back({"odd", std::string(OddityName(static_cast<Oddity>(i))), odd_[i]});
  }
  snapshot.retried = retried_;
  const auto settled = [&](Outcome outcome, std::string group, std::string reason)
                           ABSL_NO_THREAD_SAFETY_ANALYSIS {
    snapshot.counts.push_back({std::move(group), std::move(reason),
                               settled_[static_cast<std::size_t>(outcome)]});
  };
  settled(Outcome::kStored, "stored", "");
  settled(Outcome::kDuplicateRepeated, "duplicate", "repeated");
  settled(Outcome::kDuplicateConflict, "duplicate", "conflict");
  settled(Outcome::kDuplicateRedelivered, "duplicate", "redelivered");
  settled(Outcome::kExpired, "denied", "expired");
  settled(Outcome::kKeyGone, "denied", "key-gone");
  for (std::size_t i = 1; i < refused_.size(); ++i) {  // without kAdmitted
    const auto code = static_cast<port::DoorCode>(i);
    snapshot.counts.push_back({port::IsDenied(code) ? "denied" : "quarantined",
                               std::string(port::DoorCodeName(code)), refused_[i]});
  }
  return snapshot;
}

}  // namespace gateway::pipeline
