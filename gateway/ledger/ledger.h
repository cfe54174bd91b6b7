// The ledger: the gateway's Merkle log (RFC 6962) as rows of the store. It adds rows to the
// caller's batch and never commits, so that a release and its entry are one commit.
// docs/formats.md §ledger.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/proof/merkle.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::ledger {

// Append, Committed and Abandoned belong to one thread; the rest may be called by any.
//
//   ASSIGN_OR_RETURN(const uint64_t index, ledger.Append(batch, entry));
//   const Status committed = vault.Commit(batch);
//   if (committed.ok()) ledger.Committed(); else ledger.Abandoned();
class Ledger {
 public:
  // `vault` must outlive the ledger.
  // Returns DataLoss if the head and the entries do not belong together.
  static StatusOr<std::unique_ptr<Ledger>> Open(store::Vault& vault);

  // Adds the entry's rows to `batch` and returns its index. Several entries may go into one batch;
  // none counts before Committed.
  // Returns InvalidArgument if the entry exceeds proof::kEntryBytesMax, otherwise as
  // Vault::PutOwn. On an error the batch must not be committed; call Abandoned.
  StatusOr<uint64_t> Append(store::Batch& batch, std::string_view entry);

  // The batch with the appended entries is committed: the head advances.
  void Committed();
  // It is not and will not be: the head stays, and the indices are given out again.
  void Abandoned();

  // The committed head: number of entries, and the Merkle tree hash over them (32 bytes).
  uint64_t size() const;
  std::string root() const;
  struct Head {
    uint64_t size = 0;
    std::string root;
  };
  // Both, of the same moment.
  Head head() const;

  // Returns NotFound if `index` is not below size(), DataLoss if the entry is missing or damaged.
  StatusOr<std::string> Entry(uint64_t index) const;

 private:
  explicit Ledger(store::Vault& vault) : vault_(vault) {}

  store::Vault& vault_;
  proof::CompactRange pending_;  // with the appended entries; belongs to the appending thread
  mutable Mutex mutex_;
  proof::CompactRange committed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::ledger
