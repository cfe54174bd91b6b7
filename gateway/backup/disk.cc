#include "gateway/backup/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace gateway::backup {
namespace {

constexpr std::size_t kPieceBytes = 256u << 10;
constexpr std::string_view kUnfinished = ".unfinished";

}  // namespace

Status FromErrno(std::string_view what, const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return MakeStatus(full ? StatusCode::kResourceExhausted : StatusCode::kUnavailable,
                    Format("%s %s: %s", what, path, std::strerror(errno)));
}

Status Meter::Add(uint64_t bytes) {
  done_ += bytes;
  if (!progress_ || progress_(done_, total_)) return OkStatus();
  return MakeStatus(StatusCode::kCancelled, "stopped on request");
}

Status ReadPieces(const std::string& path,
                  const std::function<Status(std::string_view piece)>& visit) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) {
    if (errno == ENOENT) return NotFound("file %s: there is no such file", path);
    return FromErrno("file", path);
  }
  const auto buffer = std::make_unique<char[]>(kPieceBytes);
  Status status;
  while (status.ok()) {
    const ssize_t size = read(fd, buffer.get(), kPieceBytes);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) status = FromErrno("file", path);
    if (size <= 0) break;
    status = visit({buffer.get(), static_cast<std::size_t>(size)});
  }
  close(fd);
  return status;
}

StatusOr<NewFile> NewFile::Create(const std::string& path) {
  const std::string unfinished = path + std::string(kUnfinished);
  // One that a killed process left is begun anew.
  const int fd = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                      0600);
  if (fd < 0) return FromErrno("file", path);
  return NewFile(fd, path);
}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink((path_ + std::string(kUnfinished)).c_str());
}

Status NewFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno("file", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

Status NewFile::Finish() {
  if (fsync(fd_) != 0) return FromErrno("file", path_);
  if (rename((path_ + std::string(kUnfinished)).c_str(), path_.c_str()) != 0) {
    return FromErrno("file", path_);
  }
  close(std::exchange(fd_, -1));
  return OkStatus();
}

Status SyncDirectory(const std::string& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno("folder", dir);
  const Status status = fsync(fd) == 0 ? OkStatus() : FromErrno("folder", dir);
  close(fd);
  return status;
}

Status MakeDirectory(const std::string& dir) {
  if (mkdir(dir.c_str(), 0700) == 0 || errno == EEXIST) return OkStatus();
  return FromErrno("folder", dir);
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return Unavailable("folder %s: %s", path, error.message());
  return OkStatus();
}

}  // namespace gateway::backup
