#include "gateway/pipeline/key_renewal.h"

#include <map>
#include <utility>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/pipeline/block_rows.h"

namespace gateway::pipeline {

using store::Table;
using OwnerKey = store::Vault::OwnerKey;

namespace {

constexpr std::size_t kBatchBytes = 256u << 10;

}  // namespace

StatusOr<bool> KeyRenewal::IsPending(const store::Vault& vault) {
  ASSIGN_OR_RETURN(const auto row, vault.db().Get(Table::kMeta, kRenewingKey));
  return row.has_value();
}

bool KeyRenewal::IsReplaced(const OwnerKey& key) const {
  return vault_.NewestEpoch(key.first, store::BaseEpoch(key.second)) != key.second;
}

Status KeyRenewal::Begin(uint32_t month) {
  std::vector<OwnerKey> keys = vault_.OwnersKeys();
  std::erase_if(keys, [&](const OwnerKey& key) {
    const uint32_t base = store::BaseEpoch(key.second);
    const bool seals = base == store::kOwnerRegistryEpoch ||
                       ((base & store::kRollupEpochs) == 0 && base >= month);
    return !seals || IsReplaced(key);
  });
  batch_.Clear();
  batch_.Put(Table::kMeta, kRenewingKey, "");
  RETURN_IF_ERROR(vault_.Renew(batch_, keys));
  made_ += keys.size();
  return OkStatus();
}

Status KeyRenewal::Finish() {
  ASSIGN_OR_RETURN(const auto mark, vault_.db().Get(Table::kMeta, kRenewingKey));
  if (!mark.has_value()) return OkStatus();
  batch_.Clear();
  // Their row keys say nothing of owners, so all are done at once.
  for (const Table table : {Table::kRegistry, Table::kJournal, Table::kQuarantine}) {
    RETURN_IF_ERROR(Reseal(table, "", ""));
  }
  std::map<OwnerId, std::set<uint32_t>> owners;
  for (const auto& [owner, epoch] : vault_.OwnersKeys()) owners[owner].insert(epoch);
  for (const auto& [owner, epochs] : owners) {
    if (owner.view() > *mark) RETURN_IF_ERROR(FinishOwner(owner, epochs));
  }
  return OkStatus();
}

Status KeyRenewal::FinishOwner(const OwnerId& owner, const std::set<uint32_t>& epochs) {
  std::vector<OwnerKey> rollups, ends;
  for (const uint32_t epoch : epochs) {
    const bool of_rollups = (epoch & store::kRollupEpochs) != 0;
    if (of_rollups && !IsReplaced({owner, epoch})) rollups.emplace_back(owner, epoch);
  }
  RETURN_IF_ERROR(vault_.Renew(batch_, rollups));
  made_ += rollups.size();
  for (const Table table : {Table::kBlocks, Table::kRollups}) {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> months, MonthsOf(vault_.db(), table));
    for (const uint32_t month : months) {
      const std::string prefix = OwnerPrefix(month, owner);
      RETURN_IF_ERROR(Reseal(table, prefix, PrefixEnd(prefix)));
    }
  }
  for (const uint32_t epoch : epochs) {
    const OwnerKey key{owner, epoch};
    if (IsReplaced(key) && !kept_.contains(key)) ends.push_back(key);
  }
  batch_.Put(Table::kMeta, kRenewingKey, owner.view());
  return vault_.DropReplaced(batch_, ends);
}

Status KeyRenewal::Reseal(Table table, std::string_view from, std::string_view until) {
  run_.clear();
  Status status;
  RETURN_IF_ERROR(vault_.db().Scan(table, from, until,
                                   [&](std::string_view key, std::string_view value) {
                                     status = ResealRow(table, key, value);
                                     if (status.ok() && batch_.bytes() >= kBatchBytes) {
                                       status = vault_.Commit(batch_);
                                     }
                                     return status.ok();
                                   }));
  if (status.ok() && !batch_.empty()) status = vault_.Commit(batch_);
  return status;
}

Status KeyRenewal::ResealRow(Table table, std::string_view key, std::string_view value) {
  const StatusOr<store::RowHeader> head = store::ParseRowHeader(value);
  if (!head.ok() || head->owner == OwnerId{} || !IsReplaced({head->owner, head->epoch})) {
    return OkStatus();
  }
  const StatusOr<std::string> plain = vault_.OpenRow(table, key, value);
  if (plain.status().code() == StatusCode::kDataLoss) {
    ++damaged_;
    kept_.insert({head->owner, head->epoch});
    return OkStatus();
  }
  if (plain.status().code() == StatusCode::kNotFound) return OkStatus();  // of an erased owner
  RETURN_IF_ERROR(plain.status());
  const uint32_t epoch = vault_.NewestEpoch(head->owner, store::BaseEpoch(head->epoch));
  if (table != Table::kBlocks && table != Table::kRollups) {
    return vault_.PutSealed(batch_, table, key, head->owner_kind, head->owner, epoch, *plain);
  }
  // Both have keys like those of blocks. The row goes behind what the new run has already.
  ASSIGN_OR_RETURN(const BlockKey at, ParseBlockKey(key));
  std::string run = DevicePrefix(at.month, at.owner, at.device) + ByteWriter().U32(epoch).Take();
  if (run != run_) {
    next_part_ = 0;
    RETURN_IF_ERROR(vault_.db().Scan(table, run, PrefixEnd(run),
                                     [&](std::string_view there, std::string_view) {
                                       next_part_ =
                                           ByteReader(there.substr(BlockKey::kPartAt)).U32() + 1;
                                       return true;
                                     }));
    run_ = std::move(run);
  }
  RETURN_IF_ERROR(vault_.PutSealed(batch_, table, run_ + ByteWriter().U32(next_part_).Take(),
                                   head->owner_kind, head->owner, epoch, *plain));
  ++next_part_;
  batch_.Delete(table, key);
  return OkStatus();
}

Status KeyRenewal::End() {
  batch_.Clear();
  batch_.Delete(Table::kMeta, kRenewingKey);
  return vault_.Commit(batch_);
}

}  // namespace gateway::pipeline
