#include "gateway/pipeline/stored_readings.h"

#include <string>

#include "gateway/base/log.h"
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

Status VisitStored(const store::Vault& vault, uint32_t month, const OwnerId& owner,
                   const VisitReadings& visit) {
  const std::string prefix = OwnerPrefix(month, owner);
  const auto visit_row = [&](std::string_view key, std::string_view value) -> Status {
    const StatusOr<std::vector<store::Column>> block = OpenBlock(vault, key, value);
    if (block.status().code() == StatusCode::kDataLoss) {
      Log(LogLevel::kError, "export: a block of readings of %04d-%02d is damaged and left out",
          month / 12, month % 12 + 1);
    }
    if (!block.ok()) return OkStatus();
    for (const store::Column& column : *block) {
      RETURN_IF_ERROR(visit(column.series, column.readings));
    }
    return OkStatus();
  };
  Status status;
  RETURN_IF_ERROR(vault.db().Scan(Table::kBlocks, prefix, PrefixEnd(prefix),
                                  [&](std::string_view key, std::string_view value) {
                                    status = visit_row(key, value);
                                    return status.ok();
                                  }));
  return status;
}

}  // namespace gateway::pipeline
