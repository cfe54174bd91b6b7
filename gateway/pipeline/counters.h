// The counters of invariant I8: received = stored + duplicate + denied + quarantined + waiting at
// every moment anybody looks. Each change moves an observation from one account to another under
// one lock; `received` is counted on entry and never derived from the others.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/pipeline/counter_use.h"
#include "gateway/port/commands.h"
#include "gateway/port/door.h"

namespace gateway::pipeline {

enum class Outcome : uint8_t {
  kStored,
  kDuplicateRepeated,     // same series, time and value as one already stored
  kDuplicateConflict,     // same series and time, another value: the first one stays
  kDuplicateRedelivered,  // the broker sent a message again that is in the journal
  kExpired,               // its day was rolled up already
  kKeyGone,               // the data key of the month it came in was destroyed
  kCount,
};

// Per process. Thread-safe.
class IntakeCounters {
 public:
  struct Snapshot {
    uint64_t received = 0;
    uint64_t waiting = 0;  // in hand or journaled, not yet folded
    uint64_t late = 0;     // of the stored
    uint64_t untimed = 0;  // of the stored
    uint64_t retried = 0;  // of the received: from the quarantine
    std::vector<port::DoorCount> counts;  // of every outcome and reason, zeros included
    std::vector<port::DoorCount> odd;     // likewise
  };

  void Received(uint64_t observations);
  void Refused(port::DoorCode code);
  void Settle(Outcome outcome, uint64_t observations);
  void Late();
  void Untimed();
  // Readings of counters, in sheets that were decided.
  void Odd(const OddityCounts& counts);
  // Observations of the quarantine that were journaled: received again, now waiting.
  void Retried(uint64_t observations);
  Snapshot Read() const;

 private:
  mutable Mutex mutex_;
  uint64_t received_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t late_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t untimed_ ABSL_GUARDED_BY(mutex_) = 0;
  OddityCounts odd_ ABSL_GUARDED_BY(mutex_){};
  uint64_t retried_ ABSL_GUARDED_BY(mutex_) = 0;
  std::array<uint64_t, static_cast<std::size_t>(port::DoorCode::kCount)> refused_
      ABSL_GUARDED_BY(mutex_){};
  std::array<uint64_t, static_cast<std::size_t>(Outcome::kCount)> settled_
      ABSL_GUARDED_BY(mutex_){};
};

}  // namespace gateway::pipeline
