// One run of retention: takes what has reached its age from blocks and rollups, and destroys the
// keys that nothing is sealed under any more. docs/policy-guide.md §how-long-readings-are-kept.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "gateway/pipeline/block_log.h"
#include "gateway/pipeline/open_days.h"
#include "gateway/pipeline/registry.h"
#include "gateway/pipeline/rollups.h"
#include "gateway/port/commands.h"

namespace gateway::pipeline {

// How far beyond `keep` an undecided day's readings stay: time for stewards to renew a policy that
// has expired, without which nothing is decided. After that the day can only be suppressed.
inline constexpr std::chrono::hours kUndecidedKept{30 * 24};

// Row of the meta table: the open days that were given up, as EncodeDays makes it.
inline constexpr std::string_view kGivenUpKey = "given-up";

// Confined to the pipeline thread. Nothing may be unwritten in `blocks` when it is made, and nothing
// may be folded while it lives.
//
// Every reading moves in one batch: out of the blocks, and into a rollup if one is made of it. So
// the run may be stopped, or the process killed, between any two batches; the next run does the
// rest, and one with nothing to do changes nothing.
class Retention {
 public:
  struct Parts {  // all outlive it
    const Registry& registry;
    BlockLog& blocks;
    Rollups& rollups;
    OpenDays& days;
    store::Vault& vault;
    port::RetentionCounts& counts;
  };
  // After each batch `go_on` is asked, if it is set; false ends the run. With `everything`, blocks
  // that are too young for any rule are looked at too: the policy may have dropped their metric.
  Retention(Parts parts, Time now, bool everything, std::function<bool()> go_on);

  // Each goes on from where the one before was stopped, if it was. Errors: as Database; a row that
  // does not open is left where it is and is no error.
  Status GiveUpDays();
  Status TakeReadings();
  Status TakeRollups();
  Status DestroyKeys();

  // Takes a whole month before its age, and all earlier ones. What an undecided day may need stays.
  Status TakeMonthEarly(uint32_t month);

  bool stopped() const { return stopped_; }
  // Whether this run took anything from a table.
  bool took_any() const { return took_any_; }

 private:
  enum class Fate { kKept, kRolledUp, kErased };
  struct Plan {  // for a series
    const Metric* metric = nullptr;  // null: nothing is kept
    const policy::RetainRule* raw = nullptr;
    const policy::RetainRule* rollup = nullptr;  // null: readings are erased
    std::optional<ZoneId> sheet_zone;
  };
  struct Due {  // of one owner and metric
    const Plan* plan = nullptr;
    std::set<Time> days;          // by their starts
    std::vector<Window> buckets;  // that became rollups, ascending
  };
  struct OwnerWork {
    uint32_t month = 0;
    OwnerId owner;
    OwnerKind kind = OwnerKind::kHousehold;
    std::map<MetricId, Due> due;  // without metrics whose rollups do not open
    store::Batch batch;
    port::RetentionCounts pending;  // of the batch
  };

  const Plan& PlanOf(const SeriesId& series);
  const Window& DayOf(Time time);
  Fate FateOf(const Plan& plan, const Reading& reading);
  // Whether a day that is not decided yet may need readings of [from, until).
  bool IsHeld(const Plan& plan, const Window& span);
  Status TakeMonth(uint32_t month);
  bool MayHoldDue(uint32_t month) const;
  Status TakeOwner(uint32_t month, const OwnerId& owner);
  // Of one metric, into a batch of its own. Returns DataLoss if its rollups do not open.
  Status RollUp(const OwnerWork& work, Due& due, store::Batch& batch);
  Status RollUpDay(const OwnerWork& work, Due& due, const Window& day, store::Batch& batch,
                   std::vector<Rollup>& made);
  StatusOr<SeriesReadings> ReadingsOf(const OwnerWork& work, const MetricId& metric,
                                      const Window& day);
  StatusOr<std::map<SeriesId, Reading>> ReadingsBefore(const OwnerWork& work, const Plan& plan,
                                                       const SeriesReadings& series,
                                                       const Window& day) const;
  Status Remove(OwnerWork& work);
  // The start of the oldest day of a metric that may still be raw.
  Time OldestRawDay(const policy::RetainRule& raw);
  Rollups::KeepFrom KeepRollupsFrom();
  bool MayEnd(uint32_t epoch) const;
  Status Commit();

  const Parts parts_;
  const Rules& rules_;
  const Time now_;
  const bool everything_;
  const std::function<bool()> go_on_;
  uint32_t early_month_ = 0;  // readings up to this month go whatever their age
  bool stopped_ = false;
  bool took_any_ = false;
  bool told_damage_ = false;
  store::Batch batch_;
  port::RetentionCounts pending_;  // of batch_
  std::unordered_map<SeriesId, Plan> plans_;
  Window last_day_{};  // looked up last
};

}  // namespace gateway::pipeline
