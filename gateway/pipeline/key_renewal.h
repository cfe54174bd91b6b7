// Fresh data keys for every owner, and what the old ones had sealed sealed anew, so that a copy of an
// old key opens nothing of what the store has: `commons key rotate data`. docs/formats.md §keys.
#pragma once

#include <set>
#include <string_view>

#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// Row of the meta table, in clear, while a renewal has begun and not ended: the last owner who is
// done, or nothing.
inline constexpr std::string_view kRenewingKey = "renewing-keys";

// Confined to the pipeline thread. Its batches are small, and between any two of them every row
// opens under the key that its head names: after a crash, Finish does the rest.
//
// Renewed are the keys that something new may still be sealed under: of the registry, of this month
// and of rollups. Those of earlier months seal nothing any more and end with their readings.
class KeyRenewal {
 public:
  // `vault` must outlive it.
  explicit KeyRenewal(store::Vault& vault) : vault_(vault) {}

  // Whether a renewal has begun and not ended.
  static StatusOr<bool> IsPending(const store::Vault& vault);

  // Makes keys of the next generation, under which everybody seals from now on; `month` is the
  // present one. Nothing may be journaled meanwhile.
  // Returns as Vault::Renew, with everything as it was.
  Status Begin(uint32_t month);

  // The same of the quarantine, whose rows come and go with messages: before intake goes on.
  Status ResealQuarantine() {
    batch_.Clear();
    return Reseal(store::Table::kQuarantine, "", "");
  }

  // Seals anew what is under keys that were replaced, owner by owner, and ends those keys. Intake
  // goes on; nothing may be unwritten in the pipeline's blocks, nor known to it of their rows. A row
  // that does not open stays as it is, and so does its key. The mark stays too: End.
  // Returns as Database; again does the rest.
  Status Finish();

  // What ended is out of every file: takes the mark away.
  Status End();

  uint64_t made() const { return made_; }        // keys
  uint64_t damaged() const { return damaged_; }  // rows that do not open

 private:
  Status FinishOwner(const OwnerId& owner, const std::set<uint32_t>& epochs);
  bool IsReplaced(const store::Vault::OwnerKey& key) const;
  // Of one table's range, whose row keys may hold the epoch.
  Status Reseal(store::Table table, std::string_view from, std::string_view until);
  Status ResealRow(store::Table table, std::string_view key, std::string_view value);

  store::Vault& vault_;
  store::Batch batch_;
  std::set<store::Vault::OwnerKey> kept_;  // a row of theirs does not open
  std::string run_;                        // where the row before went, and the next part there
  uint32_t next_part_ = 0;
  uint64_t made_ = 0;
  uint64_t damaged_ = 0;
};

}  // namespace gateway::pipeline
