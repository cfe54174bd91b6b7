#include "gateway/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace gateway {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Unavailable("write: %s", std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fsync(fd) != 0) return Unavailable("fsync: %s", std::strerror(errno));
  return OkStatus();
}

Status Install(const std::string& temporary, const std::string& path, IfExists if_exists) {
  if (if_exists == IfExists::kReplace) {
    if (rename(temporary.c_str(), path.c_str()) == 0) return OkStatus();
    return Unavailable("rename: %s", std::strerror(errno));
  }
  // link(2) is the rename that refuses to replace.
  if (link(temporary.c_str(), path.c_str()) != 0) {
    if (errno == EEXIST) return AlreadyExists("the file is there already");
    return Unavailable("link: %s", std::strerror(errno));
  }
  unlink(temporary.c_str());
  return OkStatus();
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) {
    if (errno == ENOENT) return NotFound("file %s: there is no such file", path);
    return Unavailable("file %s: %s", path, std::strerror(errno));
  }
  struct stat info {};
  if (fstat(file.fd(), &info) != 0 || S_ISDIR(info.st_mode)) {
    return InvalidArgument("file %s: not a file", path);
  }
  // Read until the end rather than st_size bytes: pipes (`--key <(…)`) have no size.
  std::string bytes;
  char buffer[16384];
  while (true) {
    const ssize_t size = read(file.fd(), buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Unavailable("file %s: %s", path, std::strerror(errno));
    if (size == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(size));
    if (bytes.size() > bytes_max) {
      return InvalidArgument("file %s: more than %d bytes", path, bytes_max);
    }
  }
}

Status WriteFile(const std::string& path, std::string_view bytes, FileMode mode,
                 IfExists if_exists) {
  const std::string temporary = Format("%s.%d.tmp", path, getpid());
  Status status;
  {
    const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               static_cast<mode_t>(mode)));
    if (file.fd() < 0) return Unavailable("file %s: %s", path, std::strerror(errno));
    status = WriteAll(file.fd(), bytes);
  }
  if (status.ok()) status = Install(temporary, path, if_exists);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return Annotate(status, "file " + path);
  }
  const Descriptor directory(
      open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() >= 0) fsync(directory.fd());
  return OkStatus();
}

}  // namespace gateway
