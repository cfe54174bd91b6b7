// The ledger: the gateway's Merkle log (RFC 6962) as rows of the store. It adds rows to the
// caller's batch and never commits, so that a release and its entry are one commit. Its head
// becomes a signed checkpoint only once it is durable, and proofs lead to that checkpoint.
// docs/formats.md §ledger.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/proof/merkle.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::ledger {

// Append, Committed, Abandoned, SetSigner and Publish belong to one thread; the rest may be called
// by any.
//
//   ASSIGN_OR_RETURN(const uint64_t index, ledger.Append(batch, entry));
//   const Status committed = vault.Commit(batch);
//   if (committed.ok()) ledger.Committed(); else ledger.Abandoned();
//   RETURN_IF_ERROR(syncer.Barrier());
//   ledger.Publish();
//
// No two roots are ever signed for one size. What Publish signs is durable, entries are never
// rewritten, and an index is given out again only if its entry was not committed; so a size that
// was signed once has that root in every later process too, and Ed25519, being deterministic,
// gives the same checkpoint bytes again. (A store brought back from a backup is older than what it
// signed: that has to be found out from outside, before it publishes.)
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

  // Names the log and gives it its key, which must outlive the ledger. The same each time.
  void SetSigner(std::string origin, const crypto::Signer& signer);
  // Signs the committed head as a checkpoint and makes it the one that proofs lead to. Everything
  // committed must be durable (Syncer::Barrier). Does nothing before SetSigner: a log without a
  // name has no checkpoint.
  void Publish();

  struct Published {
    uint64_t size = 0;
    std::string root;
    std::string note;  // the signed checkpoint (proof/note.h); "" until there is one
  };
  Published published() const;
  uint64_t published_size() const;

  // The tlog-proof (proof/tlog_proof.h) that entry `index` is in the published log.
  // Returns NotFound if `index` is not below its size, DataLoss if a node on the way is missing,
  // damaged, or does not lead to the published root.
  StatusOr<std::string> Prove(uint64_t index) const;

  // Returns NotFound if `index` is not below size(), DataLoss if the entry is missing or damaged.
  StatusOr<std::string> Entry(uint64_t index) const;

 private:
  explicit Ledger(store::Vault& vault) : vault_(vault) {}
  StatusOr<std::string> Node(int level, uint64_t index) const;

  store::Vault& vault_;
  // Belong to the appending thread.
  proof::CompactRange pending_;  // with the appended entries
  std::string origin_;
  const crypto::Signer* signer_ = nullptr;

  mutable Mutex mutex_;
  proof::CompactRange committed_ ABSL_GUARDED_BY(mutex_);
  Published published_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::ledger
