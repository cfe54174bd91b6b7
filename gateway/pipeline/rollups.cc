#include "gateway/pipeline/rollups.h"

#include <algorithm>
#include <set>
#include <span>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "gateway/pipeline/block_rows.h"
#include "gateway/store/block.h"

namespace gateway::pipeline {
namespace {

using store::Table;

// Row key: u32be month ‖ owner ‖ column ‖ u32be key epoch ‖ u32be part, as of blocks.
constexpr std::size_t kColumnAt = 4 + OwnerId::kBytes;
constexpr std::size_t kKeyBytes = kColumnAt + SeriesId::kBytes + 8;
// What stands in a row's two columns in place of series.
const SeriesId kValues;
const SeriesId kReadings = SeriesId::FromBytes(std::string(SeriesId::kBytes, '\x01'));

std::string RowPrefix(uint32_t month, const OwnerId& owner, const SeriesId& column) {
  return ByteWriter().U32(month).Raw(owner.view()).Raw(column.view()).Take();
}

std::string RowKey(const std::string& prefix, uint32_t epoch, uint32_t part) {
  return ByteWriter().Raw(prefix).U32(epoch).U32(part).Take();
}

void SortByStart(std::vector<Rollup>& rollups) {
  std::sort(rollups.begin(), rollups.end(),
            [](const Rollup& a, const Rollup& b) { return a.start < b.start; });
}

}  // namespace

std::string EncodeRollups(std::span<const Rollup> rollups) {
  store::Column values{.series = kValues, .readings = {}};
  store::Column readings{.series = kReadings, .readings = {}};
  for (const Rollup& rollup : rollups) {
    values.readings.push_back({.time = rollup.start, .value = rollup.value});
    readings.readings.push_back({.time = rollup.start, .value = rollup.readings});
  }
  return store::EncodeBlock({values, readings});
}

StatusOr<std::vector<Rollup>> DecodeRollups(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::vector<store::Column> columns, store::DecodeBlock(bytes));
  if (columns.size() != 2 || columns[0].series != kValues || columns[1].series != kReadings ||
      columns[0].readings.size() != columns[1].readings.size()) {
    return DataLoss("rollup row: not two columns of one length");
  }
  std::vector<Rollup> rollups;
  for (std::size_t i = 0; i < columns[0].readings.size(); ++i) {
    const Reading& value = columns[0].readings[i];
    const Reading& readings = columns[1].readings[i];
    if (value.time != readings.time) return DataLoss("rollup row: columns of two times");
    rollups.push_back({value.time, value.value, static_cast<uint32_t>(readings.value)});
  }
  return rollups;
}

SeriesId Rollups::ColumnOf(const OwnerId& owner, const MetricId& metric) const {
  return SeriesId::FromBytes(vault_.RowPseudonym(
      "rollup", ByteWriter().Raw(owner.view()).Raw(metric.value()).bytes()));
}

SeriesId Rollups::LastColumnOf(const OwnerId& owner, const SeriesId& series) const {
  return SeriesId::FromBytes(vault_.RowPseudonym(
      "rollup last", ByteWriter().Raw(owner.view()).Raw(series.view()).bytes()));
}

StatusOr<std::vector<Rollup>> Rollups::ReadMonth(uint32_t month, const OwnerId& owner,
                                                 const SeriesId& column) const {
  const std::string prefix = RowPrefix(month, owner, column);
  std::vector<Rollup> all;
  Status failure;
  const auto append = [&](std::string_view key, std::string_view value) -> Status {
    if (key.size() != kKeyBytes) return DataLoss("rollup row: malformed key");
    const StatusOr<std::string> plain = vault_.OpenRow(Table::kRollups, key, value);
    if (plain.status().code() == StatusCode::kNotFound) return OkStatus();
    RETURN_IF_ERROR(plain.status());
    ASSIGN_OR_RETURN(const std::vector<Rollup> part, DecodeRollups(*plain));
    all.insert(all.end(), part.begin(), part.end());
    return OkStatus();
  };
  RETURN_IF_ERROR(vault_.db().Scan(Table::kRollups, prefix, PrefixEnd(prefix),
                                   [&](std::string_view key, std::string_view value) {
                                     failure = append(key, value);
                                     return failure.ok();
                                   }));
  RETURN_IF_ERROR(failure);
  // Parts of one epoch ascend; while keys are being replaced there are parts of two.
  SortByStart(all);
  return all;
}

StatusOr<std::vector<Rollup>> Rollups::ReadColumn(const OwnerId& owner, const SeriesId& column,
                                                  const Window& range) const {
  std::vector<Rollup> all;
  for (uint32_t month = MonthOf(std::max(range.start, Time{})); month <= MonthOf(range.end);
       ++month) {
    ASSIGN_OR_RETURN(const std::vector<Rollup> rollups, ReadMonth(month, owner, column));
    std::copy_if(rollups.begin(), rollups.end(), std::back_inserter(all),
                 [&](const Rollup& each) { return range.Contains(each.start); });
  }
  return all;
}

StatusOr<std::vector<Rollup>> Rollups::Read(const OwnerId& owner, const MetricId& metric,
                                            const Window& range) const {
  return ReadColumn(owner, ColumnOf(owner, metric), range);
}

