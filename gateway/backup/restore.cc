#include "gateway/backup/restore.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>
#include <utility>

#include "gateway/backup/restored.h"
#include "gateway/base/file.h"
#include "gateway/model/limits.h"
#include "gateway/crypto/keyslots.h"

namespace gateway::backup {
namespace {

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

// The lock that commonsd takes (daemon/process.h), held until destroyed.
class Lock {
 public:
  static StatusOr<Lock> Take(const std::string& dir) {
    const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FromErrno("directory", dir);
    Lock lock(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      return FailedPrecondition("directory %s: a commonsd has it; stop that one first", dir);
    }
    return lock;
  }
  Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit Lock(int fd) : fd_(fd) {}
  int fd_;
};

// Whether the keyslots that will be there open a store of that master key. A file that cannot be
// read says so at the start.
Status CheckOpens(const Manifest& manifest, const RestoreRequest& request) {
  StatusOr<std::string> bytes = request.keys.has_value()
                                    ? StatusOr<std::string>(request.keys->keyslots)
                                    : ReadFile(request.dir + "/keyslots", kSmallFileBytesMax);
  const StatusOr<crypto::Keyslots> slots =
      bytes.ok() ? crypto::ParseKeyslots(*bytes) : bytes.status();
  if (!slots.ok() || manifest.generation == 0) return OkStatus();
  std::size_t masters = 1;
  for (const crypto::Keyslot& slot : slots->slots) masters = std::max(masters, slot.sealed.size());
  if (manifest.generation >= slots->generation &&
      manifest.generation < slots->generation + masters) {
    return OkStatus();
  }
  return FailedPrecondition(
      "backup: it is under master key %u, and the keyslots hold that of %u: give the --keys backup "
      "that was made with it",
      manifest.generation, slots->generation);
}

Status CheckFits(const Manifest& manifest, const RestoreRequest& request) {
  const bool made = Exists(request.dir + "/commonsd.yaml");
  if (!made && !request.keys.has_value()) {
    return FailedPrecondition(
        "directory %s: there is no gateway in it; make one with `commons init`, or give --keys",
        request.dir);
  }
  const std::string& owner = made ? request.gateway : request.keys->gateway;
  if (manifest.gateway != owner) {
    return FailedPrecondition("backup: it is of gateway \"%s\", not of \"%s\"", manifest.gateway,
                              owner);
  }
  if (request.keys.has_value() && request.keys->gateway != owner) {
    return FailedPrecondition("keys backup: it is of gateway \"%s\", not of \"%s\"",
                              request.keys->gateway, owner);
  }
  return CheckOpens(manifest, request);
}

// Whoever was erased stays erased, whichever of the three still knows of it.
StatusOr<std::vector<std::string>> AllErased(const Manifest& manifest,
                                             const RestoreRequest& request) {
  std::set<std::string> erased(manifest.erased.begin(), manifest.erased.end());
  erased.insert(request.erased.begin(), request.erased.end());
  const std::string path =
      Format("%s/%s/%s", request.dir, kDatabase, kErasuresFile);
  const auto text = ReadFile(path, kSmallFileBytesMax);
  if (text.ok()) {
    const auto known = ReadErasures(*text);
    if (!known.ok()) return Annotate(known.status(), path);
    erased.insert(known->begin(), known->end());
  } else if (text.status().code() != StatusCode::kNotFound) {
    return text.status();
  }
  if (erased.size() > limits::kErasuresMax) {
    return InvalidArgument("erased households: %d, limit %d", erased.size(), limits::kErasuresMax);
  }
  return std::vector<std::string>(erased.begin(), erased.end());
}

// The database of the backup knows what was withdrawn before it; what was withdrawn since is in the
// list beside the database that is replaced, if it is there and of this store.
StatusOr<Withdrawals> AllWithdrawn(const SignedManifest& backup, const RestoreRequest& request) {
  std::vector<Withdrawals> lists;
  if (request.withdrawals.has_value()) lists.push_back(*request.withdrawals);
  const std::string path = Format("%s/%s/%s", request.dir, kDatabase, kWithdrawalsFile);
  const auto text = ReadFile(path, kWithdrawalsBytesMax);
  if (text.ok()) {
    StatusOr<Withdrawals> known = ReadWithdrawals(*text);
    if (!known.ok()) {
      return Annotate(known.status(), Format("%s (move it away to restore without it)", path));
    }
    lists.push_back(*std::move(known));
  } else if (text.status().code() != StatusCode::kNotFound) {
    return text.status();
  }
  Withdrawals all{.signer = backup.signer, .grants = {}, .unknown_since = backup.manifest.created};
  bool complete = false;
  for (Withdrawals& list : lists) {
    all.grants.merge(list.grants);
    if (list.signer != backup.signer) continue;
    complete = complete || !list.unknown_since.has_value();
    all.unknown_since = std::max(all.unknown_since, list.unknown_since);
  }
  if (complete) all.unknown_since.reset();
  if (all.grants.size() > limits::kWithdrawalsMax) {
    return InvalidArgument("withdrawn grants: %d, limit %d", all.grants.size(),
                           limits::kWithdrawalsMax);
  }
  return all;
}

Status Stage(const Source& source, const std::string& staged, const Restored& restored,
             const Withdrawals& withdrawals, const Progress& progress) {
  RETURN_IF_ERROR(RemoveTree(staged));
  RETURN_IF_ERROR(MakeDirectory(staged));
  RETURN_IF_ERROR(Extract(source, staged, progress));
  RETURN_IF_ERROR(WriteFile(Format("%s/%s", staged, kErasuresFile),
                            WriteErasures(restored.erased), FileMode::kPrivate,
                            IfExists::kRefuse));
  RETURN_IF_ERROR(WriteFile(Format("%s/%s", staged, kWithdrawalsFile),
                            WriteWithdrawals(withdrawals), FileMode::kPrivate,
                            IfExists::kRefuse));
  RETURN_IF_ERROR(WriteFile(Format("%s/%s", staged, kRestoredFile), WriteRestored(restored),
                            FileMode::kPrivate, IfExists::kRefuse));
  return SyncDirectory(staged);
}

// There is no moment without a database: a daemon that started then would make an empty one.
Status Swap(const std::string& dir) {
  const std::string staged = Format("%s/%s", dir, kRestoring);
  const std::string database = Format("%s/%s", dir, kDatabase);
  const unsigned flags = Exists(database) ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, database.c_str(), flags) != 0) {
    if (errno == EINVAL) {
      return Unavailable("directory %s: its file system cannot swap two folders at once", dir);
    }
    return FromErrno("swapping", database);
  }
  return SyncDirectory(dir);
}

