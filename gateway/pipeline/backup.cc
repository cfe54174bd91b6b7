// Pipeline as Commands, the part that copies the store while it runs.
#include <filesystem>
#include <set>
#include <utility>

#include "gateway/backup/age_file.h"
#include "gateway/backup/folder.h"
#include "gateway/backup/keys.h"
#include "gateway/backup/manifest.h"
#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {
namespace {

constexpr std::size_t kOwnFileBytesMax = 64u << 10;

Status CheckRequest(const port::BackupRequest& request) {
  if (!request.folder.empty() && !request.file.empty()) {
    return InvalidArgument("backup: to a folder or to a file, not to both");
  }
  if (request.folder.empty() && request.file.empty() && request.keys_file.empty()) {
    return InvalidArgument("backup: where to?");
  }
  for (const std::string* path : {&request.folder, &request.file, &request.keys_file}) {
    if (!path->empty() && path->front() != '/') {
      return InvalidArgument("backup: %s is not an absolute path", *path);
    }
  }
  if (!request.file.empty() && request.recipients.empty()) {
    return InvalidArgument("backup: a file needs a recipient");
  }
  if (!request.since.empty() && request.file.empty()) {
    return InvalidArgument("backup: only a file builds on another");
  }
  if (!request.keys_file.empty() && request.keys_recipients.empty()) {
    return InvalidArgument("backup: the keys need a recipient");
  }
  return OkStatus();
}

// Whatever happens, the checkpoint is gone afterwards: it would keep alive what is destroyed later.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  ~TemporaryFolder() {
    // One that cannot be removed is removed at the next backup or start.
    [[maybe_unused]] const Status removed = backup::RemoveTree(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// Manifests of age files, which nobody here can open again: what the next one may build on.
std::string ManifestsOf(const std::string& dir) { return dir + ".backups"; }

Status KeepManifest(const std::string& folder, const backup::SignedManifest& made) {
  RETURN_IF_ERROR(backup::MakeDirectory(folder));
  return WriteFile(folder + "/" + made.id, made.envelope, FileMode::kPrivate, IfExists::kReplace);
}

// What the backup `id` has; nothing for "".
StatusOr<std::set<std::string>> ObjectsOf(const std::string& folder, const std::string& id) {
  std::set<std::string> objects;
  if (id.empty()) return objects;
  if (!backup::IsBackupId(id)) return InvalidArgument("since: a backup's id has 64 hex digits");
  const auto bytes = ReadFile(folder + "/" + id, crypto::kEnvelopeBytesMax);
  if (bytes.status().code() == StatusCode::kNotFound) {
    return NotFound("since: this gateway made no age file with backup %s", id);
  }
  RETURN_IF_ERROR(bytes.status());
  ASSIGN_OR_RETURN(const backup::SignedManifest base, backup::OpenManifest(*bytes));
  if (base.id != id) return DataLoss("since: the manifest of backup %s is damaged", id);
  for (const backup::BackupFile& file : base.manifest.files) objects.insert(file.hash);
  return objects;
}

// Lives by the real clock: recorded time does not expire.
Status BackUpKeys(const port::BackupRequest& request, const std::string& dir,
                  const GatewayId& gateway, std::string keyslots, uint32_t generation) {
  ASSIGN_OR_RETURN(const auto recipients, backup::ParseRecipients(request.keys_recipients));
  const Time now = RealClock().SystemNow();
  backup::KeysBackup keys{
      .gateway = gateway.value(), .created = now, .expires = now + limits::kKeysBackupLife};
  keys.keyslots = std::move(keyslots);
  keys.generation = generation;
  ASSIGN_OR_RETURN(keys.config, ReadFile(dir + "/commonsd.yaml", kOwnFileBytesMax));
  ASSIGN_OR_RETURN(keys.mode, ReadFile(dir + "/mode", kOwnFileBytesMax));
  return backup::WriteKeysFile(request.keys_file, recipients, keys);
}

}  // namespace

struct Pipeline::BackupMoment {
  backup::Manifest manifest;
  std::string keyslots;
  uint32_t generation = 0;  // of the master key
};

Status Pipeline::CheckpointTo(const std::string& dir, backup::Manifest& manifest) {
  RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
  const Time now = clock_.SystemNow();
  RETURN_IF_ERROR(core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor()));
  RETURN_IF_ERROR(syncer_->Barrier());
  const ledger::Ledger::Head head = ledger_->head();
  manifest = {.gateway = gateway_.value(),
              .created = now,
              .replay = replay_ != nullptr,
              .generation = vault_->generation(),
              .journal_last = journal_->last(),
              .ledger_size = head.size,
              .ledger_root = head.root};
  ASSIGN_OR_RETURN(manifest.erased, ReadErasures());
  return database_->Checkpoint(dir);
}

