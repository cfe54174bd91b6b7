// The journal: what arrived by MQTT, in order, sealed, before it is acknowledged. One row per
// message and owner, keyed by a sequence number that is never reused. docs/formats.md §journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/model/reading.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::store {

struct JournalEntry {
  struct Item {
    SeriesId series;
    Reading reading;
    friend bool operator==(const Item&, const Item&) = default;
  };

  uint64_t sequence = 0;
  OwnerKind owner_kind = OwnerKind::kHousehold;
  OwnerId owner;
  Time arrival;
  uint64_t message_hash = 0;
  std::vector<Item> items;
  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

// Append belongs to one thread at a time; everything else may be called by any.
class Journal {
 public:
  // Continues after the last entry of the store, or after `at_least` (the last folded entry) if
  // that is greater, as it is when every entry has been trimmed. `vault` must outlive the journal.
  static StatusOr<std::unique_ptr<Journal>> Open(Vault& vault, uint64_t at_least);

  // Seals each entry under its owner's key of the month of `now` and commits all in one batch, or
  // none; sets their numbers, which follow each other. On an error no number is used up.
  // Returns InvalidArgument if an entry has more than limits::kObservationsPerMessageMax items,
  // ResourceExhausted while intake is paused (Database::space), otherwise as Vault::PutSealed and
  // Database::Commit.
  Status Append(std::span<JournalEntry> entries, Time now);
  // The same together with the changes of `with`, which is cleared on success and else is as it was
  // or has rows in it that must not be committed.
  Status Append(std::span<JournalEntry> entries, Time now, Batch& with);
  // The same of one; returns its number.
  StatusOr<uint64_t> Append(JournalEntry entry, Time now);

  // The number of the last entry; `at_least` if there was none. Entries up to here can be read.
  uint64_t last() const { return last_.load(std::memory_order_acquire); }

  // Visits at most `max_entries` entries with a sequence above `after`, in order, until `visit`
  // returns false. An entry whose data key was destroyed has no items.
  // Returns DataLoss if an entry is damaged or missing between two others; but with `lost`, what
  // is missing from `after` + 1 on, or damaged, is told to it (first and last number) and left out.
  using Lost = std::function<void(uint64_t first, uint64_t last)>;
  Status ReadFrom(uint64_t after, std::size_t max_entries,
                  const std::function<bool(const JournalEntry&)>& visit,
                  const Lost& lost = nullptr) const;

  // Deletes the entries up to and including `sequence`. Correctness never depends on it.
  Status TrimThrough(uint64_t sequence);

 private:
  Journal(Vault& vault, uint64_t last) : vault_(vault), last_(last) {}

  Vault& vault_;
  std::atomic<uint64_t> last_;
  // Append's buffers, kept because it runs for every message.
  Batch batch_;
  ByteWriter key_;
  ByteWriter plaintext_;
};

}  // namespace gateway::store
