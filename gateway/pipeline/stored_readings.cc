#include "gateway/pipeline/stored_readings.h"

#include <optional>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/block_rows.h"

namespace gateway::pipeline {

using store::Table;

StatusOr<std::vector<uint32_t>> StoredMonths(const store::Vault& vault, Table table,
                                             const OwnerId& owner) {
  std::vector<uint32_t> months;
  std::optional<uint32_t> next;
  // From the first row of a month on, the next one is looked up: one seek per month, not per row.
  const auto first_from = [&](uint32_t month) {
    next.reset();
    return vault.db().Scan(table, MonthPrefix(month), "",
                           [&](std::string_view key, std::string_view /*value*/) {
                             next = ByteReader(key).U32();
                             return false;
                           });
  };
  RETURN_IF_ERROR(first_from(0));
  while (next.has_value()) {
    const uint32_t month = *next;
    const std::string prefix = OwnerPrefix(month, owner);
    bool found = false;
    RETURN_IF_ERROR(vault.db().Scan(table, prefix, PrefixEnd(prefix),
                                    [&](std::string_view /*key*/, std::string_view /*value*/) {
                                      found = true;
                                      return false;
                                    }));
    if (found) months.push_back(month);
    RETURN_IF_ERROR(first_from(month + 1));
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
