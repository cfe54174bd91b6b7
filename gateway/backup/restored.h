// Two small files in a database's folder: `erasures`, the pseudonyms of households that were
// erased, and `restored`, which says that the database was put there by a restore and what the
// gateway has to do about it before anything else. docs/formats.md §backups. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::backup {

inline constexpr std::string_view kErasuresFile = "erasures";
inline constexpr std::string_view kRestoredFile = "restored";
inline constexpr std::size_t kSmallFileBytesMax = 1u << 20;

struct Restored {
  Time at;                          // windows that ended by then are never computed
  std::string backup;               // its id
  std::vector<std::string> erased;  // 16-byte pseudonyms
};

std::string WriteRestored(const Restored& restored);
// Returns DataLoss if the text is anything else.
StatusOr<Restored> ReadRestored(std::string_view text);

// One pseudonym in hex per line.
std::string WriteErasures(const std::vector<std::string>& erased);
// Returns InvalidArgument if a line is anything else, or there are too many.
StatusOr<std::vector<std::string>> ReadErasures(std::string_view text);

}  // namespace gateway::backup
