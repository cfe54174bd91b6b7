// Puts a backup in the place of a gateway's database. Everything is checked before anything is
// touched, the swap is one rename, and the old database is removed last: killed at any point, the
// directory has either database whole, and the same restore can be repeated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/backup/keys.h"
#include "gateway/backup/restored.h"
#include "gateway/backup/source.h"
#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::backup {

// In the gateway's directory: the database, and beside it what is not one yet, or no longer.
inline constexpr std::string_view kDatabase = "db";
inline constexpr std::string_view kRestoring = "db.restoring";

struct RestoreRequest {
  std::string dir;                  // of the gateway
  std::string gateway;              // whose directory it is; "" if it is empty
  Time at;                          // days that began before are given up
  std::vector<std::string> erased;  // besides those that the backup and the old database know
  std::optional<Withdrawals> withdrawals;  // besides those that the old database knows
  std::optional<KeysBackup> keys;   // replaces the keyslots; in an empty directory all it has
};

struct RestoreResult {
  std::size_t erased = 0;  // households that stay erased
  // No list of withdrawn grants of this store was left: what was withdrawn after this moment is not
  // known. The gateway then releases nothing before its operator has acknowledged it.
  std::optional<Time> withdrawals_unknown_since;
};

// Returns DataLoss, with the directory as it was, if the backup is damaged; FailedPrecondition if a
// daemon has the directory, the backup is another gateway's, or there is no gateway in the
// directory and no keys are given; Unavailable or ResourceExhausted if the disk refused.
StatusOr<RestoreResult> Restore(const Source& source, const RestoreRequest& request,
                              const Progress& progress);

}  // namespace gateway::backup
