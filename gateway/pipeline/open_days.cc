#include "gateway/pipeline/open_days.h"

#include <algorithm>

#include "gateway/base/bytes.h"

namespace gateway::pipeline {

Known Lookup(std::span<const Reading> sorted, const Reading& reading) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), reading.time,
                                   [](const Reading& r, Time t) { return r.time < t; });
  if (at == sorted.end() || at->time != reading.time) return Known::kNew;
  return at->value == reading.value ? Known::kRepeated : Known::kConflict;
}

void PutDay(ByteWriter& out, const DayKey& key) {
  out.I64(key.start.time_since_epoch().count()).Text(key.metric.value()).Text(key.zone.value());
}

std::set<DayKey> TakeDays(ByteReader& in) {
  std::set<DayKey> days;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    DayKey key;
    key.start = Time(Millis(in.I64()));
    key.metric = MetricId(std::string(in.Text()));
    key.zone = ZoneId(std::string(in.Text()));
    days.insert(std::move(key));
  }
  return days;
}

std::string EncodeDays(const std::set<DayKey>& days) {
  ByteWriter out;
  out.U8(1).Varint(days.size());
  for (const DayKey& key : days) PutDay(out, key);
  return out.Take();
}

StatusOr<std::set<DayKey>> DecodeDays(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != 1) return DataLoss("row of days: not of version 1");
  std::set<DayKey> days = TakeDays(in);
  RETURN_IF_ERROR(in.Finish("row of days"));
  return days;
}

void OpenDays::GiveUp(const DayKey& key, const Window& day) {
  OpenDay& open = days_[key];
  open.window = day;
  open.owners.clear();
  open.given_up = true;
}

void OpenDays::Forget(const OwnerId& owner) {
  for (auto& [key, day] : days_) day.owners.erase(owner);
}

bool OpenDays::IsGivenUp(const DayKey& key) const {
  const auto found = days_.find(key);
  return found != days_.end() && found->second.given_up;
}

Known OpenDays::Find(const DayKey& key, const OwnerId& owner, const SeriesId& series,
                     const Reading& reading) const {
  const auto day = days_.find(key);
  if (day == days_.end()) return Known::kNew;
  const auto found = day->second.owners.find(owner);
  if (found == day->second.owners.end()) return Known::kNew;
  const auto readings = found->second.find(series);
  return readings == found->second.end() ? Known::kNew : Lookup(readings->second, reading);
}

Known OpenDays::Add(const DayKey& key, const Window& day, const OwnerId& owner,
                    const SeriesId& series, const Reading& reading) {
  OpenDay& open = days_[key];
  open.window = day;
  std::vector<Reading>& readings = open.owners[owner][series];
  if (const Known known = Lookup(readings, reading); known != Known::kNew) return known;
  const auto at = std::upper_bound(readings.begin(), readings.end(), reading.time,
                                   [](Time t, const Reading& r) { return t < r.time; });
  readings.insert(at, reading);
  return Known::kNew;
}

}  // namespace gateway::pipeline