bool Rollups::MayAdd(const OwnerId& owner, Time bucket) const {
  return vault_.MaySeal(owner, store::kRollupEpochs | MonthOf(bucket));
}

Status Rollups::PutColumn(store::Batch& batch, OwnerKind kind, uint32_t month,
                          const OwnerId& owner, const SeriesId& column,
                          const std::vector<Rollup>& rollups) {
  const std::string prefix = RowPrefix(month, owner, column);
  const uint32_t epoch = vault_.NewestEpoch(owner, store::kRollupEpochs | month);
  std::set<std::string> put;
  uint32_t part = 0;
  for (std::span<const Rollup> rest(rollups); !rest.empty(); ++part) {
    const std::size_t count = std::min<std::size_t>(rest.size(), kRollupsPerRowMax);
    const std::string key = RowKey(prefix, epoch, part);
    RETURN_IF_ERROR(vault_.PutSealed(batch, Table::kRollups, key, kind, owner, epoch,
                                     EncodeRollups(rest.first(count))));
    put.insert(key);
    rest = rest.subspan(count);
  }
  return vault_.db().Scan(Table::kRollups, prefix, PrefixEnd(prefix),
                          [&](std::string_view key, std::string_view) {
                            if (!put.contains(std::string(key))) batch.Delete(Table::kRollups, key);
                            return true;
                          });
}

Status Rollups::Add(store::Batch& batch, OwnerKind kind, const OwnerId& owner,
                    const MetricId& metric, const std::vector<Rollup>& made) {
  std::map<uint32_t, std::vector<Rollup>> months;
  for (const Rollup& each : made) months[MonthOf(each.start)].push_back(each);
  const SeriesId column = ColumnOf(owner, metric);
  for (const auto& [month, more] : months) {
    ASSIGN_OR_RETURN(std::vector<Rollup> all, ReadMonth(month, owner, column));
    all.insert(all.end(), more.begin(), more.end());
    SortByStart(all);
    RETURN_IF_ERROR(PutColumn(batch, kind, month, owner, column, all));
  }
  return OkStatus();
}

StatusOr<std::optional<Reading>> Rollups::Last(const OwnerId& owner, const SeriesId& series,
                                               const Window& range) const {
  ASSIGN_OR_RETURN(const auto found, ReadColumn(owner, LastColumnOf(owner, series), range));
  if (found.empty()) return std::optional<Reading>();
  return std::optional<Reading>({.time = found.back().start, .value = found.back().value});
}

Status Rollups::PutLast(store::Batch& batch, OwnerKind kind, const OwnerId& owner,
                        const SeriesId& series, const Reading& last) {
  return PutColumn(batch, kind, MonthOf(last.time), owner, LastColumnOf(owner, series),
                   {{.start = last.time, .value = last.value, .readings = 0}});
}

StatusOr<std::vector<uint32_t>> Rollups::Months() const {
  return MonthsOf(vault_.db(), Table::kRollups);
}

StatusOr<Rollups::Removed> Rollups::RemoveBefore(store::Batch& batch, uint32_t month,
                                                 const KeepFrom& keep_from) {
  Removed removed;
  const auto remove_from_row = [&](std::string_view key, std::string_view value) -> Status {
    if (key.size() != kKeyBytes) return DataLoss("rollup row: malformed key");
    const auto from = keep_from.find(SeriesId::FromBytes(key.substr(kColumnAt, SeriesId::kBytes)));
    const StatusOr<std::string> plain = vault_.OpenRow(Table::kRollups, key, value);
    StatusOr<std::vector<Rollup>> opened = std::vector<Rollup>();
    if (plain.status().code() != StatusCode::kNotFound) {
      opened = plain.ok() ? DecodeRollups(*plain) : StatusOr<std::vector<Rollup>>(plain.status());
    }
    if (!opened.ok()) {
      removed.empty = false;  // Damaged: not for retention to lose.
      return OkStatus();
    }
    std::vector<Rollup>& row = *opened;
    const std::size_t count = std::erase_if(row, [&](const Rollup& each) {
      const bool gone = from == keep_from.end() || each.start < from->second;
      if (gone && each.readings > 0) ++removed.rollups;
      return gone;
    });
    if (row.empty()) {
      batch.Delete(Table::kRollups, key);
      removed.bytes += value.size();
    } else {
      removed.empty = false;
    }
    if (row.empty() || count == 0) return OkStatus();
    ASSIGN_OR_RETURN(const store::RowHeader head, store::ParseRowHeader(value));
    return vault_.PutSealed(batch, Table::kRollups, key, head.owner_kind, head.owner, head.epoch,
                            EncodeRollups(row));
  };
  Status failure;
  RETURN_IF_ERROR(vault_.db().Scan(Table::kRollups, ByteWriter().U32(month).Take(),
                                   ByteWriter().U32(month + 1).Take(),
                                   [&](std::string_view key, std::string_view value) {
                                     failure = remove_from_row(key, value);
                                     return failure.ok();
                                   }));
  RETURN_IF_ERROR(failure);
  return removed;
}

}  // namespace gateway::pipeline
