// Pipeline as Commands, the part that forgets a household. The order makes a crash anywhere either
// leave everything as it was or be finished by the next start: the owner's pseudonym goes into the
// file of erasures, then keys and rows go in one batch with the mark "erasing" and what the receipt
// needs, then the files that held them, then the master key that wrapped the keys, then the mark.
#include <algorithm>

#include "gateway/backup/restored.h"
#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/block_rows.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/stored_readings.h"
#include "gateway/policy/receipt.h"

namespace gateway::pipeline {
namespace {

using store::Table;

constexpr std::string_view kErasingKey = "erasing";  // of the meta table
constexpr std::string_view kReceiptKey = "receipt-";  // and a pseudonym of the household's name
constexpr std::size_t kKeyRowBytesMin = 2;  // a tombstone has one byte

// Every row that is sealed under a key of the owner. Not those of the journal, whose numbering has
// no gaps: they go with their time, and do not open meanwhile.
Status DeleteRows(const store::Vault& vault, const OwnerId& owner, store::Batch& batch) {
  for (const Table table : {Table::kBlocks, Table::kRollups}) {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> months, StoredMonths(vault, table, owner));
    for (const uint32_t month : months) {
      const std::string prefix = OwnerPrefix(month, owner);
      batch.DeleteRange(table, prefix, PrefixEnd(prefix));
    }
  }
  for (const Table table : {Table::kRegistry, Table::kQuarantine}) {  // both are small
    RETURN_IF_ERROR(
        vault.db().Scan(table, {}, {}, [&](std::string_view key, std::string_view row) {
          const auto header = store::ParseRowHeader(row);
          if (header.ok() && header->owner == owner) batch.Delete(table, key);
          return true;
        }));
  }
  return OkStatus();
}

StatusOr<uint64_t> CountKeys(const store::Database& db, const OwnerId& owner) {
  uint64_t keys = 0;
  const std::string from(owner.view());
  RETURN_IF_ERROR(db.Scan(Table::kKeys, from, PrefixEnd(from),
                          [&](std::string_view /*key*/, std::string_view value) {
                            if (value.size() >= kKeyRowBytesMin) ++keys;
                            return true;
                          }));
  return keys;
}

std::string ReceiptKey(const store::Vault& vault, const HouseholdId& household) {
  return std::string(kReceiptKey) + HexEncode(vault.RowPseudonym("receipt", household.value()));
}

// What of a receipt is not known any more once the household is gone.
std::string EncodeReceipt(const policy::Receipt& receipt) {
  return ByteWriter()
      .U8(1)
      .Raw(receipt.subject.view())
      .I64(receipt.erased_at.time_since_epoch().count())
      .U64(receipt.data_keys)
      .Take();
}

StatusOr<policy::Receipt> DecodeReceipt(std::string_view row) {
  ByteReader in(row);
  if (in.U8() != 1) return DataLoss("receipt row: not of version 1");
  policy::Receipt receipt;
  if (const std::string_view subject = in.Raw(SubjectId::kBytes); in.ok()) {
    receipt.subject = SubjectId::FromBytes(subject);
  }
  receipt.erased_at = Time(Millis(in.I64()));
  receipt.data_keys = in.U64();
  RETURN_IF_ERROR(in.Finish("receipt row"));
  return receipt;
}

// Whoever wanted one has had the time to take it.
Status DropOldReceipts(const store::Vault& vault, Time now, store::Batch& batch) {
  const std::string prefix(kReceiptKey);
  return vault.db().Scan(
      Table::kMeta, prefix, PrefixEnd(prefix), [&](std::string_view key, std::string_view row) {
        const StatusOr<std::string> plain = vault.OpenRow(Table::kMeta, key, row);
        const auto receipt = plain.ok() ? DecodeReceipt(*plain) : plain.status();
        if (receipt.ok() && receipt->erased_at + limits::kReceiptLife < now) {
          batch.Delete(Table::kMeta, key);
        }
        return true;
      });
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
  RETURN_IF_ERROR(DeleteRows(*vault_, owner, batch));
  // One that is erased again after a restore has had its receipt, and is not in memory.
  const Household* household = core_ == nullptr ? nullptr : core_->registry().FindOwner(owner);
  if (household != nullptr) {
    policy::Receipt receipt{.commons = {}, .gateway = {}, .subject = household->subject};
    receipt.erased_at = clock_.SystemNow();
    ASSIGN_OR_RETURN(receipt.data_keys, CountKeys(*database_, owner));
    RETURN_IF_ERROR(DropOldReceipts(*vault_, receipt.erased_at, batch));
    RETURN_IF_ERROR(vault_->PutOwn(batch, Table::kMeta, ReceiptKey(*vault_, household->id),
                                   EncodeReceipt(receipt)));
  }
  batch.Put(Table::kMeta, kErasingKey, owner.view());
  const MutexLock subscriptions(subscriptions_gate_);
  RETURN_IF_ERROR(ForgetTopics(household, batch));
  return vault_->DestroyOwner(batch, owner);
}

void Pipeline::ForgetOwner(const OwnerId& owner) {
  const Household* household = core_->registry().FindOwner(owner);
  const Household gone = household == nullptr ? Household() : *household;
  if (household != nullptr) unsaved_.erase(household->id);
  core_->Forget(owner);
  if (quarantine_ != nullptr) quarantine_->Forget(owner);  // at a start it is opened later
  // Last, and whatever becomes of it: with its keys gone nothing may keep the household in memory.
  ForgetWithdrawals(gone);
}

StatusOr<bool> Pipeline::IsErasing() const {
  ASSIGN_OR_RETURN(const auto mark, database_->Get(Table::kMeta, kErasingKey));
  return mark.has_value();
}

Status Pipeline::RewriteOwnersTables() {
  RETURN_IF_ERROR(syncer_->Barrier());
  // kMeta: for the topics that the household's devices had.
  for (const Table table : {Table::kMeta, Table::kRegistry, Table::kJournal, Table::kBlocks,
                            Table::kRollups, Table::kQuarantine}) {
    RETURN_IF_ERROR(database_->Rewrite(table));
  }
  return OkStatus();
}

Status Pipeline::Scrub(const OnPipeline& on_pipeline) {
  // The last erasure that this covers: what is rewritten from here on holds nothing of it.
  ASSIGN_OR_RETURN(const auto mark, database_->Get(Table::kMeta, kErasingKey));
  RETURN_IF_ERROR(RewriteOwnersTables());
  if (!keyslots_path_.empty()) {
    RETURN_IF_ERROR(on_pipeline([this] { return RenewMasterKey().status(); }));
  }
  // The keys that the old master had wrapped are in the files that the renewal left behind.
  RETURN_IF_ERROR(database_->Rewrite(Table::kKeys));
  const Status ended = on_pipeline([&]() -> Status {
    ASSIGN_OR_RETURN(const auto mark_now, database_->Get(Table::kMeta, kErasingKey));
    if (mark_now != mark) return OkStatus();  // of a later erasure, which takes it away itself
    store::Batch batch;
    batch.Delete(Table::kMeta, kErasingKey);
    return database_->Commit(batch);
  });
  return ended.ok() ? syncer_->Barrier() : ended;
}

Status Pipeline::FinishErasures() {
  ASSIGN_OR_RETURN(const std::vector<std::string> erased, ReadErasures());
  for (const std::string& owner : erased) {
    // Not done before a crash, or undone by an older backup.
    if (vault_->IsErased(OwnerId::FromBytes(owner))) continue;
    RETURN_IF_ERROR(DestroyOwner(OwnerId::FromBytes(owner)));
    ForgetOwner(OwnerId::FromBytes(owner));
  }
  store::Batch old;
  RETURN_IF_ERROR(DropOldReceipts(*vault_, clock_.SystemNow(), old));
  RETURN_IF_ERROR(vault_->Commit(old));
  ASSIGN_OR_RETURN(const bool erasing, IsErasing());
  if (!erasing) return OkStatus();
  // The keys are gone; a full disk must not keep the gateway from starting, and from making room.
  const auto here = [](const std::function<Status()>& command) { return command(); };
  if (const Status scrubbed = Scrub(here); !scrubbed.ok()) {
    Log(LogLevel::kError, "erasure: old files are not rewritten yet, the next start tries again: %s",
        std::string(Message(scrubbed)));
  }
  return OkStatus();
}

StatusOr<std::string> Pipeline::EraseHousehold(const std::string& id) {
  const Status destroyed = Call<Status>([&]() -> Status {
    // Nothing may be journaled between the fold of what is there and the end of the keys: it
    // would be counted as received and could never be read.
    const MutexLock intake(intake_gate_);
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    const Household* household = core_->registry().FindHousehold(HouseholdId(id));
    if (household == nullptr) {
      return NotFound("no such household; `commons household list` shows those there are, and "
                      "`commons household receipt FILE --of ID` gives the receipt of one that is "
                      "erased");
    }
    const OwnerId owner = household->owner;
    const Time now = clock_.SystemNow();
    RETURN_IF_ERROR(core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor()));
    RETURN_IF_ERROR(NoteErasure(owner));
    RETURN_IF_ERROR(DestroyOwner(owner));
    ForgetOwner(owner);
    PublishAdmissions();
    return OkStatus();
  });
  RETURN_IF_ERROR(destroyed);
  // The keys are gone; whatever fails from here on is finished by the next start. Rewriting takes
  // as long as the store is large, so it is done here, on the caller's thread: neither intake nor
  // a withdrawal waits for it. Only the receipt does.
  RETURN_IF_ERROR(Scrub([this](const std::function<Status()>& command) {
    return Call<Status>(command);
  }));
  return SignedReceipt(id);
}

