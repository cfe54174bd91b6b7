// What a restore leaves to the next start: households erased since the backup are erased again,
// days that ended before the restore are never computed, and time does not go back. Each step can
// be repeated; the marker goes last, so that a crash in between begins again.
#include <unistd.h>

#include <algorithm>
#include <set>

#include "gateway/backup/disk.h"
#include "gateway/backup/manifest.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {

namespace {

constexpr std::size_t kBatchBytes = 1u << 20;

}  // namespace

static_assert(backup::kStoreFormat == store::kStoreFormat);

Status Pipeline::BeginRestored() {
  // What a killed backup or restore left beside the database. The directory's lock is ours.
  RETURN_IF_ERROR(backup::RemoveTree(dir_ + ".backup"));
  RETURN_IF_ERROR(backup::RemoveTree(dir_ + ".restoring"));
  const std::string path = dir_ + "/" + std::string(backup::kRestoredFile);
  const auto text = ReadFile(path, backup::kSmallFileBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(restored_, backup::ReadRestored(*text));
  Log(LogLevel::kWarning, "the store was restored from backup %s", restored_->backup);
  return EraseRestored();
}

// First the keys, then the rows: nothing can read them in between.
Status Pipeline::EraseRestored() {
  if (restored_->erased.empty()) return OkStatus();
  std::set<OwnerId> erased;
  store::Batch batch;
  for (const std::string& owner : restored_->erased) {
    erased.insert(OwnerId::FromBytes(owner));
    RETURN_IF_ERROR(vault_->DestroyOwner(batch, OwnerId::FromBytes(owner)));
  }
  for (const store::Table table : {store::Table::kRegistry, store::Table::kBlocks,
                                   store::Table::kRollups, store::Table::kJournal}) {
    std::string last;
    Status failed;
    const auto remove = [&](std::string_view key, std::string_view value) {
      const StatusOr<store::RowHeader> header = store::ParseRowHeader(value);
      if (!header.ok() || !erased.contains(header->owner)) return true;
      last = key;
      if (table != store::Table::kJournal) batch.Delete(table, key);
      if (batch.bytes() >= kBatchBytes) failed = vault_->Commit(batch);
      return failed.ok();
    };
    RETURN_IF_ERROR(database_->Scan(table, {}, {}, remove));
    RETURN_IF_ERROR(failed);
    // The journal has no gaps; what is before the row was folded before the backup was made.
    if (table == store::Table::kJournal && !last.empty()) {
      batch.DeleteRange(table, {}, last + '\0');
    }
  }
  return vault_->Commit(batch);
}

Status Pipeline::FinishRestored() {
  if (!restored_.has_value()) return OkStatus();
  const Time at = std::max(restored_->at, core_->clock_floor());
  core_->RaiseClockFloor(at);
  RETURN_IF_ERROR(core_->GiveUpDaysEndedBy(restored_->at));  // and makes the floor durable
  if (replay_ != nullptr) replay_->Set(std::max(replay_->SystemNow(), at));
  const std::string path = dir_ + "/" + std::string(backup::kRestoredFile);
  if (unlink(path.c_str()) != 0) return backup::FromErrno("file", path);
  restored_.reset();
  return backup::SyncDirectory(dir_);
}

}  // namespace gateway::pipeline
