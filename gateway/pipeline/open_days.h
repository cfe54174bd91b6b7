// The days that are still open: readings by metric, civil day, owner and series, from which
// sheets are decided. In memory only; what is here is also in the blocks, from which it is rebuilt
// at start for the days listed in the checkpoint.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/base/bytes.h"
#include "gateway/model/ids.h"
#include "gateway/model/reading.h"
#include "gateway/model/time.h"

namespace gateway::pipeline {

enum class Known { kNew, kRepeated, kConflict };

// Ordered by day first, so that iteration finds what is due first.
struct DayKey {
  Time start;
  MetricId metric;
  ZoneId zone;  // of the sheet
  friend auto operator<=>(const DayKey&, const DayKey&) = default;
};

using SeriesReadings = std::map<SeriesId, std::vector<Reading>>;

struct OpenDay {
  Window window;
  // Each vector ascending in time, times unique.
  std::map<OwnerId, SeriesReadings> owners;
  // Retention took readings of it: it can only be suppressed.
  bool given_up = false;
};

// Confined to the pipeline thread.
class OpenDays {
 public:
  Known Find(const DayKey& key, const OwnerId& owner, const SeriesId& series,
             const Reading& reading) const;
  // First value wins; a second one at the same time is reported and not kept.
  Known Add(const DayKey& key, const Window& day, const OwnerId& owner, const SeriesId& series,
            const Reading& reading);
  // The day is open, whatever was kept of its readings.
  void Open(const DayKey& key, const Window& day) { days_[key].window = day; }
  // Forgets the day's readings but keeps it open.
  void GiveUp(const DayKey& key, const Window& day);
  bool IsGivenUp(const DayKey& key) const;
  // Takes a household out of every day.
  void Forget(const OwnerId& owner);
  void Close(const DayKey& key) { days_.erase(key); }
  const std::map<DayKey, OpenDay>& days() const { return days_; }

 private:
  std::map<DayKey, OpenDay> days_;
};

// How a day stands in a row, and a list of them after its count.
void PutDay(ByteWriter& out, const DayKey& key);
std::set<DayKey> TakeDays(ByteReader& in);

std::string EncodeDays(const std::set<DayKey>& days);
// Returns DataLoss if the bytes are not what EncodeDays makes.
StatusOr<std::set<DayKey>> DecodeDays(std::string_view bytes);

// Whether `sorted` (ascending, unique times) has a reading at `reading.time`, and of which value.
Known Lookup(std::span<const Reading> sorted, const Reading& reading);

}  // namespace gateway::pipeline
