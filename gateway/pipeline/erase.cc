// Pipeline as Commands, the part that forgets a household. The order makes a crash anywhere either
// leave everything as it was or be finished by the next start: the owner's pseudonym goes into the
// file of erasures, then keys and rows go in one batch with the mark "erasing", then the files that
// held them, then the master key that wrapped the keys, then the mark.
#include <algorithm>

#include "gateway/backup/restored.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/call.h"
#include "gateway/policy/receipt.h"

namespace gateway::pipeline {
namespace {

using store::Table;

constexpr std::string_view kErasingKey = "erasing";  // of the meta table
constexpr std::size_t kKeyRowBytesMin = 2;  // a tombstone has one byte

// Every row that is sealed under a key of the owner. Not those of the journal, whose numbering has
// no gaps: they go with their time, and do not open meanwhile.
Status DeleteRows(const store::Database& db, const OwnerId& owner, store::Batch& batch) {
  for (const Table table :
       {Table::kRegistry, Table::kBlocks, Table::kRollups, Table::kQuarantine}) {
    RETURN_IF_ERROR(db.Scan(table, {}, {}, [&](std::string_view key, std::string_view value) {
      const auto header = store::ParseRowHeader(value);
      if (header.ok() && header->owner == owner) batch.Delete(table, key);
      return true;
    }));
  }
  return OkStatus();
}

StatusOr<uint64_t> CountKeys(const store::Database& db, const OwnerId& owner) {
  uint64_t keys = 0;
  const std::string from(owner.view());
  RETURN_IF_ERROR(db.Scan(Table::kKeys, from, {}, [&](std::string_view key, std::string_view value) {
    if (!key.starts_with(from)) return false;
    if (value.size() >= kKeyRowBytesMin) ++keys;
    return true;
  }));
  return keys;
}

}  // namespace

StatusOr<std::vector<std::string>> Pipeline::ReadErasures() const {
  const auto text =
      ReadFile(dir_ + "/" + std::string(backup::kErasuresFile), backup::kSmallFileBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return std::vector<std::string>();
  RETURN_IF_ERROR(text.status());
  return backup::ReadErasures(*text);
}

Status Pipeline::NoteErasure(const OwnerId& owner) {
  ASSIGN_OR_RETURN(std::vector<std::string> erased, ReadErasures());
  if (std::ranges::count(erased, owner.view()) > 0) return OkStatus();
  if (erased.size() >= limits::kErasuresMax) {
    return ResourceExhausted("erasures: %d, the most one store remembers", erased.size());
  }
  erased.emplace_back(owner.view());
  return WriteFile(dir_ + "/" + std::string(backup::kErasuresFile),
                   backup::WriteErasures(erased), FileMode::kPrivate, IfExists::kReplace);
}

Status Pipeline::DestroyOwner(const OwnerId& owner) {
  store::Batch batch;
  RETURN_IF_ERROR(DeleteRows(*database_, owner, batch));
  batch.Put(Table::kMeta, kErasingKey, "1");
  return vault_->DestroyOwner(batch, owner);
}

Status Pipeline::Scrub() {
  RETURN_IF_ERROR(syncer_->Barrier());
  for (const Table table : {Table::kRegistry, Table::kJournal, Table::kBlocks, Table::kRollups,
                            Table::kQuarantine}) {
    RETURN_IF_ERROR(database_->Rewrite(table));
  }
  if (!keyslots_path_.empty()) RETURN_IF_ERROR(RenewMasterKey().status());
  // The keys that the old master had wrapped are in the files that the renewal left behind.
  RETURN_IF_ERROR(database_->Rewrite(Table::kKeys));
  store::Batch batch;
  batch.Delete(Table::kMeta, kErasingKey);
  RETURN_IF_ERROR(database_->Commit(batch));
  return syncer_->Barrier();
}

Status Pipeline::FinishErasures() {
  ASSIGN_OR_RETURN(const std::vector<std::string> erased, ReadErasures());
  for (const std::string& owner : erased) {
    // Not done before a crash, or undone by an older backup.
    if (vault_->IsErased(OwnerId::FromBytes(owner))) continue;
    RETURN_IF_ERROR(DestroyOwner(OwnerId::FromBytes(owner)));
    if (core_ != nullptr) core_->Forget(OwnerId::FromBytes(owner));
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> erasing,
                   database_->Get(Table::kMeta, kErasingKey));
  if (!erasing.has_value()) return OkStatus();
  // The keys are gone; a full disk must not keep the gateway from starting, and from making room.
  if (const Status scrubbed = Scrub(); !scrubbed.ok()) {
    Log(LogLevel::kError, "erasure: old files are not rewritten yet, the next start tries again: %s",
        std::string(Message(scrubbed)));
  }
  return OkStatus();
}

StatusOr<std::string> Pipeline::EraseHousehold(const std::string& id) {
  return Call<StatusOr<std::string>>([&]() -> StatusOr<std::string> {
    policy::Receipt receipt;
    {
      // Nothing may be journaled between the fold of what is there and the end of the keys: it
      // would be counted as received and could never be read.
      const MutexLock intake(intake_gate_);
      RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
      const Household* household = core_->registry().FindHousehold(HouseholdId(id));
      if (household == nullptr) {
        return NotFound("no such household; `commons household list` shows those there are");
      }
      const OwnerId owner = household->owner;
      receipt.subject = household->subject;
      const Time now = clock_.SystemNow();
      RETURN_IF_ERROR(core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor()));
      ASSIGN_OR_RETURN(receipt.data_keys, CountKeys(*database_, owner));
      RETURN_IF_ERROR(NoteErasure(owner));
      RETURN_IF_ERROR(DestroyOwner(owner));
      core_->Forget(owner);
      quarantine_->Forget(owner);
      PublishAdmissions();
      receipt.erased_at = now;
    }
    // The keys are gone; whatever fails from here on is finished by the next start.
    RETURN_IF_ERROR(Scrub());
    receipt.commons = core_->registry().rules()->documents.charter.commons;
    receipt.gateway = gateway_;
    const ledger::Ledger::Head head = ledger_->head();
    receipt.ledger_size = head.size;
    receipt.ledger_root = head.root;
    return policy::SignReceipt(receipt, vault_->signer());
  });
}

}  // namespace gateway::pipeline
