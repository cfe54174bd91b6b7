// The state machine of docs/architecture.md §life-of-a-reading: folds the journal into blocks and
// open days, writes checkpoints, decides sheets. One thread owns it; it takes `now` and never
// looks at a clock itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/ledger/ledger.h"
#include "gateway/model/cell.h"
#include "gateway/pipeline/block_log.h"
#include "gateway/pipeline/counters.h"
#include "gateway/pipeline/duties.h"
#include "gateway/pipeline/open_days.h"
#include "gateway/pipeline/registry.h"
#include "gateway/pipeline/rollups.h"
#include "gateway/port/commands.h"
#include "gateway/privacy/sheet.h"
#include "gateway/store/journal.h"
#include "gateway/store/losses.h"
#include "gateway/store/sealed_rows.h"
#include "gateway/store/syncer.h"

namespace gateway::pipeline {

class Retention;   // retention.h
struct SheetPlan;  // sheet_input.h

// What the core works on. All outlive it.
struct CoreParts {
  store::Vault& vault;
  store::Journal& journal;
  store::Syncer& syncer;
  ledger::Ledger& ledger;
  IntakeCounters& counters;
  store::Losses& losses;
  GatewayId gateway;
  port::ProfileFacts facts = {};
  bool replay = false;
  // How many entries the ledger is known to have had before this process: as many may be readable
  // while a loss is not acknowledged.
  uint64_t ledger_known = 0;
};

// Confined to the pipeline thread, except watermark() and clock_floor().
class Core {
 public:
  explicit Core(CoreParts parts);

  // Reads registry, checkpoint and open days. Journal entries after folded() are not folded yet.
  // Returns DataLoss if a row does not open or parse.
  Status Load();

  // Folds journal entries up to `sequence`, from the journal itself.
  Status FoldThrough(uint64_t sequence);
  // Folds one entry if it is the next one; returns false if it is not (nothing happens then).
  StatusOr<bool> FoldNext(const store::JournalEntry& entry);
  // What the checkpoint says, before there is a core; 0 if there is none.
  static StatusOr<uint64_t> FoldedIn(const store::Vault& vault);
  uint64_t folded() const { return folded_; }
  std::size_t bytes_since_checkpoint() const { return bytes_since_checkpoint_; }

  // Commits blocks, open days, `folded` and the clock floor as one batch, and trims the journal.
  Status Checkpoint(Time now);

  // Checkpoints, and forgets what it knows of the rows of blocks: they may then be sealed anew.
  Status CheckpointAndForgetBlocks(Time now);

  // Takes what is older than the policy's `retain` rules allow, journal entries that no redelivery
  // can concern any more, and keys without rows. Readings of a metric without a rule go at once.
  // Between two batches `go_on` is asked, if it is set; false leaves the rest to the next run.
  Status Retain(Time now, const std::function<bool()>& go_on = nullptr);
  // While the store takes more than `bytes_goal`: takes the readings of the oldest month, before
  // their age, as the rules say what becomes of them. Never what an undecided day may need.
  Status RetainToSize(Time now, uint64_t bytes_goal);
  const port::RetentionCounts& retention() const { return retention_; }

  // Decides every sheet that is due at `now`, oldest first. Returns how many. An unsound clock or
  // an unavailable policy decides nothing, and nor does a loss that is not acknowledged.
  StatusOr<uint32_t> DecideDue(Time now, bool clock_sound);
  // Entries that are durable and under the published checkpoint: cells of leaves below this may be
  // read by anybody. Thread-safe.
  uint64_t watermark() const { return parts_.ledger.published_size(); }
  // Makes what was decided durable, signs the ledger's head and raises the watermark to it. Before
  // documents were activated the ledger has no name: nothing happens. While a loss is not
  // acknowledged nothing new becomes readable.
  Status MakeReadable();
  // The log's key in use may sign no larger ledger: see Pipeline::FenceLog.
  void LimitPublishing(uint64_t size) { publish_limit_ = size; }

  // The gateway may have lost readings, grants or withdrawals of the days that had begun before
  // `end`, and of those that are open already because some readings are stamped ahead: from now on,
  // and after restarts, each of them that is undecided is decided, when it is due, without looking
  // at readings: every cell suppressed as lost. A day of those that a late message opens, too. The
  // day in progress is one of them: what comes of it from now on would be a figure of a part. An
  // earlier `end` than once given changes nothing. Durable on return.
  // Returns as Checkpoint does; on an error it may hold in this process only.
  Status GiveUpDaysBegunBefore(Time end);

  // Thread-safe.
  Time clock_floor() const { return clock_floor_.load(std::memory_order_acquire); }
  void RaiseClockFloor(Time now) {
    clock_floor_.store(std::max(clock_floor(), now), std::memory_order_release);
  }

