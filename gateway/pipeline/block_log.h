// Stored readings: per series and month a run of blocks, the last of which is open and rewritten
// at each checkpoint until it is full. Row key: u32be month of the readings ‖ owner ‖ series ‖
// u32be key epoch ‖ u32be part, so that a month is one range and an erased owner's rows are found.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/model/reading.h"
#include "gateway/pipeline/open_days.h"
#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// Confined to the pipeline thread.
class BlockLog {
 public:
  // Both must outlive the log.
  BlockLog(const store::Database& database, store::Vault& vault)
      : database_(database), vault_(vault) {}

  // Whether the series already has a reading at this time, in any block. Reads the disk.
  // Returns DataLoss if a block does not open.
  StatusOr<Known> Find(const OwnerId& owner, const SeriesId& series, const Reading& reading) const;

  // The newest reading of the series with from ≤ time < until, written or not. Reads the disk.
  // Returns DataLoss if a block does not open.
  StatusOr<std::optional<Reading>> LastBefore(const OwnerId& owner, const SeriesId& series,
                                              Time from, Time until) const;

  // Adds a reading that is not stored yet, sealed under the owner's key of `epoch`.
  // Returns DataLoss or Unavailable if the open block cannot be read back; nothing is added.
  Status Append(OwnerKind kind, const OwnerId& owner, uint32_t epoch, const SeriesId& series,
                const Reading& reading);

  // Puts every changed block into `batch`. They count as written once `Written` is called.
  Status WriteTo(store::Batch& batch);
  void Written();

  using Visit =
      std::function<void(OwnerKind, const OwnerId&, const SeriesId&, const std::vector<Reading>&)>;
  // Every stored block of one month, as on disk.
  // Returns DataLoss if a block does not open.
  Status VisitMonth(uint32_t month, const Visit& visit) const;

  // For retention, which calls these only when nothing is unwritten. What they read is as on disk.
  // Months and owners that have blocks, ascending.
  StatusOr<std::vector<uint32_t>> Months() const;
  StatusOr<std::vector<OwnerId>> OwnersOf(uint32_t month) const;
  // Every block of an owner's month that opens.
  Status VisitOwner(uint32_t month, const OwnerId& owner, const Visit& visit) const;
  // Takes the readings of an owner's month for which `gone` says so; blocks are rewritten or deleted
  // in `batch`. `gone` is asked once per reading. A block that does not open stays, and so does
  // everything if the batch is not committed. The cache of the owner's month is dropped.
  struct Removed {
    uint64_t readings = 0;
    uint64_t bytes = 0;  // of rows, less what they were rewritten to
  };
  using Gone = std::function<bool(const SeriesId&, const Reading&)>;
  StatusOr<Removed> RemoveIf(store::Batch& batch, uint32_t month, const OwnerId& owner,
                             const Gone& gone);

 private:
  // Every block of one series and month, those in memory first, until `visit` returns false. A
  // block that is in memory and on disk is visited twice.
  Status VisitSeries(uint32_t month, const OwnerId& owner, const SeriesId& series,
                     const std::function<bool(const std::vector<Reading>&)>& visit) const;

  using RunKey = std::tuple<uint32_t, OwnerId, SeriesId, uint32_t>;  // month, …, epoch
  struct Run {
    OwnerKind kind = OwnerKind::kHousehold;
    uint32_t part = 0;             // of `open`
    std::vector<Reading> open;
    std::vector<std::pair<uint32_t, std::vector<Reading>>> full;  // not written yet
    bool changed = false;
  };
  StatusOr<Run*> Load(const RunKey& key, OwnerKind kind);

  const store::Database& database_;
  store::Vault& vault_;
  std::map<RunKey, Run> runs_;
};

}  // namespace gateway::pipeline
