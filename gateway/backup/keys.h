// A backup of what opens the store: the keyslots file and what else a new board needs to be this
// gateway. Always sealed with age when it is on a disk, apart from the data, and of use for 30
// days only: so long can an erased household's older data be opened at most. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::backup {

struct KeysBackup {
  std::string gateway;
  Time created, expires;
  uint32_t generation = 0;  // of the master key; 0 if it has none
  // Files of the gateway's directory, byte for byte.
  std::string keyslots;
  std::string config;  // commonsd.yaml
  std::string mode;
};

inline constexpr std::size_t kKeysBackupBytesMax = 256u << 10;

std::string WriteKeys(const KeysBackup& keys);
// Returns DataLoss if the bytes are anything else, FailedPrecondition if it has expired by `now`
// or is from after `now`: nobody could say then whether it has.
StatusOr<KeysBackup> ReadKeys(std::string_view bytes, Time now);

}  // namespace gateway::backup