StatusOr<std::string> Pipeline::ErasureReceipt(const std::string& id) {
  ASSIGN_OR_RETURN(const bool erasing, IsErasing());
  if (erasing) {
    return Unavailable("an erasure has not ended: files that held its keys are not rewritten yet. "
                       "Try again; if it stays so, make room and restart commonsd");
  }
  return SignedReceipt(id);
}

StatusOr<std::string> Pipeline::SignedReceipt(const std::string& id) {
  return Call<StatusOr<std::string>>([&]() -> StatusOr<std::string> {
    ASSIGN_OR_RETURN(const std::optional<std::string> row,
                     vault_->GetRow(Table::kMeta, ReceiptKey(*vault_, HouseholdId(id))));
    if (!row.has_value()) {
      return NotFound("no household of this name was erased here in the last %d days",
                      limits::kReceiptLife.count());
    }
    ASSIGN_OR_RETURN(policy::Receipt receipt, DecodeReceipt(*row));
    receipt.commons = core_->registry().rules()->documents.charter.commons;
    receipt.gateway = gateway_;
    const ledger::Ledger::Head head = ledger_->head();
    receipt.ledger_size = head.size;
    receipt.ledger_root = head.root;
    return policy::SignReceipt(receipt, vault_->signer());
  });
}

}  // namespace gateway::pipeline
