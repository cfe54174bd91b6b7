// Pipeline as Commands, the part that forgets a household. Its keys and rows go in one batch; then
// the master key is renewed and the files that held them are rewritten, so that old copies of the
// keys open with nothing that is left. The file `erasures` is written last: a start that finds an
// erased owner who is not in it does the rest.
#include <algorithm>
#include <chrono>

#include "gateway/backup/restored.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/block_rows.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/stored_readings.h"
#include "gateway/policy/receipt.h"

namespace gateway::pipeline {

using store::Table;

Status Pipeline::DestroyHousehold(const Household& household) {
  store::Batch batch;
  batch.Delete(Table::kRegistry, vault_->RowPseudonym("household", household.id.value()));
  for (const Table table : {Table::kBlocks, Table::kRollups}) {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> months,
                     StoredMonths(*vault_, table, household.owner));
    for (const uint32_t month : months) {
      const std::string from = OwnerPrefix(month, household.owner);
      batch.DeleteRange(table, from, PrefixEnd(from));
    }
  }
  return vault_->DestroyOwner(batch, household.owner);
}

Status Pipeline::FinishErasures() {
  const std::string path = dir_ + "/" + std::string(backup::kErasuresFile);
  const auto text = ReadFile(path, backup::kSmallFileBytesMax);
  if (!text.ok() && text.status().code() != StatusCode::kNotFound) return text.status();
  std::vector<std::string> erased;
  for (const OwnerId& owner : vault_->ErasedOwners()) erased.emplace_back(owner.view());
  const std::string whole = backup::WriteErasures(erased);
  if (erased.empty() || (text.ok() && *text == whole)) return OkStatus();
  if (!keyslots_path_.empty()) RETURN_IF_ERROR(RenewMasterKey().status());
  for (const Table table : {Table::kKeys, Table::kRegistry, Table::kJournal, Table::kBlocks,
                            Table::kRollups}) {
    RETURN_IF_ERROR(database_->Rewrite(table));
  }
  return WriteFile(path, whole, FileMode::kPrivate, IfExists::kReplace);
}

StatusOr<std::string> Pipeline::EraseHousehold(const std::string& household) {
  return Call<StatusOr<std::string>>([&]() -> StatusOr<std::string> {
    Registry& registry = core_->registry();
    const Household* found = registry.FindHousehold(HouseholdId(household));
    if (found == nullptr) {
      return NotFound("no such household; `commons household list` shows those there are");
    }
    const Household gone = *found;
    // What it sent until now is counted before it goes.
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    RETURN_IF_ERROR(core_->Checkpoint(core_->clock_floor()));
    const auto keys = vault_->OwnersKeys();
    const auto destroyed = static_cast<uint64_t>(std::count_if(
        keys.begin(), keys.end(), [&](const auto& key) { return key.first == gone.owner; }));
    RETURN_IF_ERROR(DestroyHousehold(gone));
    core_->ForgetOwner(gone.owner);
    registry.Forget(gone.id);
    PublishAdmissions();
    RETURN_IF_ERROR(syncer_->Barrier());
    RETURN_IF_ERROR(FinishErasures());
    Log(LogLevel::kInfo, "a household was erased: %d data keys destroyed", destroyed);
    const ledger::Ledger::Head head = ledger_->head();
    return policy::SignReceipt(
        {.commons = registry.rules()->documents.charter.commons,
         .gateway = gateway_,
         .subject = gone.subject,
         .erased_at = std::chrono::floor<std::chrono::seconds>(clock_.SystemNow()),
         .keys_destroyed = destroyed,
         .ledger_size = head.size,
         .ledger_root = head.root},
        vault_->signer());
  });
}

}  // namespace gateway::pipeline
