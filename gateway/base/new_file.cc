#include "gateway/base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gateway {
namespace {

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status Refused(const std::string& path, std::string_view what) {
  const int error = errno;
  if (error == EEXIST) return AlreadyExists("file %s: the file is there already", path);
  return Unavailable("file %s: %s: %s", path, what, std::strerror(error));
}

}  // namespace

StatusOr<NewFile> NewFile::Create(const std::string& path, FileMode mode) {
  if (access(path.c_str(), F_OK) == 0) {
    return AlreadyExists("file %s: the file is there already", path);
  }
  const auto bits = static_cast<mode_t>(mode);
  int fd = open(DirectoryOf(path).c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, bits);
  if (fd >= 0) return NewFile(path, "", fd);
  const std::string temporary = Format("%s.%d.tmp", path, getpid());
  fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, bits);
  if (fd < 0) return Refused(path, "open");
  return NewFile(path, temporary, fd);
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

NewFile::~NewFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status NewFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Refused(path_, "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

Status NewFile::Finish() {
  if (fsync(fd_) != 0) return Refused(path_, "fsync");
  // link(2) is the rename that refuses to replace.
  const std::string from = temporary_.empty() ? Format("/proc/self/fd/%d", fd_) : temporary_;
  if (linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return Refused(path_, "link");
  }
  const int directory =
      open(DirectoryOf(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return OkStatus();
  fsync(directory);
  close(directory);
  return OkStatus();
}

}  // namespace gateway
