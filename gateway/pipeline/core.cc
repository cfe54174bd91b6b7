#include "gateway/pipeline/core.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/model/limits.h"
#include "gateway/pipeline/retention.h"
#include "gateway/proof/note.h"
#include "gateway/store/high_water.h"

namespace gateway::pipeline {

using store::JournalEntry;
using store::Table;

namespace {

constexpr std::string_view kStateKey = "state";
constexpr uint8_t kStateVersion = 2;

// What a journal row of one reading takes on disk, roughly: towards limits::kCheckpointBytesMax.
constexpr std::size_t kJournalRowBytes = 128;

// Whether a stamp made on arrival follows the last one that was stored, itself perhaps later than it
// came. Not if that one is far ahead: a clock was wrong then.
bool IsOfOneBurst(Time time, Time last) {
  return time <= last && last - time < std::chrono::minutes(5);
}

}  // namespace

std::string SheetRowKey(const store::Vault& vault, const DayKey& key) {
  ByteWriter data;
  PutDay(data, key);
  return vault.RowPseudonym("sheet", data.bytes());
}

Core::Core(CoreParts parts)
    : parts_(std::move(parts)),
      registry_(std::make_unique<Registry>(parts_.vault, parts_.facts)),
      blocks_(parts_.vault.db(), parts_.vault),
      rollups_(parts_.vault),
      duties_(parts_.vault) {}

Status Core::Load() {
  RETURN_IF_ERROR(registry_->Load());
  RETURN_IF_ERROR(duties_.Load());
  return LoadState();
}

void Core::Forget(const OwnerId& owner) {
  blocks_.Forget(owner);
  days_.Forget(owner);
  registry_->Forget(owner);
}

Status Core::TakeActivation() {
  auto fresh = std::make_unique<Registry>(parts_.vault, parts_.facts);
  RETURN_IF_ERROR(fresh->Load());
  registry_ = std::move(fresh);
  last_day_ = {};  // the time zone may be another one
  return OkStatus();
}

void Core::LookAtDuties(Time now) {
  if (registry_->rules() == nullptr) return;
  // It must not keep a sheet from being decided; the next look finds the same.
  const Status looked = duties_.Look(registry_->rules()->documents.policy, days_, now);
  if (!looked.ok()) Log(LogLevel::kError, "duties: %s", std::string(Message(looked)));
}

void Core::NoteQuestion(const PartyId& party, std::string_view purpose, bool answered, Time now) {
  if (registry_->rules() == nullptr) return;
  duties_.Asked(registry_->rules()->documents.policy, party, purpose, answered, now);
}

std::vector<std::string> Core::DescribeDuties(Time now) const {
  if (registry_->rules() == nullptr) return {};
  return duties_.Describe(registry_->rules()->documents.policy, days_, now);
}

StatusOr<uint64_t> Core::FoldedIn(const store::Vault& vault) {
  ASSIGN_OR_RETURN(const std::optional<std::string> row, vault.GetRow(Table::kMeta, kStateKey));
  if (!row.has_value()) return 0;
  ByteReader in(*row);
  in.U8();
  return in.U64();
}

Status Core::LoadState() {
  ASSIGN_OR_RETURN(const std::optional<std::string> row,
                   parts_.vault.GetRow(Table::kMeta, kStateKey));
  if (!row.has_value()) return OkStatus();
  ByteReader in(*row);
  if (in.U8() != kStateVersion) return DataLoss("checkpoint row: not of version %d", kStateVersion);
  folded_ = in.U64();
  RaiseClockFloor(Time(Millis(in.I64())));
  released_ = in.U64();
  suppressed_ = in.U64();
  if (in.U8() != 0) given_up_ = Time(Millis(in.I64()));
  const std::set<DayKey> open = TakeDays(in);
  RETURN_IF_ERROR(in.Finish("checkpoint row"));
  RETURN_IF_ERROR(LoadOpenDays(open));
  return LoadGivenUp(open);
}

Status Core::LoadGivenUp(const std::set<DayKey>& open) {
  ASSIGN_OR_RETURN(const std::optional<std::string> row,
                   parts_.vault.GetRow(Table::kMeta, kGivenUpKey));
  if (!row.has_value() || registry_->rules() == nullptr) return OkStatus();
  ASSIGN_OR_RETURN(const std::set<DayKey> given_up, DecodeDays(*row));
  for (const DayKey& key : given_up) {
    if (open.contains(key)) days_.GiveUp(key, registry_->rules()->time_zone.DayOf(key.start));
  }
  return OkStatus();
}

Status Core::LoadOpenDays(const std::set<DayKey>& open) {
  if (open.empty() || registry_->rules() == nullptr) return OkStatus();
  std::set<uint32_t> months;
  for (const DayKey& key : open) {
    const Window day = registry_->rules()->time_zone.DayOf(key.start);
    days_.Open(key, day);
    months.insert(MonthOf(day.start));
    months.insert(MonthOf(day.end));
  }
  for (const uint32_t month : months) {
    const auto damaged = blocks_.VisitMonth(
        month, [&](OwnerKind, const OwnerId& owner, const SeriesId& series,
                   const std::vector<Reading>& readings) {
          const SeriesInfo* info = registry_->FindSeries(series);
          if (info == nullptr) return;
          for (const Reading& reading : readings) {
            if (!HasKnownTime(reading.quality)) continue;
            const std::optional<DayKey> key = KeyOf(*info, reading.time);
            if (key.has_value() && open.contains(*key)) {
              days_.Add(*key, last_day_, owner, series, reading);
            }
          }
        });
    RETURN_IF_ERROR(damaged.status());
    if (*damaged == 0) continue;
    // A sheet must not be decided as if these readings had never been: acknowledging gives up its
    // day. Said once; the same blocks are found at every start.
    RETURN_IF_ERROR(ReportBlocks(month, *damaged));
  }
  return OkStatus();
}

Status Core::ReportBlocks(uint32_t month, uint64_t damaged) {
  const std::string row_key = Format("damaged blocks %04d-%02d", month / 12, month % 12 + 1);
  const std::string count = Format("%u", damaged);
  ASSIGN_OR_RETURN(const std::optional<std::string> known,
                   parts_.vault.GetRow(Table::kMeta, row_key));
  if (known == count) return OkStatus();
  RETURN_IF_ERROR(parts_.losses.Add(
      {.what = Format("readings of %04d-%02d: %u blocks do not open", month / 12, month % 12 + 1,
                      damaged),
       .file = "",
       .found = clock_floor(),
       .ledger = false}));
  store::Batch batch;
  RETURN_IF_ERROR(parts_.vault.PutOwn(batch, Table::kMeta, row_key, count));
  return parts_.vault.Commit(batch);
}

std::optional<DayKey> Core::KeyOf(const SeriesInfo& series, Time time) {
  if (!series.sheet_zone.has_value()) return std::nullopt;
  if (!last_day_.Contains(time)) last_day_ = registry_->rules()->time_zone.DayOf(time);
  return DayKey{.start = last_day_.start, .metric = series.metric, .zone = *series.sheet_zone};
}

StatusOr<bool> Core::IsDecided(const DayKey& key) {
  if (days_.days().contains(key)) return false;
  if (decided_.contains(key)) return true;
  ASSIGN_OR_RETURN(const std::optional<std::string> row,
                   parts_.vault.db().Get(Table::kSheets, SheetRowKey(parts_.vault, key)));
  if (!row.has_value()) return false;
  if (decided_.size() > 4096) decided_.clear();
  decided_.insert(key);
  return true;
}

// Whether the day's integers were made already: they do not change any more.
StatusOr<bool> Core::IsRolledUp(const OwnerId& owner, const MetricId& metric, Time time) {
  const Rules& rules = *registry_->rules();
  if (rules.documents.policy.RetainRuleFor(metric, policy::RetainTier::kRollup) == nullptr) {
    return false;
  }
  if (!last_day_.Contains(time)) last_day_ = rules.time_zone.DayOf(time);
  const auto rollups = rollups_.Read(owner, metric, last_day_);
  if (rollups.status().code() == StatusCode::kDataLoss) {
    // What is there was made of readings that are gone; a late one cannot be added to it, and must
    // not hold up all others.
    if (retention_.damaged++ == 0) {
      Log(LogLevel::kError, "fold: %s; late readings of its days count as expired",
          std::string(Message(rollups.status())));
    }
    return true;
  }
  RETURN_IF_ERROR(rollups.status());
  return !rollups->empty();
}

// Of a reading that nobody knows the time of only the order counts, and that it is there: two that
// were stamped in one millisecond, as a broker's backlog is, are two.
StatusOr<Outcome> Core::FoldUntimed(const JournalEntry& entry, const SeriesPlace& place,
                                    Reading reading) {
  if (!parts_.vault.MaySeal(entry.owner, MonthOf(entry.arrival))) return Outcome::kKeyGone;
  Time& last = last_untimed_[place.series];
  if (IsOfOneBurst(reading.time, last)) reading.time = last + Millis(1);
  const uint32_t epoch = parts_.vault.NewestEpoch(entry.owner, MonthOf(entry.arrival));
  RETURN_IF_ERROR(blocks_.Append(entry.owner_kind, place, epoch, reading));
  last = reading.time;
  parts_.counters.Untimed();
  return Outcome::kStored;
}

StatusOr<Outcome> Core::FoldReading(const JournalEntry& entry, const JournalEntry::Item& item) {
  const SeriesInfo* info = registry_->FindSeries(item.series);
  const std::optional<DayKey> key =
      info == nullptr ? std::nullopt : KeyOf(*info, item.reading.time);
  const SeriesPlace place{.owner = entry.owner,
                          .device = registry_->DeviceOf(item.series),
                          .series = item.series};
  if (!HasKnownTime(item.reading.quality)) return FoldUntimed(entry, place, item.reading);
  Known known = Known::kNew;
  bool in_open_day = false;
  bool late = false;
  if (key.has_value()) {
    ASSIGN_OR_RETURN(late, IsDecided(*key));
    in_open_day = !late && !days_.IsGivenUp(*key);
  }
  if (in_open_day) {
    known = days_.Find(*key, entry.owner, item.series, item.reading);
  } else {
    ASSIGN_OR_RETURN(known, blocks_.Find(place, item.reading));
  }
  if (known == Known::kRepeated) return Outcome::kDuplicateRepeated;
  if (known == Known::kConflict) return Outcome::kDuplicateConflict;
  if (!parts_.vault.MaySeal(entry.owner, MonthOf(entry.arrival))) return Outcome::kKeyGone;
  if (info != nullptr && !in_open_day) {
    ASSIGN_OR_RETURN(const bool rolled_up, IsRolledUp(entry.owner, info->metric, item.reading.time));
    if (rolled_up) return Outcome::kExpired;
  }
  const uint32_t epoch = parts_.vault.NewestEpoch(entry.owner, MonthOf(entry.arrival));
  RETURN_IF_ERROR(blocks_.Append(entry.owner_kind, place, epoch, item.reading));
  if (in_open_day) days_.Add(*key, last_day_, entry.owner, item.series, item.reading);
  if (late) parts_.counters.Late();
  return Outcome::kStored;
}

StatusOr<Outcome> Core::FoldItem(const JournalEntry& entry, JournalEntry::Item item) {
  while (true) {
    ASSIGN_OR_RETURN(const Outcome outcome, FoldReading(entry, item));
    if ((item.reading.quality & kQualityArrivalTime) == 0) return outcome;
    Time& last = last_arrival_[item.series];
    if (outcome != Outcome::kDuplicateRepeated && outcome != Outcome::kDuplicateConflict) {
      last = item.reading.time;
      return outcome;
    }
    if (IsOfOneBurst(item.reading.time, last)) item.reading.time = last;
    item.reading.time += Millis(1);
  }
}

StatusOr<bool> Core::FoldNext(const JournalEntry& entry) {
  if (entry.sequence != folded_ + 1) return false;
  while (items_folded_ < entry.items.size()) {  // Where an earlier try stopped, if one did.
    ASSIGN_OR_RETURN(const Outcome outcome, FoldItem(entry, entry.items[items_folded_]));
    parts_.counters.Settle(outcome, 1);
    ++items_folded_;
  }
  items_folded_ = 0;
  folded_ = entry.sequence;
  bytes_since_checkpoint_ += kJournalRowBytes * entry.items.size();
  return true;
}

Status Core::FoldThrough(uint64_t sequence) {
  while (folded_ < sequence) {
    const uint64_t before = folded_;
    Status failure;
    // What is missing or damaged is gone for good: it is reported first, then left out.
    const auto lost = [&](uint64_t first, uint64_t last) {
      if (!failure.ok() || first != folded_ + 1) return;
      failure = parts_.losses.Add({.what = store::Entries("journal", first, last),
                                   .file = "",
                                   .found = clock_floor(),
                                   .ledger = false});
      if (!failure.ok()) return;
      folded_ = last;
      items_folded_ = 0;  // of an entry that was begun and is lost
    };
    RETURN_IF_ERROR(parts_.journal.ReadFrom(
        folded_, std::min<uint64_t>(sequence - folded_, 1024),
        [&](const JournalEntry& entry) {
          if (failure.ok()) failure = FoldNext(entry).status();
          return failure.ok();
        },
        lost));
    RETURN_IF_ERROR(failure);
    if (folded_ == before) {
      return DataLoss("journal: entry %d is missing, though %d were written", before + 1, sequence);
    }
  }
  return OkStatus();
}

Status Core::PutCheckpoint(store::Batch& batch, const DayKey* closing) {
  RETURN_IF_ERROR(blocks_.WriteTo(batch));
  RETURN_IF_ERROR(duties_.WriteTo(batch));
  ByteWriter out;
  out.U8(kStateVersion).U64(folded_).I64(clock_floor().time_since_epoch().count());
  out.U64(released_).U64(suppressed_).U8(given_up_.has_value() ? 1 : 0);
  if (given_up_.has_value()) out.I64(given_up_->time_since_epoch().count());
  const auto& days = days_.days();
  out.Varint(days.size() - (closing == nullptr ? 0 : 1));
  for (const auto& [key, day] : days) {
    if (closing == nullptr || key != *closing) PutDay(out, key);
  }
  return parts_.vault.PutOwn(batch, Table::kMeta, kStateKey, out.bytes());
}

Status Core::Checkpoint(Time now) {
  RaiseClockFloor(now);
  Log(LogLevel::kDebug, "checkpoint begins at journal entry %d", folded_);
  store::Batch batch;
  RETURN_IF_ERROR(PutCheckpoint(batch, nullptr));
  const std::size_t bytes = batch.bytes();
  RETURN_IF_ERROR(parts_.vault.Commit(batch));
  blocks_.Written();
  duties_.Written();
  bytes_since_checkpoint_ = 0;
  parts_.syncer.Notify(bytes);
  // The last entries stay: redelivered messages are looked for among them after a restart.
  if (folded_ > trimmed_ + 2 * limits::kInflightMax) {
    RETURN_IF_ERROR(parts_.journal.TrimThrough(folded_ - limits::kInflightMax));
    trimmed_ = folded_ - limits::kInflightMax;
  }
  Log(LogLevel::kDebug, "checkpoint ends");
  return OkStatus();
}

Status Core::CheckpointAndForgetBlocks(Time now) {
  RETURN_IF_ERROR(Checkpoint(now));
  blocks_.ForgetRuns();
  return OkStatus();
}

Status Core::GiveUpDaysBegunBefore(Time end) {
  for (const auto& [key, day] : days_.days()) end = std::max(end, key.start + Millis(1));
  given_up_ = std::max(given_up_.value_or(end), end);
  RETURN_IF_ERROR(Checkpoint(clock_floor()));
  return parts_.syncer.Barrier();
}

Status Core::MakeReadable() {
  if (registry_->rules() == nullptr) return OkStatus();
  if (parts_.losses.blocking() && parts_.ledger.size() > parts_.ledger_known) return OkStatus();
  if (parts_.ledger.size() > publish_limit_) return OkStatus();
  const ledger::Ledger::Published published = parts_.ledger.published();
  if (!published.note.empty() && published.size == parts_.ledger.size()) return OkStatus();
  RETURN_IF_ERROR(parts_.syncer.Barrier());
  const std::string& commons = registry_->rules()->documents.charter.commons;
  parts_.ledger.SetSigner(proof::LogOrigin(commons, parts_.gateway.value(), parts_.replay),
                          parts_.vault.log_signer());
  parts_.ledger.Publish();
  return OkStatus();
}

}  // namespace gateway::pipeline