// Renewing the master key is one command of the pipeline as well, so neither sees half of the other:
// keyslots that are taken with the data open it.
StatusOr<Pipeline::BackupMoment> Pipeline::TakeMoment(const std::string& dir, bool keys) {
  return Call<StatusOr<BackupMoment>>([&]() -> StatusOr<BackupMoment> {
    BackupMoment moment;
    if (keys) {
      ASSIGN_OR_RETURN(const bool erasing, IsErasing());
      if (erasing || next_master_.has_value()) {
        return FailedPrecondition(
            "backup: the master key is being renewed, and a backup of the old one is of no use: try "
            "again; if it stays so, end it with `commons key rotate master`");
      }
      const std::string gateway_dir = std::filesystem::path(dir_).parent_path().string();
      ASSIGN_OR_RETURN(moment.keyslots, ReadFile(gateway_dir + "/keyslots", kOwnFileBytesMax));
      moment.generation = vault_->generation();
    }
    if (!dir.empty()) RETURN_IF_ERROR(CheckpointTo(dir, moment.manifest));
    return moment;
  });
}

StatusOr<port::BackupReceipt> Pipeline::BackUpData(
    const port::BackupRequest& request, backup::Manifest manifest, const std::string& copy,
    const std::function<bool(uint64_t, uint64_t)>& progress) {
  ASSIGN_OR_RETURN(const uint64_t bytes, backup::CountBytes(copy));
  backup::Meter meter(progress, 2 * bytes);  // each is read twice: to know it, to copy it
  ASSIGN_OR_RETURN(manifest.files, backup::HashFiles(copy, meter));
  manifest.base = request.since;
  ASSIGN_OR_RETURN(const std::set<std::string> known, ObjectsOf(ManifestsOf(dir_), request.since));
  ASSIGN_OR_RETURN(const backup::SignedManifest made,
                   backup::SignManifest(std::move(manifest), vault_->signer()));
  uint64_t bytes_new = 0;
  if (!request.folder.empty()) {
    ASSIGN_OR_RETURN(bytes_new, backup::WriteFolder(request.folder, copy, made, meter));
  } else {
    ASSIGN_OR_RETURN(const auto recipients, backup::ParseRecipients(request.recipients));
    ASSIGN_OR_RETURN(bytes_new,
                     backup::WriteAgeFile(request.file, recipients, made, copy, known, meter));
    RETURN_IF_ERROR(KeepManifest(ManifestsOf(dir_), made));
  }
  return port::BackupReceipt{.id = made.id,
                             .files = static_cast<uint32_t>(made.manifest.files.size()),
                             .bytes_new = bytes_new,
                             .bytes_total = bytes};
}

StatusOr<port::BackupReceipt> Pipeline::BackUp(
    const port::BackupRequest& request,
    const std::function<bool(uint64_t, uint64_t)>& progress) {
  const bool data = !request.folder.empty() || !request.file.empty();
  const bool keys = !request.keys_file.empty();
  const TemporaryFolder copy(dir_ + ".backup");
  RETURN_IF_ERROR(backup::RemoveTree(copy.path()));
  ASSIGN_OR_RETURN(BackupMoment moment, TakeMoment(data ? copy.path() : std::string(), keys));
  port::BackupReceipt receipt;
  if (data) {
    ASSIGN_OR_RETURN(receipt,
                     BackUpData(request, std::move(moment.manifest), copy.path(), progress));
  }
  if (keys) {
    const std::string dir = std::filesystem::path(dir_).parent_path().string();
    RETURN_IF_ERROR(
        BackUpKeys(request, dir, gateway_, std::move(moment.keyslots), moment.generation));
  }
  return receipt;
}

StatusOr<port::BackupReceipt> Pipeline::CreateBackup(
    const port::BackupRequest& request,
    const std::function<bool(uint64_t, uint64_t)>& progress) {
  RETURN_IF_ERROR(CheckRequest(request));
  if (backing_up_.exchange(true)) return FailedPrecondition("backup: one is being made already");
  StatusOr<port::BackupReceipt> receipt = BackUp(request, progress);
  backing_up_.store(false);
  return receipt;
}

}  // namespace gateway::pipeline
