// Whole small files: configuration, keys, documents. Bounded on reading, durable on writing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway {

// Returns NotFound if there is no such file, InvalidArgument if it is larger than `bytes_max` or
// a directory, Unavailable if it cannot be read.
StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max);

enum class FileMode : unsigned { kPrivate = 0600, kShared = 0644 };
enum class IfExists { kRefuse, kReplace };

// Writes a temporary file beside `path`, makes it durable and puts it in place, so that a reader
// (or a power cut) sees either nothing, the old bytes or the new bytes.
// Returns AlreadyExists if `path` is there and may not be replaced, Unavailable if the disk
// refused.
Status WriteFile(const std::string& path, std::string_view bytes, FileMode mode,
                 IfExists if_exists);

}  // namespace gateway
