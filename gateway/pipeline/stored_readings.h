// One owner's stored readings as they are on disk, for an export: read beside the pipeline, on any
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/model/reading.h"
#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// The months, ascending, of which `table` (blocks or rollups) has rows of the owner.
StatusOr<std::vector<uint32_t>> StoredMonths(const store::Vault& vault, store::Table table,
                                             const OwnerId& owner);

// What one device stored of a month, each reading once: ascending in time.
using VisitReadings = std::function<Status(const SeriesId&, const std::vector<Reading>&)>;

// A block that does not open. Which of the device's series it held is not known.
struct DamagedBlock {
  uint32_t month = 0;  // of the readings
  DeviceKey device;
  uint32_t arrived = 0;  // the month in which they were journaled
};

// Every reading of one owner's month, of one moment, until `visit` fails; in memory is one device at
// a time. Rows whose key was destroyed meanwhile are gone and are left out; so are damaged ones,
// which are told to `damaged`. A reading that is in two blocks, because one came back by salvage,
// is visited once.
// Returns what `visit` returns.
Status VisitStored(const store::Vault& vault, uint32_t month, const OwnerId& owner,
                   const VisitReadings& visit,
                   const std::function<void(const DamagedBlock&)>& damaged);

}  // namespace gateway::pipeline
