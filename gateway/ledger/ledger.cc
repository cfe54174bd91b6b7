#include "gateway/ledger/ledger.h"

#include <optional>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/note.h"
#include "gateway/proof/tlog_proof.h"

namespace gateway::ledger {
namespace {

using store::Table;

constexpr std::string_view kHeadKey = "h";

std::string EntryKey(uint64_t index) { return ByteWriter().U8('e').U64(index).Take(); }

// Of the root of the perfect subtree over the entries [index << level, (index + 1) << level).
std::string NodeKey(int level, uint64_t index) {
  return ByteWriter().U8('n').U8(static_cast<uint8_t>(level)).U64(index).Take();
}

}  // namespace

StatusOr<std::unique_ptr<Ledger>> Ledger::Open(store::Vault& vault) {
  std::unique_ptr<Ledger> ledger(new Ledger(vault));
  ASSIGN_OR_RETURN(const std::optional<std::string> head, vault.GetRow(Table::kLedger, kHeadKey));
  proof::CompactRange range;
  if (head.has_value()) {
    ASSIGN_OR_RETURN(range, proof::CompactRange::Parse(*head));
  }
  // Entries are only ever added at the end, so the two around the head tell their number.
  const uint64_t size = range.size();
  if (head.has_value() && size == 0) return DataLoss("ledger: a head without entries");
  if (size > 0) {
    ASSIGN_OR_RETURN(const std::optional<std::string> newest,
                     vault.GetRow(Table::kLedger, EntryKey(size - 1)));
    if (!newest.has_value()) {
      return DataLoss("ledger: the head says %u entries, entry %u is missing", size, size - 1);
    }
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> beyond,
                   vault.db().Get(Table::kLedger, EntryKey(size)));
  if (beyond.has_value()) {
    return DataLoss("ledger: the head says %u entries, entry %u exists", size, size);
  }
  ledger->pending_ = range;
  {
    const MutexLock lock(ledger->mutex_);
    ledger->committed_ = std::move(range);
  }
  return ledger;
}

StatusOr<uint64_t> Ledger::Append(store::Batch& batch, std::string_view entry) {
  if (entry.size() > proof::kEntryBytesMax) {
    return InvalidArgument("ledger entry of %u bytes, limit %u", entry.size(),
                           proof::kEntryBytesMax);
  }
  const uint64_t index = pending_.size();
  proof::CompactRange next = pending_;
  // Two rows per entry on average; a proof then reads one row per level instead of every entry.
  Status put;
  next.Append(proof::LeafHash(entry), [&](int level, uint64_t node, const std::string& hash) {
    if (put.ok()) put = vault_.PutOwn(batch, Table::kLedger, NodeKey(level, node), hash);
  });
  RETURN_IF_ERROR(put);
  RETURN_IF_ERROR(vault_.PutOwn(batch, Table::kLedger, EntryKey(index), entry));
  RETURN_IF_ERROR(vault_.PutOwn(batch, Table::kLedger, kHeadKey, next.Serialize()));
  pending_ = std::move(next);
  return index;
}

void Ledger::Committed() {
  const MutexLock lock(mutex_);
  committed_ = pending_;
}

void Ledger::Abandoned() {
  const MutexLock lock(mutex_);
  pending_ = committed_;
}

uint64_t Ledger::size() const {
  const MutexLock lock(mutex_);
  return committed_.size();
}

std::string Ledger::root() const {
  const MutexLock lock(mutex_);
  return committed_.Root();
}

Ledger::Head Ledger::head() const {
  const MutexLock lock(mutex_);
  return {.size = committed_.size(), .root = committed_.Root()};
}

void Ledger::SetSigner(std::string origin, const crypto::Signer& signer) {
  origin_ = std::move(origin);
  signer_ = &signer;
}

void Ledger::Publish() {
  if (signer_ == nullptr) return;
  Published next;
  const Head committed = head();
  next.size = committed.size;
  next.root = committed.root;
  next.note = proof::SignNote(
      proof::CheckpointText({.origin = origin_, .size = next.size, .root = next.root}), origin_,
      *signer_);
  const MutexLock lock(mutex_);
  published_ = std::move(next);
}

Ledger::Published Ledger::published() const {
  const MutexLock lock(mutex_);
  return published_;
}

uint64_t Ledger::published_size() const {
  const MutexLock lock(mutex_);
  return published_.size;
}

StatusOr<std::string> Ledger::Node(int level, uint64_t index) const {
  ASSIGN_OR_RETURN(std::optional<std::string> hash,
                   vault_.GetRow(Table::kLedger, NodeKey(level, index)));
  if (!hash.has_value()) return DataLoss("ledger node %u of level %d is missing", index, level);
  return *std::move(hash);
}

StatusOr<std::string> Ledger::Prove(uint64_t index) const {
  Published log = published();
  if (index >= log.size) {
    return NotFound("ledger entry %u, %u are published", index, log.size);
  }
  const auto node = [this](int level, uint64_t at) { return Node(level, at); };
  proof::TlogProof proof{.index = index, .hashes = {}, .checkpoint = std::move(log.note)};
  ASSIGN_OR_RETURN(proof.hashes, proof::ProveInclusion(index, log.size, node));
  // A proof that would not convince its reader must not leave: it would look like a forged log.
  ASSIGN_OR_RETURN(const std::string leaf_hash, Node(0, index));
  const Status leads =
      proof::VerifyInclusion(index, log.size, leaf_hash, proof.hashes, log.root);
  if (!leads.ok()) return DataLoss("ledger entry %u: its nodes lead to another root", index);
  return proof::FormatTlogProof(proof);
}

StatusOr<std::string> Ledger::Entry(uint64_t index) const {
  if (const uint64_t entries = size(); index >= entries) {
    return NotFound("ledger entry %u, there are %u", index, entries);
  }
  ASSIGN_OR_RETURN(std::optional<std::string> entry,
                   vault_.GetRow(Table::kLedger, EntryKey(index)));
  if (!entry.has_value()) return DataLoss("ledger entry %u is missing", index);
  return *std::move(entry);
}

}  // namespace gateway::ledger
