#include "gateway/pipeline/stored_readings.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "gateway/pipeline/block_rows.h"

namespace gateway::pipeline {

using store::Table;

StatusOr<std::vector<uint32_t>> StoredMonths(const store::Vault& vault, Table table,
                                             const OwnerId& owner) {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> all, MonthsOf(vault.db(), table));
  std::vector<uint32_t> months;
  for (const uint32_t month : all) {
    const std::string prefix = OwnerPrefix(month, owner);
    RETURN_IF_ERROR(vault.db().Scan(table, prefix, PrefixEnd(prefix),
                                    [&](std::string_view /*key*/, std::string_view /*value*/) {
                                      months.push_back(month);
                                      return false;
                                    }));
  }
  return months;
}

namespace {

bool ByTime(const Reading& a, const Reading& b) {
  return std::tuple(a.time, a.value, a.quality) < std::tuple(b.time, b.value, b.quality);
}

// The blocks of one device, together: the same reading may be in two of them.
Status VisitDevice(std::map<SeriesId, std::vector<Reading>>& device, const VisitReadings& visit) {
  for (auto& [series, readings] : device) {
    std::sort(readings.begin(), readings.end(), ByTime);
    readings.erase(std::unique(readings.begin(), readings.end()), readings.end());
    RETURN_IF_ERROR(visit(series, readings));
  }
  device.clear();
  return OkStatus();
}

}  // namespace

Status VisitStored(const store::Vault& vault, uint32_t month, const OwnerId& owner,
                   const VisitReadings& visit,
                   const std::function<void(const DamagedBlock&)>& damaged) {
  const std::string prefix = OwnerPrefix(month, owner);
  DeviceKey device;
  std::map<SeriesId, std::vector<Reading>> stored;
  const auto visit_row = [&](std::string_view key, std::string_view value) -> Status {
    const StatusOr<BlockKey> parsed = ParseBlockKey(key);
    if (!parsed.ok()) {
      damaged({.month = month, .device = {}, .arrived = month});
      return OkStatus();
    }
    const BlockKey& at = *parsed;
    if (at.device != device) RETURN_IF_ERROR(VisitDevice(stored, visit));
    device = at.device;
    const StatusOr<std::vector<store::Column>> block = OpenBlock(vault, key, value);
    if (block.status().code() == StatusCode::kNotFound) return OkStatus();
    if (!block.ok()) {
      damaged({.month = month, .device = at.device, .arrived = at.epoch});
      return OkStatus();
    }
    for (const store::Column& column : *block) {
      std::vector<Reading>& readings = stored[column.series];
      readings.insert(readings.end(), column.readings.begin(), column.readings.end());
    }
    return OkStatus();
  };
  Status status;
  RETURN_IF_ERROR(vault.db().Scan(Table::kBlocks, prefix, PrefixEnd(prefix),
                                  [&](std::string_view key, std::string_view value) {
                                    status = visit_row(key, value);
                                    return status.ok();
                                  }));
  RETURN_IF_ERROR(status);
  return VisitDevice(stored, visit);
}

}  // namespace gateway::pipeline
