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

using VisitReadings = std::function<Status(const SeriesId&, const std::vector<Reading>&)>;

// Every block of one owner's month, of one moment, until `visit` fails. Rows whose key was
// destroyed meanwhile are gone and are left out; so are damaged ones, which the log names.
// Returns what `visit` returns.
Status VisitStored(const store::Vault& vault, uint32_t month, const OwnerId& owner,
                   const VisitReadings& visit);

}  // namespace gateway::pipeline
