// Files in a database's folder that a restore does not replace by older ones: `erasures`, the
// pseudonyms of households that were erased; `withdrawals`, those of grants that were withdrawn; and
// `restored`, which says that the database was put there by a restore and what the gateway has to do
// about it before anything else. docs/formats.md §backups. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/limits.h"

namespace gateway::backup {

inline constexpr std::string_view kErasuresFile = "erasures";
inline constexpr std::string_view kWithdrawalsFile = "withdrawals";
inline constexpr std::string_view kRestoredFile = "restored";
inline constexpr std::size_t kSmallFileBytesMax = 1u << 20;
inline constexpr std::size_t kWithdrawalsBytesMax = 33 * limits::kWithdrawalsMax + 256;

struct Restored {
  Time at;                          // days that began before are never computed
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

// Every grant that was withdrawn from the store whose answers `signer` signs.
struct Withdrawals {
  std::string signer;            // public key
  std::set<std::string> grants;  // 16-byte pseudonyms
  // Of those withdrawn after it nothing is known: the store was restored where no list was left,
  // and its operator has not acknowledged that.
  std::optional<Time> unknown_since;
};

std::string WriteWithdrawals(const Withdrawals& withdrawals);
// Returns DataLoss if the text is anything else.
StatusOr<Withdrawals> ReadWithdrawals(std::string_view text);

}  // namespace gateway::backup
