// Stored readings: per device and month a run of blocks. A checkpoint adds what came since the last
// one as a small block and rewrites nothing; eight small ones of like size become one, so that a
// reading is written a few times at most and a run has few blocks. Row key: u32be month of the
// readings ‖ owner ‖ device ‖ u32be key epoch ‖ u32be part, so that a month is one range and an
// erased owner's rows are found.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/model/reading.h"
#include "gateway/pipeline/open_days.h"
#include "gateway/store/block.h"
#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// Where a series' readings stand.
struct SeriesPlace {
  OwnerId owner;
  DeviceKey device;
  SeriesId series;
};

// Confined to the pipeline thread.
class BlockLog {
 public:
  // Both must outlive the log.
  BlockLog(const store::Database& database, store::Vault& vault)
      : database_(database), vault_(vault) {}

  // Whether the series already has a reading at this time, in any block. Reads the disk.
  // What does not open is passed over.
  StatusOr<Known> Find(const SeriesPlace& place, const Reading& reading) const;

  // The newest reading of the series, of a time that is known, with from ≤ time < until, written or
  // not. Reads the disk.
  // What does not open is passed over.
  StatusOr<std::optional<Reading>> LastBefore(const SeriesPlace& place, Time from,
                                              Time until) const;

  // Adds a reading that is not stored yet, sealed under the owner's key of `epoch`.
  // Returns Unavailable if the run's blocks cannot be listed; nothing is added.
  Status Append(OwnerKind kind, const SeriesPlace& place, uint32_t epoch, const Reading& reading);

  // Puts what was added into `batch`. It counts as written once `Written` is called.
  Status WriteTo(store::Batch& batch);
  void Written();

  // Drops what is in memory of an owner whose rows are gone.
  void Forget(const OwnerId& owner);
  // Drops what is known of the rows on disk, because somebody else is to rewrite them. Call only when
  // nothing is unwritten.
  void ForgetRuns();

  using Visit =
      std::function<void(OwnerKind, const OwnerId&, const SeriesId&, const std::vector<Reading>&)>;
  // Every block of one month that opens, as on disk; returns how many do not, leaving out those
  // whose key was destroyed. A series is visited once for each of its blocks.
  StatusOr<uint64_t> VisitMonth(uint32_t month, const Visit& visit) const;

  // For retention, which calls these only when nothing is unwritten. What they read is as on disk.
  // Months and owners that have blocks, ascending.
  StatusOr<std::vector<uint32_t>> Months() const;
  StatusOr<std::vector<OwnerId>> OwnersOf(uint32_t month) const;
  // As VisitMonth, of one owner.
  StatusOr<uint64_t> VisitOwner(uint32_t month, const OwnerId& owner, const Visit& visit) const;
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

  // Makes the few largest blocks of each of the owner's runs in a month that is over.
  // Call only when nothing is unwritten; as RemoveIf otherwise.
  Status Merge(store::Batch& batch, uint32_t month, const OwnerId& owner);

 private:
  using RunKey = std::tuple<uint32_t, OwnerId, DeviceKey, uint32_t>;  // month, …, epoch
  struct Part {
    uint32_t number = 0;
    std::size_t readings = 0;
  };
  struct Run {
    OwnerKind kind = OwnerKind::kHousehold;
    std::vector<Part> parts;  // on disk
    std::map<SeriesId, std::vector<Reading>> fresh;
    std::vector<Part> parts_after;  // once what WriteTo put is written
  };
  StatusOr<Run*> Load(const RunKey& key, OwnerKind kind);
  Status WriteRun(store::Batch& batch, const RunKey& key, Run& run);
  Status PutBlocks(store::Batch& batch, const RunKey& key, OwnerKind kind,
                   std::vector<store::Column> columns, std::vector<Part>& parts) const;
  // Takes the columns of a part from the disk; false if it does not open.
  bool AddPart(const RunKey& key, const Part& part, std::vector<store::Column>& columns) const;
  void Forget(uint32_t month, const OwnerId& owner);
  // Readings of one series that may lie in [from, until), in memory and on disk, until `visit`
  // returns false.
  Status VisitSeries(const SeriesPlace& place, Time from, Time until,
                     const std::function<bool(const std::vector<Reading>&)>& visit) const;
  StatusOr<uint64_t> VisitRange(const std::string& prefix, const Visit& visit) const;

  const store::Database& database_;
  store::Vault& vault_;
  std::map<RunKey, Run> runs_;
};

}  // namespace gateway::pipeline
