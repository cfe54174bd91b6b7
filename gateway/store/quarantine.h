// Messages that the door refused for what they say, as they came: for the operator to try again
// once a profile or a rule is mended. Few, not for long, and sealed like readings, because a payload
// may hold what no rule collects. docs/formats.md §quarantined-messages.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::store {

struct QuarantinedMessage {
  uint64_t number = 0;  // of its row; unique and ascending while the process runs
  OwnerKind owner_kind = OwnerKind::kHousehold;
  OwnerId owner;
  Time arrival;
  uint64_t message_hash = 0;
  std::string reason;  // "out-of-range", …
  bool retained = false;
  bool redelivered = false;
  bool clock_unsound = false;  // when it came
  Millis waited_max{0};        // as in port::Delivery
  DeviceId device;             // as the operator calls it
  std::string topic;
  std::string payload;         // at most limits::kQuarantinedPayloadBytesMax bytes of it
  uint64_t payload_bytes = 0;  // what it had
  std::vector<SeriesId> journaled;  // of its values that were stored: no retry stores them again
  bool whole() const { return payload.size() == payload_bytes; }
  friend bool operator==(const QuarantinedMessage&, const QuarantinedMessage&) = default;
};

// Thread-safe.
class Quarantine {
 public:
  // Why rows go.
  enum class End : uint8_t { kDisplaced, kExpired, kDropped, kRetried, kErased, kCount };
  struct Counts {
    uint64_t rows = 0, bytes = 0;  // at present
    // Since the process started.
    uint64_t kept = 0;
    uint64_t not_kept = 0;  // the disk had no room, or the owner's key is gone
    uint64_t ended[static_cast<std::size_t>(End::kCount)] = {};
  };

  // Rows that do not open any more are deleted: they are copies of what was refused.
  // `vault` must outlive it. Returns as Database::Scan and Commit do.
  static StatusOr<std::unique_ptr<Quarantine>> Open(Vault& vault);

  // Keeps the message under its owner's key of the month of its arrival, in one small batch, which
  // also deletes what has to go for it: the oldest of the owner while that has
  // limits::kQuarantineRowsPerOwnerMax rows or more than kQuarantineBytesPerOwnerMax bytes, and the
  // oldest of all while there are kQuarantineRowsMax. A message that is redelivered or
  // `numbered` and is here already is not kept again, and is OK.
  // Returns InvalidArgument if it has no owner or exceeds a limit, ResourceExhausted while intake is
  // paused, otherwise as Vault::PutSealed and Database::Commit; counted as not kept.
  Status Add(const QuarantinedMessage& message, bool numbered = false);

  // The numbers of all rows, ascending.
  std::vector<uint64_t> Numbers() const;
  // Empty if it is gone. Returns DataLoss if it does not open.
  StatusOr<std::optional<QuarantinedMessage>> Read(uint64_t number) const;
  // Likewise from a row as it stands in the table.
  static StatusOr<QuarantinedMessage> ReadRow(const Vault& vault, std::string_view key,
                                              std::string_view value);

  // Deletes those of the rows that are there. Returns as Database::Commit, with everything as it was.
  Status Remove(const std::vector<uint64_t>& numbers, End end);
  // What came at or before `before`, and what says that it came after `until`, because a clock was
  // wrong then or is now. Cheap if nothing is to be done.
  Status RemoveOutside(Time before, Time until);

  // For a caller who deletes the row in a batch of his own, and says so once it is committed.
  static void PutRemoval(Batch& batch, uint64_t number);
  void Removed(uint64_t number, End end);
  // The owner's rows were deleted.
  void Forget(const OwnerId& owner);

  Counts counts() const;

 private:
  struct Row {
    OwnerId owner;
    Time arrival;
    uint64_t message_hash = 0;
    std::size_t bytes = 0;
  };
  struct OwnersRows {
    std::deque<uint64_t> numbers;  // ascending
    std::size_t bytes = 0;
  };

  explicit Quarantine(Vault& vault) : vault_(vault) {}
  Status Load();
  Status AddNext(const QuarantinedMessage& message, bool numbered) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writing_);
  bool IsKnown(const QuarantinedMessage& message) const;
  std::vector<uint64_t> WhatGoesFor(const OwnerId& owner, std::size_t bytes) const;
  void Insert(uint64_t number, const Row& row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Erase(uint64_t number, End end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Vault& vault_;
  Mutex writing_;  // held for a whole batch, so that batches follow each other
  uint64_t next_ ABSL_GUARDED_BY(writing_) = 1;
  mutable Mutex mutex_;  // never held while the disk works: whoever counts must not wait for it
  std::map<uint64_t, Row> rows_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<OwnerId, OwnersRows> owners_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::store
