#include "gateway/pipeline/stored_readings.h"

#include <optional>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/store/block.h"

namespace gateway::pipeline {
namespace {

using store::Table;

constexpr std::size_t kOwnerAt = 4;
constexpr std::size_t kSeriesAt = kOwnerAt + OwnerId::kBytes;
constexpr std::size_t kKeyBytes = kSeriesAt + SeriesId::kBytes + 4 + 4;

std::string OwnerPrefix(uint32_t month, const OwnerId& owner) {
  return ByteWriter().U32(month).Raw(owner.view()).Take();
}

// Greater than every key of the owner's month, by as little as matters: owners are hashes.
std::string OwnerEnd(const std::string& prefix) { return prefix + std::string(64, '\xff'); }

}  // namespace

StatusOr<std::vector<uint32_t>> StoredMonths(const store::Vault& vault, Table table,
                                             const OwnerId& owner) {
  std::vector<uint32_t> months;
  std::optional<uint32_t> next;
  // From the first row of a month on, the next one is looked up: one seek per month, not per row.
  const auto first_from = [&](uint32_t month) {
    next.reset();
    return vault.db().Scan(table, ByteWriter().U32(month).Take(), "",
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
    RETURN_IF_ERROR(vault.db().Scan(table, prefix, OwnerEnd(prefix),
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
    if (key.size() != kKeyBytes) return DataLoss("block row: malformed key");
    const StatusOr<std::string> plain = vault.OpenRow(Table::kBlocks, key, value);
    if (plain.status().code() == StatusCode::kNotFound) return OkStatus();
    RETURN_IF_ERROR(plain.status());
    ASSIGN_OR_RETURN(const std::vector<Reading> readings, store::DecodeBlock(*plain));
    return visit(SeriesId::FromBytes(key.substr(kSeriesAt, SeriesId::kBytes)), readings);
  };
  Status status;
  RETURN_IF_ERROR(vault.db().Scan(Table::kBlocks, prefix, OwnerEnd(prefix),
                                  [&](std::string_view key, std::string_view value) {
                                    status = visit_row(key, value);
                                    return status.ok();
                                  }));
  return status;
}

}  // namespace gateway::pipeline
