// How much of the store is known to be durable: a small file, `high-water`, in the database's
// folder, because RocksDB cuts a damaged write-ahead log short and says nothing. Two slots are
// written in turn, in place, so that a write that is torn leaves the other.
// docs/formats.md §high-water.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/store/losses.h"

namespace gateway::store {

struct Mark {
  uint64_t changes = 0;  // RocksDB's sequence number
  uint64_t journal = 0;  // number of the last entry
  uint64_t ledger = 0;   // entries of the ledger
  friend bool operator==(const Mark&, const Mark&) = default;
};

// Thread-safe.
class HighWater {
 public:
  enum class Found { kNone, kWhole, kDamaged };

  // Returns Unavailable if the file is there and cannot be read.
  static StatusOr<std::unique_ptr<HighWater>> Open(const std::string& dir);

  // What Open found, and the newest whole slot.
  Found found() const { return found_; }
  Mark mark() const;

  // Makes the mark durable; it may also be lower than the last: after a loss that was reported.
  // Returns Unavailable if the disk refused; the mark before it is then still there.
  Status Write(const Mark& mark);

 private:
  explicit HighWater(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  Found found_ = Found::kNone;
  mutable Mutex mutex_;  // held while the file is written, by one thread at a time
  Mark mark_ ABSL_GUARDED_BY(mutex_);
  uint64_t writes_ ABSL_GUARDED_BY(mutex_) = 0;  // number of the last one; even: the first slot
};

// What a store that recovered `now` lost of what it was known to have: empty if nothing.
std::vector<Loss> Shortfall(const Mark& known, const Mark& now, Time found);

// "journal entry 7" or "journal entries 7 to 9".
std::string Entries(std::string_view log, uint64_t first, uint64_t last);

}  // namespace gateway::store