  Registry& registry() { return *registry_; }
  // Reads the registry anew after an activation was committed. On an error the old rules stay.
  Status TakeActivation();
  // Drops what is in memory of an owner whose rows are gone.
  void Forget(const OwnerId& owner);
  const OpenDays& open_days() const { return days_; }
  // What the policy's duties ask for is looked at: who calls this at `now` has a sound clock. DecideDue
  // does it by itself, before it decides, unless the clock replays: there time jumps, and what it makes
  // due is decided as if in time.
  void LookAtDuties(Time now);
  // A party's question, and whether it got a signed answer.
  void NoteQuestion(const PartyId& party, std::string_view purpose, bool answered, Time now);
  std::vector<std::string> DescribeDuties(Time now) const;
  uint64_t duties_missed() const { return duties_.missed(); }
  uint64_t released() const { return released_; }
  uint64_t suppressed() const { return suppressed_; }

  // When the sheet may be decided: day's end, lateness and the longest age_min of its rules.
  // Empty if no share rule uses the metric any more.
  std::optional<Time> DueTime(const DayKey& key, const Window& day) const;
  StatusOr<bool> IsDecided(const DayKey& key);
  // A cell of the sheet without status and figures.
  Cell CellTemplate(const policy::ShareRule& rule, const DayKey& key, const Window& window) const;
  // The windows of a rule in a day.
  static std::vector<Window> WindowsOf(const policy::ShareRule& rule, const Window& day);

 private:
  struct Sheet;  // one sheet in the making: decide.cc
  // A reading stamped on arrival is known again by its message, in the journal, not by its time: of
  // two that came in one millisecond the second is kept one later.
  StatusOr<Outcome> FoldItem(const store::JournalEntry& entry, store::JournalEntry::Item item);
  StatusOr<Outcome> FoldReading(const store::JournalEntry& entry,
                                const store::JournalEntry::Item& item);
  StatusOr<Outcome> FoldUntimed(const store::JournalEntry& entry, const SeriesPlace& place,
                                Reading reading);
  StatusOr<bool> IsRolledUp(const OwnerId& owner, const MetricId& metric, Time time);
  std::optional<DayKey> KeyOf(const SeriesInfo& series, Time time);
  Status LoadState();
  Status LoadGivenUp(const std::set<DayKey>& open);
  Retention MakeRetention(Time now, bool everything, std::function<bool()> go_on);
  Status TrimJournal(Time now);
  Status MergeBlocks(Time now);  // of months that are over
  Status LoadOpenDays(const std::set<DayKey>& open);
  Status ReportBlocks(uint32_t month, uint64_t damaged);
  Status PutCheckpoint(store::Batch& batch, const DayKey* closing);
  Status DecideSheet(const DayKey& key, const OpenDay& day, Time now);
  StatusOr<privacy::SheetInput> MakeInput(Sheet& sheet, const OpenDay& day, Time now) const;
  // Of a counter's series, the last reading before the day, as far as it may look back.
  StatusOr<std::map<SeriesId, Reading>> ReadingsBefore(const SheetPlan& plan, const OwnerId& owner,
                                                       const SeriesReadings& series) const;
  Status PutSheet(store::Batch& batch, Sheet& sheet, Time now);
  StatusOr<std::vector<privacy::DecidedRule>> Figure(Sheet& sheet, const OpenDay& day,
                                                     Time now) const;

  CoreParts parts_;
  std::unique_ptr<Registry> registry_;
  BlockLog blocks_;
  Rollups rollups_;
  Duties duties_;
  OpenDays days_;
  uint64_t folded_ = 0;
  std::size_t items_folded_ = 0;  // of entry folded_ + 1
  std::unordered_map<SeriesId, Time> last_arrival_;  // stored by this process
  uint64_t trimmed_ = 0;
  std::size_t bytes_since_checkpoint_ = 0;
  std::atomic<Time> clock_floor_{Time{}};  // written by the pipeline thread only
  uint64_t publish_limit_ = std::numeric_limits<uint64_t>::max();
  uint64_t released_ = 0;
  uint64_t suppressed_ = 0;
  std::optional<Time> given_up_;  // days that began before this are decided as lost
  port::RetentionCounts retention_;
  Time looked_at_keys_;  // for some that nothing needs any more
  std::set<uint32_t> merged_months_;
  std::optional<uint64_t> retained_policy_;  // under which this process looked at every block
  std::unordered_map<SeriesId, Time> last_untimed_;  // of this process
  std::set<DayKey> decided_;  // a cache of what the sheets table says
  Window last_day_{};         // the civil day looked up last: most readings fall into it again
};

// kSheets key of a sheet.
std::string SheetRowKey(const store::Vault& vault, const DayKey& key);

}  // namespace gateway::pipeline
