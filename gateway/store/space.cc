#include "gateway/store/space.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace gateway::store {
namespace {

constexpr uint64_t kSpare = 16;

}  // namespace

StatusOr<Space> MeasureSpace(const std::string& dir) {
  namespace fs = std::filesystem;
  Space space;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;  // files come and go meanwhile
    const uint64_t bytes = it->file_size(gone);
    if (!gone) space.used_bytes += bytes;
  }
  if (error) return Unavailable("store \"%s\": %s", dir, error.message());
  struct statvfs info {};
  if (::statvfs(dir.c_str(), &info) != 0) {
    return Unavailable("store \"%s\": %s", dir, std::strerror(errno));
  }
  space.free_bytes = uint64_t{info.f_bavail} * info.f_frsize;
  return space;
}

Status CheckSpace(const Space& space, const SpaceLimits& limits, bool paused) {
  const uint64_t quota = limits.quota_bytes - (paused ? limits.quota_bytes / kSpare : 0);
  if (limits.quota_bytes > 0 && space.used_bytes >= quota) {
    return ResourceExhausted(
        "the store uses %u bytes of its quota of %u; raise disk_quota or shorten retention",
        space.used_bytes, limits.quota_bytes);
  }
  const uint64_t floor = limits.free_bytes_min + (paused ? limits.free_bytes_min / kSpare : 0);
  if (space.free_bytes < floor) {
    return ResourceExhausted(
        "the disk has %u bytes free, the store (%u bytes) needs %u free to work; free disk space",
        space.free_bytes, space.used_bytes, limits.free_bytes_min);
  }
  return OkStatus();
}

uint64_t DeviceBytesWritten() {
  std::ifstream io("/proc/self/io");
  std::string name;
  uint64_t bytes = 0;
  while (io >> name >> bytes) {
    if (name == "write_bytes:") return bytes;
  }
  return 0;
}

}  // namespace gateway::store
