#include "gateway/pipeline/block_log.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/store/block.h"

namespace gateway::pipeline {
namespace {

constexpr std::size_t kOwnerAt = 4;
constexpr std::size_t kSeriesAt = kOwnerAt + OwnerId::kBytes;
constexpr std::size_t kEpochAt = kSeriesAt + SeriesId::kBytes;
constexpr std::size_t kPartAt = kEpochAt + 4;
constexpr std::size_t kKeyBytes = kPartAt + 4;

std::string SeriesPrefix(uint32_t month, const OwnerId& owner, const SeriesId& series) {
  return ByteWriter().U32(month).Raw(owner.view()).Raw(series.view()).Take();
}

// The smallest key that is greater than every key with this prefix.
std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<uint8_t>(prefix.back());
    if (last != 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

Known FindIn(const std::vector<Reading>& block, const Reading& reading) {
  for (const Reading& stored : block) {  // In order of arrival, not of time.
    if (stored.time == reading.time) {
      return stored.value == reading.value ? Known::kRepeated : Known::kConflict;
    }
  }
  return Known::kNew;
}

StatusOr<std::vector<Reading>> OpenBlock(const store::Vault& vault, std::string_view key,
                                         std::string_view value) {
  ASSIGN_OR_RETURN(const std::string plain, vault.OpenRow(store::Table::kBlocks, key, value));
  return store::DecodeBlock(plain);
}

}  // namespace

Status BlockLog::VisitSeries(uint32_t month, const OwnerId& owner, const SeriesId& series,
                             const std::function<bool(const std::vector<Reading>&)>& visit) const {
  // What is in memory is newer than what is on disk; look there first.
  for (auto it = runs_.lower_bound({month, owner, series, 0}); it != runs_.end(); ++it) {
    const auto& [key, run] = *it;
    if (std::get<0>(key) != month || std::get<1>(key) != owner || std::get<2>(key) != series) break;
    if (!visit(run.open)) return OkStatus();
    for (const auto& [part, block] : run.full) {
      if (!visit(block)) return OkStatus();
    }
  }
  const std::string from = SeriesPrefix(month, owner, series);
  Status failure;
  RETURN_IF_ERROR(database_.Scan(
      store::Table::kBlocks, from, PrefixEnd(from),
      [&](std::string_view key, std::string_view value) {
        StatusOr<std::vector<Reading>> block = OpenBlock(vault_, key, value);
        failure = block.status();
        return block.ok() && visit(*block);
      }));
  return failure;
}

StatusOr<Known> BlockLog::Find(const OwnerId& owner, const SeriesId& series,
                               const Reading& reading) const {
  Known found = Known::kNew;
  RETURN_IF_ERROR(VisitSeries(MonthOf(reading.time), owner, series,
                              [&](const std::vector<Reading>& block) {
                                found = FindIn(block, reading);
                                return found == Known::kNew;
                              }));
  return found;
}

StatusOr<std::optional<Reading>> BlockLog::LastBefore(const OwnerId& owner,
                                                      const SeriesId& series, Time from,
                                                      Time until) const {
  std::optional<Reading> last;
  from = std::max(from, Time{});  // no reading is older
  for (uint32_t month = MonthOf(from); month <= MonthOf(until); ++month) {
    RETURN_IF_ERROR(VisitSeries(month, owner, series, [&](const std::vector<Reading>& block) {
      for (const Reading& reading : block) {
        if (reading.time < from || reading.time >= until) continue;
        if (!last.has_value() || reading.time > last->time) last = reading;
      }
      return true;
    }));
  }
  return last;
}

StatusOr<BlockLog::Run*> BlockLog::Load(const RunKey& key, OwnerKind kind) {
  const auto [it, inserted] = runs_.try_emplace(key);
  Run& run = it->second;
  if (!inserted) return &run;
  run.kind = kind;
  const auto& [month, owner, series, epoch] = key;
  const std::string from = ByteWriter()
                               .Raw(SeriesPrefix(month, owner, series))
                               .U32(epoch)
                               .Take();
  std::string last_key;
  std::string last_value;
  Status status = database_.Scan(store::Table::kBlocks, from, PrefixEnd(from),
                                 [&](std::string_view row_key, std::string_view value) {
                                   last_key = row_key;
                                   last_value = value;
                                   return true;
                                 });
  if (status.ok() && last_key.size() == kKeyBytes) {
    StatusOr<std::vector<Reading>> block = OpenBlock(vault_, last_key, last_value);
    status = block.status();
    if (block.ok()) {
      run.part = ByteReader(std::string_view(last_key).substr(kPartAt)).U32();
      run.open = *std::move(block);
      if (run.open.size() >= limits::kReadingsPerBlockMax) {
        run.open.clear();
        ++run.part;
      }
    }
  }
  if (!status.ok()) {
    runs_.erase(it);
    return status;
  }
  return &run;
}

Status BlockLog::Append(OwnerKind kind, const OwnerId& owner, uint32_t epoch,
                        const SeriesId& series, const Reading& reading) {
  ASSIGN_OR_RETURN(Run* const run, Load({MonthOf(reading.time), owner, series, epoch}, kind));
  run->open.push_back(reading);
  run->changed = true;
  if (run->open.size() >= limits::kReadingsPerBlockMax) {
    run->full.emplace_back(run->part++, std::move(run->open));
    run->open.clear();
  }
  return OkStatus();
}

Status BlockLog::WriteTo(store::Batch& batch) {
  for (const auto& [run_key, run] : runs_) {
    if (!run.changed) continue;
    const auto& [month, owner, series, epoch] = run_key;
    const std::string prefix =
        ByteWriter().Raw(SeriesPrefix(month, owner, series)).U32(epoch).Take();
    // Copies, because clang 14 captures no structured binding.
    const auto put = [&, kind = run.kind, block_owner = owner, key_epoch = epoch](
                         uint32_t part, const std::vector<Reading>& readings) {
      return vault_.PutSealed(batch, store::Table::kBlocks,
                              ByteWriter().Raw(prefix).U32(part).Take(), kind, block_owner,
                              key_epoch, store::EncodeBlock(readings));
    };
    for (const auto& [part, readings] : run.full) RETURN_IF_ERROR(put(part, readings));
    if (!run.open.empty()) RETURN_IF_ERROR(put(run.part, run.open));
  }
  return OkStatus();
}

void BlockLog::Written() {
  for (auto& [key, run] : runs_) {
    run.full.clear();
    run.changed = false;
  }
  // Only a cache from here on: drop it rather than let backfills of old months pile up.
  if (runs_.size() > 2 * limits::kSeriesMax) runs_.clear();
}

Status BlockLog::VisitMonth(uint32_t month, const Visit& visit) const {
  const std::string from = ByteWriter().U32(month).Take();
  Status failure;
  RETURN_IF_ERROR(database_.Scan(
      store::Table::kBlocks, from, PrefixEnd(from),
      [&](std::string_view key, std::string_view value) {
        // The owner's kind stands in the clear head of the row: version, kind, owner, …
        if (key.size() != kKeyBytes || value.size() < 2) {
          failure = DataLoss("block row: malformed key or value");
          return false;
        }
        StatusOr<std::vector<Reading>> block = OpenBlock(vault_, key, value);
        if (!block.ok()) {
          failure = block.status();
          return false;
        }
        visit(static_cast<OwnerKind>(value[1]),
              OwnerId::FromBytes(key.substr(kOwnerAt, OwnerId::kBytes)),
              SeriesId::FromBytes(key.substr(kSeriesAt, SeriesId::kBytes)), *block);
        return true;
      }));
  return failure;
}

StatusOr<std::vector<uint32_t>> BlockLog::Months() const {
  std::vector<uint32_t> months;
  std::string from;
  for (bool found = true; found;) {
    found = false;
    Status failure;
    RETURN_IF_ERROR(database_.Scan(store::Table::kBlocks, from, "",
                                   [&](std::string_view key, std::string_view) {
                                     if (key.size() != kKeyBytes) {
                                       failure = DataLoss("block row: malformed key");
                                       return false;
                                     }
                                     months.push_back(ByteReader(key.substr(0, 4)).U32());
                                     found = true;
                                     return false;
                                   }));
    RETURN_IF_ERROR(failure);
    if (found) from = ByteWriter().U32(months.back() + 1).Take();
  }
  return months;
}

StatusOr<std::vector<OwnerId>> BlockLog::OwnersOf(uint32_t month) const {
  std::vector<OwnerId> owners;
  const std::string from = ByteWriter().U32(month).Take();
  RETURN_IF_ERROR(database_.Scan(
      store::Table::kBlocks, from, PrefixEnd(from), [&](std::string_view key, std::string_view) {
        if (key.size() != kKeyBytes) return true;
        const OwnerId owner = OwnerId::FromBytes(key.substr(kOwnerAt, OwnerId::kBytes));
        if (owners.empty() || owners.back() != owner) owners.push_back(owner);
        return true;
      }));
  return owners;
}

Status BlockLog::VisitOwner(uint32_t month, const OwnerId& owner, const Visit& visit) const {
  const std::string from = ByteWriter().U32(month).Raw(owner.view()).Take();
  return database_.Scan(
      store::Table::kBlocks, from, PrefixEnd(from),
      [&](std::string_view key, std::string_view value) {
        if (key.size() != kKeyBytes || value.size() < 2) return true;
        const StatusOr<std::vector<Reading>> block = OpenBlock(vault_, key, value);
        if (block.ok()) {
          visit(static_cast<OwnerKind>(value[1]), owner,
                SeriesId::FromBytes(key.substr(kSeriesAt, SeriesId::kBytes)), *block);
        }
        return true;
      });
}

StatusOr<BlockLog::Removed> BlockLog::RemoveIf(store::Batch& batch, uint32_t month,
                                               const OwnerId& owner, const Gone& gone) {
  for (auto it = runs_.lower_bound({month, owner, SeriesId{}, 0});
       it != runs_.end() && std::get<0>(it->first) == month && std::get<1>(it->first) == owner;) {
    GW_CHECK(!it->second.changed);
    it = runs_.erase(it);
  }
  Removed removed;
  const auto remove_from_row = [&](std::string_view key, std::string_view value) -> Status {
    StatusOr<std::vector<Reading>> readings = OpenBlock(vault_, key, value);
    if (readings.status().code() == StatusCode::kNotFound) {  // Its key was destroyed.
      batch.Delete(store::Table::kBlocks, key);
      removed.bytes += value.size();
    }
    if (!readings.ok() || key.size() != kKeyBytes) return OkStatus();
    const SeriesId series = SeriesId::FromBytes(key.substr(kSeriesAt, SeriesId::kBytes));
    const std::size_t count =
        std::erase_if(*readings, [&](const Reading& reading) { return gone(series, reading); });
    if (count == 0) return OkStatus();
    removed.readings += count;
    if (readings->empty()) {
      batch.Delete(store::Table::kBlocks, key);
      removed.bytes += value.size();
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const store::RowHeader head, store::ParseRowHeader(value));
    const std::string block = store::EncodeBlock(*readings);
    const std::size_t sealed = block.size() + store::kRowOverheadBytes;
    removed.bytes += value.size() - std::min(value.size(), sealed);
    return vault_.PutSealed(batch, store::Table::kBlocks, key, head.owner_kind, head.owner,
                            head.epoch, block);
  };
  const std::string from = ByteWriter().U32(month).Raw(owner.view()).Take();
  Status failure;
  RETURN_IF_ERROR(database_.Scan(store::Table::kBlocks, from, PrefixEnd(from),
                                 [&](std::string_view key, std::string_view value) {
                                   failure = remove_from_row(key, value);
                                   return failure.ok();
                                 }));
  RETURN_IF_ERROR(failure);
  return removed;
}

}  // namespace gateway::pipeline