Status WriteDirectory(const RestoreRequest& request) {
  if (!request.keys.has_value()) return OkStatus();
  RETURN_IF_ERROR(WriteFile(request.dir + "/keyslots", request.keys->keyslots, FileMode::kPrivate,
                            IfExists::kReplace));
  // The configuration last, as in `commons init`: without it the directory is no gateway.
  for (const auto& [name, bytes] : {std::pair("/mode", &request.keys->mode),
                                    std::pair("/commonsd.yaml", &request.keys->config)}) {
    if (Exists(request.dir + name)) continue;
    RETURN_IF_ERROR(
        WriteFile(request.dir + name, *bytes, FileMode::kPrivate, IfExists::kRefuse));
  }
  return OkStatus();
}

}  // namespace

StatusOr<RestoreResult> Restore(const Source& source, const RestoreRequest& request,
                              const Progress& progress) {
  RETURN_IF_ERROR(MakeDirectory(request.dir));
  ASSIGN_OR_RETURN(const Lock lock, Lock::Take(request.dir));
  const SignedManifest& backup = source.backup();
  RETURN_IF_ERROR(CheckFits(backup.manifest, request));
  ASSIGN_OR_RETURN(std::vector<std::string> erased, AllErased(backup.manifest, request));
  ASSIGN_OR_RETURN(const Withdrawals withdrawals, AllWithdrawn(backup, request));
  // Two passes over the same bytes, one bar.
  const uint64_t total = TotalBytes(backup.manifest);
  const Progress checking = [&](uint64_t done, uint64_t) {
    return !progress || progress(done, 2 * total);
  };
  const Progress writing = [&](uint64_t done, uint64_t) {
    return !progress || progress(total + done, 2 * total);
  };
  ASSIGN_OR_RETURN(const std::vector<std::string> problems, Check(source, checking));
  if (!problems.empty()) {
    return DataLoss("backup %s: %s; `commons backup verify` tells all", backup.id,
                    problems.front());
  }
  const Restored restored{.at = request.at, .backup = backup.id, .erased = std::move(erased)};
  const std::string staged = Format("%s/%s", request.dir, kRestoring);
  if (const Status status = Stage(source, staged, restored, withdrawals, writing);
      !status.ok()) {
    // What cannot be removed either is removed by the next restore or start.
    [[maybe_unused]] const Status removed = RemoveTree(staged);
    return status;
  }
  RETURN_IF_ERROR(Swap(request.dir));
  // The replaced store stays where it is until a start has opened the restored one.
  RETURN_IF_ERROR(WriteDirectory(request));
  return RestoreResult{.erased = restored.erased.size(),
                       .withdrawals_unknown_since = withdrawals.unknown_since};
}

}  // namespace gateway::backup
