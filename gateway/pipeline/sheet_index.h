// Which sheets were decided, so that a question touches only the cell rows that can match it. It
// holds nothing that the rows and the ledger do not say, and is made from them anew at each start.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/model/ids.h"
#include "gateway/model/time.h"
#include "gateway/port/cell_source.h"

namespace gateway::pipeline {

struct DecidedSheet {
  uint64_t leaf = 0;  // index of its release entry
  MetricId metric;
  ZoneId zone;
  Window window;  // from the first start to the last end of its cells
};

// The release entries first <= leaf < end.
struct LeafRun {
  uint64_t first = 0;
  uint64_t end = 0;
  friend bool operator==(const LeafRun&, const LeafRun&) = default;
};

// Thread-safe. 32 bytes a sheet: it grows with the store, a thousand times more slowly.
class SheetIndex {
 public:
  // Every sheet of the entries below this is in it.
  uint64_t covered() const;
  // Adds the sheets, in order, of all entries from what was covered() to `until`. What another
  // reader added meanwhile is passed over: decided sheets never change.
  void Extend(const std::vector<DecidedSheet>& sheets, uint64_t until);
  // Where cells that match may be found, ascending, of entries below `watermark` <= covered(). The
  // filter's rule is not looked at.
  std::vector<LeafRun> Find(const port::CellFilter& filter, uint64_t watermark) const;

 private:
  struct Kind {
    MetricId metric;
    ZoneId zone;
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  struct Entry {
    uint64_t leaf = 0;
    Window window;
    std::size_t kind = 0;  // in kinds_
  };

  mutable Mutex mutex_;
  std::vector<Kind> kinds_ ABSL_GUARDED_BY(mutex_);
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // leaves ascend
  uint64_t covered_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace gateway::pipeline
