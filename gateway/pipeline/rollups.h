// Rollups: what is kept of readings that have reached their age, one integer per household, metric
// and bucket, for the household itself. Sealed under keys of their own. docs/formats.md §rollups.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/model/limits.h"
#include "gateway/model/reading.h"
#include "gateway/model/time.h"
#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

struct Rollup {
  Time start;             // of the bucket
  int64_t value = 0;      // as a contribution: contributions.h
  uint32_t readings = 0;  // that it was made of, at least 1
  friend bool operator==(const Rollup&, const Rollup&) = default;
};

// As many as are two columns of a block.
inline constexpr std::size_t kRollupsPerRowMax = limits::kReadingsPerBlockMax / 2;

// At least one, at most kRollupsPerRowMax; ascending, starts unique.
std::string EncodeRollups(std::span<const Rollup> rollups);
// Returns DataLoss if the bytes are not what EncodeRollups makes.
StatusOr<std::vector<Rollup>> DecodeRollups(std::string_view bytes);

// Confined to the pipeline thread; its const methods are thread-safe.
class Rollups {
 public:
  // `vault` must outlive it.
  explicit Rollups(store::Vault& vault) : vault_(vault) {}

  // What is kept of a metric, of buckets that start in `range`, ascending.
  // Returns DataLoss if a row does not open; a row whose key was destroyed is empty.
  StatusOr<std::vector<Rollup>> Read(const OwnerId& owner, const MetricId& metric,
                                     const Window& range) const;

  // Whether rollups of these buckets can still be sealed: their month's key may have ended.
  bool MayAdd(const OwnerId& owner, Time bucket) const;
  // Adds buckets that are not there yet; all of one batch and metric in one call, because it reads
  // what the database holds.
  Status Add(store::Batch& batch, OwnerKind kind, const OwnerId& owner, const MetricId& metric,
             const std::vector<Rollup>& made);

  // Of a counter: the newest reading that is gone, from which the next day's first increase counts.
  StatusOr<std::optional<Reading>> Last(const OwnerId& owner, const SeriesId& series,
                                        const Window& range) const;
  Status PutLast(store::Batch& batch, OwnerKind kind, const OwnerId& owner, const SeriesId& series,
                 const Reading& last);

  // A column is what a row holds, one of an owner's: the rollups of a metric or a series' last
  // reading. Its name is a pseudonym.
  SeriesId ColumnOf(const OwnerId& owner, const MetricId& metric) const;
  SeriesId LastColumnOf(const OwnerId& owner, const SeriesId& series) const;

  // Months that have rows, ascending.
  StatusOr<std::vector<uint32_t>> Months() const;
  // Takes what starts before `keep_from` says for its column; columns it does not name go whole. A
  // row that does not open stays.
  using KeepFrom = std::map<SeriesId, Time>;
  struct Removed {
    uint64_t rollups = 0;
    uint64_t bytes = 0;  // of rows deleted
    bool empty = true;   // no row is left
  };
  StatusOr<Removed> RemoveBefore(store::Batch& batch, uint32_t month, const KeepFrom& keep_from);

 private:
  // A column's row of one month, of all its parts and of every epoch, ascending.
  StatusOr<std::vector<Rollup>> ReadMonth(uint32_t month, const OwnerId& owner,
                                          const SeriesId& column) const;
  StatusOr<std::vector<Rollup>> ReadColumn(const OwnerId& owner, const SeriesId& column,
                                           const Window& range) const;
  // Replaces what the database holds of the column's month.
  Status PutColumn(store::Batch& batch, OwnerKind kind, uint32_t month, const OwnerId& owner,
                   const SeriesId& column, const std::vector<Rollup>& rollups);

  store::Vault& vault_;
};

}  // namespace gateway::pipeline
