// What a restore leaves to the next start: households erased since the backup are erased again,
// days that began before the restore are never computed, and time does not go back. Each step can
// be repeated; the marker goes last, so that a crash in between begins again.
#include <unistd.h>

#include <algorithm>

#include "gateway/backup/disk.h"
#include "gateway/backup/manifest.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {

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

Status Pipeline::EraseRestored() {
  ASSIGN_OR_RETURN(const std::vector<std::string> noted, ReadErasures());
  for (const std::string& bytes : restored_->erased) {
    const OwnerId owner = OwnerId::FromBytes(bytes);
    if (std::find(noted.begin(), noted.end(), bytes) == noted.end()) {
      RETURN_IF_ERROR(NoteErasure(owner));
    }
    if (!vault_->IsErased(owner)) RETURN_IF_ERROR(DestroyOwner(owner));
  }
  return OkStatus();
}

Status Pipeline::FinishRestored() {
  if (!restored_.has_value()) return OkStatus();
  // The clock that the restore went by may have run ahead.
  if (replay_ == nullptr && clock_.Synchronised()) {
    restored_->at = std::min(restored_->at, clock_.SystemNow());
  }
  const Time at = std::max(restored_->at, core_->clock_floor());
  core_->RaiseClockFloor(at);
  RETURN_IF_ERROR(core_->GiveUpDaysBegunBefore(restored_->at));  // and makes the floor durable
  if (replay_ != nullptr) replay_->Set(std::max(replay_->SystemNow(), at));
  // Of entries that came after the backup nothing is known here, but others may have them.
  RETURN_IF_ERROR(FenceLog());
  const std::string path = dir_ + "/" + std::string(backup::kRestoredFile);
  if (unlink(path.c_str()) != 0) return backup::FromErrno("file", path);
  restored_.reset();
  return backup::SyncDirectory(dir_);
}

}  // namespace gateway::pipeline
