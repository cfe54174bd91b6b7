// BlockLog, the part that only reads.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/block_log.h"
#include "gateway/pipeline/block_rows.h"

namespace gateway::pipeline {

using store::Column;
using store::Table;

Status BlockLog::VisitSeries(const SeriesPlace& place, Time from, Time until,
                             const std::function<bool(const std::vector<Reading>&)>& visit) const {
  for (uint32_t month = MonthOf(from); month <= MonthOf(until - Millis(1)); ++month) {
    // What is in memory is newer than what is on disk; look there first.
    for (auto it = runs_.lower_bound({month, place.owner, place.device, 0}); it != runs_.end();
         ++it) {
      const auto& [run_month, owner, device, epoch] = it->first;
      if (run_month != month || owner != place.owner || device != place.device) break;
      const auto fresh = it->second.fresh.find(place.series);
      if (fresh != it->second.fresh.end() && !visit(fresh->second)) return OkStatus();
    }
    const std::string prefix = DevicePrefix(month, place.owner, place.device);
    Status failure;
    bool go_on = true;
    const auto look = [&](std::string_view key, std::string_view value) -> Status {
      const StatusOr<std::string> plain = vault_.OpenRow(Table::kBlocks, key, value);
      if (plain.status().code() == StatusCode::kNotFound) return OkStatus();
      RETURN_IF_ERROR(plain.status());
      ASSIGN_OR_RETURN(const store::BlockHead head, store::PeekBlock(*plain));
      if (head.last < from || head.first >= until) return OkStatus();
      ASSIGN_OR_RETURN(const std::vector<Column> columns, store::DecodeBlock(*plain));
      for (const Column& column : columns) {
        if (column.series == place.series) go_on = go_on && visit(column.readings);
      }
      return OkStatus();
    };
    RETURN_IF_ERROR(database_.Scan(Table::kBlocks, prefix, PrefixEnd(prefix),
                                   [&](std::string_view key, std::string_view value) {
                                     failure = look(key, value);
                                     // One that is damaged must not stop the fold of all others.
                                     if (failure.code() == StatusCode::kDataLoss) {
                                       failure = OkStatus();
                                     }
                                     return failure.ok() && go_on;
                                   }));
    RETURN_IF_ERROR(failure);
    if (!go_on) return OkStatus();
  }
  return OkStatus();
}

StatusOr<Known> BlockLog::Find(const SeriesPlace& place, const Reading& reading) const {
  Known found = Known::kNew;
  RETURN_IF_ERROR(VisitSeries(place, reading.time, reading.time + Millis(1),
                              [&](const std::vector<Reading>& block) {
                                for (const Reading& stored : block) {
                                  if (stored.time != reading.time) continue;
                                  // Where one without a time was put says nothing.
                                  if (!HasKnownTime(stored.quality)) continue;
                                  found = stored.value == reading.value ? Known::kRepeated
                                                                        : Known::kConflict;
                                  return false;
                                }
                                return true;
                              }));
  return found;
}

StatusOr<std::optional<Reading>> BlockLog::LastBefore(const SeriesPlace& place, Time from,
                                                      Time until) const {
  std::optional<Reading> last;
  from = std::max(from, Time{});  // no reading is older
  if (from >= until) return last;
  RETURN_IF_ERROR(VisitSeries(place, from, until, [&](const std::vector<Reading>& block) {
    for (const Reading& reading : block) {
      if (reading.time < from || reading.time >= until) continue;
      if (!HasKnownTime(reading.quality)) continue;
      if (!last.has_value() || reading.time > last->time) last = reading;
    }
    return true;
  }));
  return last;
}

StatusOr<uint64_t> BlockLog::VisitRange(const std::string& prefix, const Visit& visit) const {
  uint64_t damaged = 0;
  const Status scanned = database_.Scan(
      Table::kBlocks, prefix, PrefixEnd(prefix),
      [&](std::string_view key, std::string_view value) {
        const StatusOr<std::vector<Column>> block = OpenBlock(vault_, key, value);
        const StatusOr<store::RowHeader> head = store::ParseRowHeader(value);
        if (!block.ok() || !head.ok()) {
          if (block.status().code() != StatusCode::kNotFound) ++damaged;
          return true;
        }
        for (const Column& column : *block) {
          visit(head->owner_kind, head->owner, column.series, column.readings);
        }
        return true;
      });
  RETURN_IF_ERROR(scanned);
  return damaged;
}

StatusOr<uint64_t> BlockLog::VisitMonth(uint32_t month, const Visit& visit) const {
  return VisitRange(MonthPrefix(month), visit);
}

StatusOr<uint64_t> BlockLog::VisitOwner(uint32_t month, const OwnerId& owner,
                                        const Visit& visit) const {
  return VisitRange(OwnerPrefix(month, owner), visit);
}

StatusOr<std::vector<uint32_t>> BlockLog::Months() const {
  return MonthsOf(database_, Table::kBlocks);
}

StatusOr<std::vector<OwnerId>> BlockLog::OwnersOf(uint32_t month) const {
  std::vector<OwnerId> owners;
  std::string from = MonthPrefix(month);
  const std::string end = PrefixEnd(from);
  for (bool found = true; found;) {
    found = false;
    RETURN_IF_ERROR(database_.Scan(
        Table::kBlocks, from, end, [&](std::string_view key, std::string_view) {
          const StatusOr<BlockKey> parsed = ParseBlockKey(key);
          if (!parsed.ok()) return true;
          owners.push_back(parsed->owner);
          found = true;
          return false;
        }));
    if (found) from = PrefixEnd(OwnerPrefix(month, owners.back()));
  }
  return owners;
}

}  // namespace gateway::pipeline
