// Core: how long readings are kept. What a run does is Retention's; when there is one, and what it
// counts, is here.
#include "gateway/base/log.h"
#include "gateway/pipeline/block_rows.h"
#include "gateway/pipeline/core.h"
#include "gateway/pipeline/retention.h"

namespace gateway::pipeline {

using store::Table;

namespace {

// The broker redelivers what was in flight when a connection broke; a day is far beyond that.
constexpr std::chrono::hours kJournalKept{24};
constexpr std::chrono::hours kLookAtKeys{24};

}  // namespace

Status Core::TrimJournal(Time now) {
  uint64_t old = 0;
  const auto look = [&](const store::JournalEntry& entry) {
    if (entry.arrival > now - kJournalKept || entry.sequence > folded_) return false;
    old = entry.sequence;
    return true;
  };
  // What is missing or damaged was reported when it was folded, or is folded anyway.
  const auto ignore = [](uint64_t, uint64_t) {};
  RETURN_IF_ERROR(parts_.journal.ReadFrom(0, folded_, look, ignore));
  if (old <= trimmed_) return OkStatus();
  RETURN_IF_ERROR(parts_.journal.TrimThrough(old));
  trimmed_ = old;
  return OkStatus();
}

Status Core::MergeBlocks(Time now) {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> months, blocks_.Months());
  for (const uint32_t month : months) {
    // What comes late for a merged month waits for the next process.
    if (month >= MonthOf(now) || merged_months_.contains(month)) continue;
    ASSIGN_OR_RETURN(const std::vector<OwnerId> owners, blocks_.OwnersOf(month));
    for (const OwnerId& owner : owners) {
      store::Batch batch;
      RETURN_IF_ERROR(blocks_.Merge(batch, month, owner));
      RETURN_IF_ERROR(parts_.vault.Commit(batch));
    }
    merged_months_.insert(month);
  }
  return OkStatus();
}

Retention Core::MakeRetention(Time now, bool everything, std::function<bool()> go_on) {
  return {{.registry = *registry_,
           .blocks = blocks_,
           .rollups = rollups_,
           .days = days_,
           .vault = parts_.vault,
           .counts = retention_},
          now,
          everything,
          std::move(go_on)};
}

Status Core::Retain(Time now, const std::function<bool()>& go_on) {
  if (registry_->rules() == nullptr) return OkStatus();
  RETURN_IF_ERROR(Checkpoint(now));
  RETURN_IF_ERROR(TrimJournal(now));
  const port::RetentionCounts before = retention_;
  const uint64_t version = registry_->rules()->documents.policy.version;
  Retention run = MakeRetention(now, retained_policy_ != version, go_on);
  RETURN_IF_ERROR(run.GiveUpDays());
  if (!run.stopped()) RETURN_IF_ERROR(run.TakeReadings());
  if (!run.stopped()) RETURN_IF_ERROR(run.TakeRollups());
  // Looking reads every row's header; a key may also end because a month does.
  if (!run.stopped() && (run.took_any() || now - looked_at_keys_ >= kLookAtKeys)) {
    RETURN_IF_ERROR(run.DestroyKeys());
    if (!run.stopped()) looked_at_keys_ = now;
  }
  if (run.stopped()) return OkStatus();
  retained_policy_ = version;
  RETURN_IF_ERROR(MergeBlocks(now));
  retention_.last_run = now;
  if (!run.took_any() && retention_.keys_destroyed == before.keys_destroyed) return OkStatus();
  Log(LogLevel::kInfo,
      "retention: %d readings rolled up, %d erased, %d rollups erased, %d keys destroyed",
      retention_.rolled_up - before.rolled_up, retention_.erased - before.erased,
      retention_.erased_rollups - before.erased_rollups,
      retention_.keys_destroyed - before.keys_destroyed);
  return OkStatus();
}

Status Core::RetainToSize(Time now, uint64_t bytes_goal) {
  ASSIGN_OR_RETURN(uint64_t bytes, parts_.vault.db().UsedBytes());
  if (bytes <= bytes_goal || registry_->rules() == nullptr) return OkStatus();
  RETURN_IF_ERROR(Retain(now));
  // Deleting alone frees nothing, and what is not free yet must not cost a month more.
  for (const Table table : {Table::kJournal, Table::kBlocks, Table::kRollups}) {
    RETURN_IF_ERROR(parts_.vault.db().Compact(table, "", ""));
  }
  ASSIGN_OR_RETURN(const std::vector<uint32_t> months, blocks_.Months());
  for (const uint32_t month : months) {
    ASSIGN_OR_RETURN(bytes, parts_.vault.db().UsedBytes());
    // The month that readings come in is full of undecided days, and the last that anybody misses.
    if (bytes <= bytes_goal || month >= MonthOf(now)) break;
    Retention run = MakeRetention(now, false, nullptr);
    RETURN_IF_ERROR(run.TakeMonthEarly(month));
    RETURN_IF_ERROR(run.DestroyKeys());
    if (!run.took_any()) continue;
    RETURN_IF_ERROR(parts_.vault.db().Compact(Table::kBlocks, MonthPrefix(month),
                                              MonthPrefix(month + 1)));
    Log(LogLevel::kWarning,
        "retention: the store takes %d bytes of %d; the decided readings of %s went early", bytes,
        bytes_goal, Format("%04d-%02d", month / 12, month % 12 + 1));
  }
  ASSIGN_OR_RETURN(bytes, parts_.vault.db().UsedBytes());
  if (bytes > bytes_goal) {
    Log(LogLevel::kWarning, "retention: the store takes %d bytes of %d, and nothing more may go",
        bytes, bytes_goal);
  }
  return OkStatus();
}

}  // namespace gateway::pipeline
