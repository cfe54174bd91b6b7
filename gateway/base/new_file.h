// A new file written piece by piece, of which nothing is to be seen before it is whole.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/file.h"
#include "gateway/base/status.h"

namespace gateway {

// Move-only. Thread-compatible. Where the file system can (O_TMPFILE) the file has no name before
// Finish, so that even a killed process leaves nothing; elsewhere it has a temporary one.
class NewFile {
 public:
  // Returns AlreadyExists if `path` is there, Unavailable if no file can be made beside it.
  static StatusOr<NewFile> Create(const std::string& path, FileMode mode);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  // Without Finish nothing stays.
  ~NewFile();

  // Return Unavailable if the disk refused; Finish returns AlreadyExists if `path` was made
  // meanwhile. After Finish the file is durable.
  Status Append(std::string_view bytes);
  Status Finish();

 private:
  NewFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

  std::string path_;
  std::string temporary_;  // empty: it has no name
  int fd_ = -1;
};

}  // namespace gateway
