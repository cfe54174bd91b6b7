#include "gateway/pipeline/open_days.h"

#include <algorithm>

namespace gateway::pipeline {

Known Lookup(std::span<const Reading> sorted, const Reading& reading) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), reading.time,
                                   [](const Reading& r, Time t) { return r.time < t; });
  if (at == sorted.end() || at->time != reading.time) return Known::kNew;
  return at->value == reading.value ? Known::kRepeated : Known::kConflict;
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
