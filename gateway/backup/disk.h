// Files of any size, read and written in pieces, durable before they have a name. Internal to
// backup.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/status.h"

namespace gateway::backup {

// May be called often; false stops what is being done.
using Progress = std::function<bool(uint64_t done, uint64_t total)>;

// Counts what was done. Add returns Cancelled if the progress said stop.
class Meter {
 public:
  Meter(const Progress& progress, uint64_t total) : progress_(progress), total_(total) {}
  Status Add(uint64_t bytes);

 private:
  const Progress& progress_;
  const uint64_t total_;
  uint64_t done_ = 0;
};

// Visits the file's bytes, piece by piece; an empty file has none.
// Returns NotFound if there is no such file, Unavailable if it cannot be read, or what `visit` did.
Status ReadPieces(const std::string& path,
                  const std::function<Status(std::string_view piece)>& visit);

// A new file (mode 0600) that gets its name when all of it is durable, and is gone otherwise.
class NewFile {
 public:
  // Returns Unavailable or ResourceExhausted if the disk refused.
  static StatusOr<NewFile> Create(const std::string& path);
  NewFile(NewFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  Status Write(std::string_view bytes);
  // The last call. The directory is not synced yet: see SyncDirectory.
  Status Finish();

 private:
  NewFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
};

// Makes the names in it durable.
Status SyncDirectory(const std::string& dir);
// Makes it, mode 0700, unless it is there.
Status MakeDirectory(const std::string& dir);
Status RemoveTree(const std::string& path);

// ResourceExhausted for a full disk, else Unavailable.
Status FromErrno(std::string_view what, const std::string& path);

}  // namespace gateway::backup
