// The keys of block rows, and what is in one. docs/formats.md §blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/store/block.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

struct BlockKey {
  static constexpr std::size_t kOwnerAt = 4;
  static constexpr std::size_t kDeviceAt = kOwnerAt + OwnerId::kBytes;
  static constexpr std::size_t kEpochAt = kDeviceAt + DeviceKey::kBytes;
  static constexpr std::size_t kPartAt = kEpochAt + 4;
  static constexpr std::size_t kBytes = kPartAt + 4;

  uint32_t month = 0;  // of the readings
  OwnerId owner;
  DeviceKey device;
  uint32_t epoch = 0;
  uint32_t part = 0;
};

// Returns DataLoss if it is no key of a block row.
StatusOr<BlockKey> ParseBlockKey(std::string_view key);

// Beginnings of keys, and the smallest key that is greater than every one that begins so.
std::string MonthPrefix(uint32_t month);
std::string OwnerPrefix(uint32_t month, const OwnerId& owner);
std::string DevicePrefix(uint32_t month, const OwnerId& owner, const DeviceKey& device);
std::string PrefixEnd(std::string prefix);

// The months, ascending, that a table whose keys begin with one has: one seek for each.
StatusOr<std::vector<uint32_t>> MonthsOf(const store::Database& database, store::Table table);

// Returns NotFound if the row's data key was destroyed, DataLoss if it is damaged.
StatusOr<std::vector<store::Column>> OpenBlock(const store::Vault& vault, std::string_view key,
                                               std::string_view value);

}  // namespace gateway::pipeline
