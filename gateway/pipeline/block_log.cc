#include "gateway/pipeline/block_log.h"

#include <algorithm>
#include <bit>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/block_rows.h"

namespace gateway::pipeline {

using store::Column;
using store::Table;

namespace {

// How many blocks of like size become one.
constexpr std::size_t kFanout = 8;

std::string RunPrefix(const auto& key) {
  const auto& [month, owner, device, epoch] = key;
  return ByteWriter().Raw(DevicePrefix(month, owner, device)).U32(epoch).Take();
}

std::string PartKey(const auto& key, uint32_t part) {
  return ByteWriter().Raw(RunPrefix(key)).U32(part).Take();
}

std::size_t CountOf(const std::vector<Column>& columns) {
  std::size_t count = 0;
  for (const Column& column : columns) count += column.readings.size();
  return count;
}

// Blocks of like size have the same level.
int LevelOf(std::size_t readings) {
  return static_cast<int>(std::bit_width(readings)) / std::countr_zero(kFanout);
}

void AddColumn(std::vector<Column>& columns, Column more) {
  for (Column& column : columns) {
    if (column.series != more.series) continue;
    column.readings.insert(column.readings.end(), more.readings.begin(), more.readings.end());
    return;
  }
  columns.push_back(std::move(more));
}

bool IsEarlier(const Reading& a, const Reading& b) { return a.time < b.time; }

// As EncodeBlock wants them. Of two readings at one time, which there should not be, the first; but
// one whose time nobody knows makes room for one that has its own: it goes to the next free place.
void Sort(std::vector<Reading>& readings) {
  const auto untimed = std::stable_partition(
      readings.begin(), readings.end(),
      [](const Reading& reading) { return HasKnownTime(reading.quality); });
  std::stable_sort(readings.begin(), untimed, IsEarlier);
  std::stable_sort(untimed, readings.end(), IsEarlier);
  std::vector<Reading> sorted;
  sorted.reserve(readings.size());
  auto timed = readings.begin();
  // Those of an earlier time, and all of this one.
  const auto take_until = [&](Time time) {
    for (; timed != untimed && timed->time <= time; ++timed) {
      if (sorted.empty() || sorted.back().time < timed->time) sorted.push_back(*timed);
    }
  };
  for (auto next = untimed; next != readings.end(); ++next) {
    if (!sorted.empty()) next->time = std::max(next->time, sorted.back().time + Millis(1));
    take_until(next->time);
    while (!sorted.empty() && sorted.back().time >= next->time) {
      next->time = sorted.back().time + Millis(1);
      take_until(next->time);
    }
    sorted.push_back(*next);
  }
  take_until(Time::max());
  readings = std::move(sorted);
}

void Sort(std::vector<Column>& columns) {
  for (Column& column : columns) Sort(column.readings);
}

// Takes the oldest readings, as many as a block may hold, off the front of sorted columns.
std::vector<Column> TakeBlock(std::vector<Column>& columns) {
  if (CountOf(columns) <= limits::kReadingsPerBlockMax) return std::exchange(columns, {});
  std::vector<Time> times;
  for (const Column& column : columns) {
    for (const Reading& reading : column.readings) times.push_back(reading.time);
  }
  const auto nth = times.begin() + limits::kReadingsPerBlockMax;
  std::nth_element(times.begin(), nth, times.end());
  std::vector<Column> taken, left;
  std::size_t room = limits::kReadingsPerBlockMax;
  for (Column& column : columns) {
    auto end = std::find_if(column.readings.begin(), column.readings.end(),
                            [&](const Reading& reading) { return reading.time >= *nth; });
    // One time in more columns than a block has room for.
    if (times.front() == *nth) end = column.readings.end();
    end = std::min(end, column.readings.begin() + static_cast<std::ptrdiff_t>(
                            std::min(room, column.readings.size())));
    if (end != column.readings.begin()) {
      taken.push_back({column.series, {column.readings.begin(), end}});
      room -= taken.back().readings.size();
    }
    if (end != column.readings.end()) {
      left.push_back({column.series, {end, column.readings.end()}});
    }
  }
  columns = std::move(left);
  return taken;
}

}  // namespace

StatusOr<BlockLog::Run*> BlockLog::Load(const RunKey& key, OwnerKind kind) {
  const auto [it, inserted] = runs_.try_emplace(key);
  Run& run = it->second;
  if (!inserted) return &run;
  run.kind = kind;
  const std::string prefix = RunPrefix(key);
  const Status status = database_.Scan(
      Table::kBlocks, prefix, PrefixEnd(prefix),
      [&](std::string_view row_key, std::string_view value) {
        const StatusOr<BlockKey> parsed = ParseBlockKey(row_key);
        if (!parsed.ok()) return true;
        Part part{.number = parsed->part};
        const StatusOr<std::string> plain = vault_.OpenRow(Table::kBlocks, row_key, value);
        const StatusOr<store::BlockHead> head =
            plain.ok() ? store::PeekBlock(*plain) : plain.status();
        // One that does not open is as good as full: it stays as it is.
        part.readings = head.ok() ? head->readings : limits::kReadingsPerBlockMax;
        run.parts.push_back(part);
        return true;
      });
  if (!status.ok()) {
    runs_.erase(it);
    return status;
  }
  return &run;
}

Status BlockLog::Append(OwnerKind kind, const SeriesPlace& place, uint32_t epoch,
                        const Reading& reading) {
  ASSIGN_OR_RETURN(Run* const run,
                   Load({MonthOf(reading.time), place.owner, place.device, epoch}, kind));
  run->fresh[place.series].push_back(reading);
  return OkStatus();
}

bool BlockLog::AddPart(const RunKey& key, const Part& part, std::vector<Column>& columns) const {
  const std::string row_key = PartKey(key, part.number);
  const auto value = database_.Get(Table::kBlocks, row_key);
  if (!value.ok() || !value->has_value()) return false;
  StatusOr<std::vector<Column>> block = OpenBlock(vault_, row_key, **value);
  if (!block.ok()) return false;
  for (Column& column : *block) AddColumn(columns, std::move(column));
  return true;
}

Status BlockLog::PutBlocks(store::Batch& batch, const RunKey& key, OwnerKind kind,
                           std::vector<Column> columns, std::vector<Part>& parts) const {
  Sort(columns);
  while (!columns.empty()) {
    const std::vector<Column> block = TakeBlock(columns);
    const uint32_t number = parts.empty() ? 0 : parts.back().number + 1;
    RETURN_IF_ERROR(vault_.PutSealed(batch, Table::kBlocks, PartKey(key, number), kind,
                                     std::get<1>(key), std::get<3>(key),
                                     store::EncodeBlock(block)));
    parts.push_back({number, CountOf(block)});
  }
  return OkStatus();
}

Status BlockLog::WriteRun(store::Batch& batch, const RunKey& key, Run& run) {
  std::vector<Column> columns;
  for (const auto& [series, readings] : run.fresh) columns.push_back({series, readings});
  std::size_t total = CountOf(columns);
  std::size_t keep = run.parts.size();
  while (true) {
    std::size_t from = keep;
    std::size_t sum = total;
    bool full = false;
    while (from > 0 && !full && LevelOf(run.parts[from - 1].readings) <= LevelOf(total)) {
      full = sum + run.parts[from - 1].readings > limits::kReadingsPerBlockMax;
      if (!full) sum += run.parts[--from].readings;
    }
    const bool enough = keep - from + 1 >= kFanout || (full && from < keep);
    if (!enough) break;
    keep = from;
    total = sum;
  }
  std::vector<Column> merged = columns;
  for (std::size_t i = keep; i < run.parts.size(); ++i) {
    if (AddPart(key, run.parts[i], merged)) continue;
    // Read on another day, or never. What is new must be written anyway.
    merged = columns;
    keep = run.parts.size();
    break;
  }
  // Old parts keep their numbers and new ones get higher ones, so that no row is put and deleted.
  run.parts_after = run.parts;
  RETURN_IF_ERROR(PutBlocks(batch, key, run.kind, std::move(merged), run.parts_after));
  for (std::size_t i = keep; i < run.parts.size(); ++i) {
    batch.Delete(Table::kBlocks, PartKey(key, run.parts[i].number));
  }
  run.parts_after.erase(run.parts_after.begin() + static_cast<std::ptrdiff_t>(keep),
                        run.parts_after.begin() + static_cast<std::ptrdiff_t>(run.parts.size()));
  return OkStatus();
}

Status BlockLog::WriteTo(store::Batch& batch) {
  for (auto& [key, run] : runs_) {
    if (!run.fresh.empty()) RETURN_IF_ERROR(WriteRun(batch, key, run));
  }
  return OkStatus();
}

void BlockLog::Written() {
  for (auto& [key, run] : runs_) {
    if (run.fresh.empty()) continue;
    run.fresh.clear();
    run.parts = std::move(run.parts_after);
    run.parts_after.clear();
  }
  // Only a cache from here on: drop it rather than let backfills of old months pile up.
  if (runs_.size() > 2 * limits::kSeriesMax) runs_.clear();
}

void BlockLog::Forget(const OwnerId& owner) {
  std::erase_if(runs_, [&](const auto& run) { return std::get<1>(run.first) == owner; });
}

void BlockLog::ForgetRuns() {
  for (const auto& [key, run] : runs_) GW_CHECK(run.fresh.empty());
  runs_.clear();
}

void BlockLog::Forget(uint32_t month, const OwnerId& owner) {
  for (auto it = runs_.lower_bound({month, owner, DeviceKey{}, 0});
       it != runs_.end() && std::get<0>(it->first) == month && std::get<1>(it->first) == owner;) {
    GW_CHECK(it->second.fresh.empty());
    it = runs_.erase(it);
  }
}

StatusOr<BlockLog::Removed> BlockLog::RemoveIf(store::Batch& batch, uint32_t month,
                                               const OwnerId& owner, const Gone& gone) {
  Forget(month, owner);
  Removed removed;
  const auto remove_from_row = [&](std::string_view key, std::string_view value) -> Status {
    StatusOr<std::vector<Column>> columns = OpenBlock(vault_, key, value);
    if (columns.status().code() == StatusCode::kNotFound) {  // Its key was destroyed.
      batch.Delete(Table::kBlocks, key);
      removed.bytes += value.size();
    }
    if (!columns.ok()) return OkStatus();
    std::size_t count = 0;
    for (Column& column : *columns) {
      count += std::erase_if(column.readings, [&](const Reading& reading) {
        return gone(column.series, reading);
      });
    }
    if (count == 0) return OkStatus();
    removed.readings += count;
    std::erase_if(*columns, [](const Column& column) { return column.readings.empty(); });
    if (columns->empty()) {
      batch.Delete(Table::kBlocks, key);
      removed.bytes += value.size();
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const store::RowHeader head, store::ParseRowHeader(value));
    const std::string block = store::EncodeBlock(*columns);
    const std::size_t sealed = block.size() + store::kRowOverheadBytes;
    removed.bytes += value.size() - std::min(value.size(), sealed);
    return vault_.PutSealed(batch, Table::kBlocks, key, head.owner_kind, head.owner, head.epoch,
                            block);
  };
  const std::string from = OwnerPrefix(month, owner);
  Status failure;
  RETURN_IF_ERROR(database_.Scan(Table::kBlocks, from, PrefixEnd(from),
                                 [&](std::string_view key, std::string_view value) {
                                   failure = remove_from_row(key, value);
                                   return failure.ok();
                                 }));
  RETURN_IF_ERROR(failure);
  return removed;
}

Status BlockLog::Merge(store::Batch& batch, uint32_t month, const OwnerId& owner) {
  Forget(month, owner);
  std::map<RunKey, Run> runs;
  const std::string from = OwnerPrefix(month, owner);
  RETURN_IF_ERROR(database_.Scan(
      Table::kBlocks, from, PrefixEnd(from), [&](std::string_view key, std::string_view value) {
        const StatusOr<store::RowHeader> head = store::ParseRowHeader(value);
        const StatusOr<BlockKey> parsed = ParseBlockKey(key);
        if (!parsed.ok() || !head.ok()) return true;
        Run& run = runs[{month, owner, parsed->device, parsed->epoch}];
        run.kind = head->owner_kind;
        run.parts.push_back({.number = parsed->part});
        return true;
      }));
  for (auto& [key, run] : runs) {
    if (run.parts.size() < 2) continue;
    std::vector<Column> columns;
    bool whole = true;
    for (const Part& part : run.parts) whole = whole && AddPart(key, part, columns);
    const std::size_t blocks =
        (CountOf(columns) + limits::kReadingsPerBlockMax - 1) / limits::kReadingsPerBlockMax;
    if (!whole || blocks >= run.parts.size()) continue;
    run.parts_after = run.parts;
    RETURN_IF_ERROR(PutBlocks(batch, key, run.kind, std::move(columns), run.parts_after));
    for (const Part& part : run.parts) batch.Delete(Table::kBlocks, PartKey(key, part.number));
  }
  return OkStatus();
}

}  // namespace gateway::pipeline
