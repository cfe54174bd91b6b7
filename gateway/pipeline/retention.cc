#include "gateway/pipeline/retention.h"

#include <algorithm>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/contributions.h"

namespace gateway::pipeline {

using policy::RetainThen;
using policy::RetainTier;
using store::Table;

namespace {

// Small enough that the batches of a long backlog do not hold up the write-ahead log.
constexpr std::size_t kBatchBytes = 256u << 10;
constexpr std::chrono::hours kDayMax{25};

}  // namespace

Retention::Retention(Parts parts, Time now, bool everything, std::function<bool()> go_on)
    : parts_(parts),
      rules_(*parts.registry.rules()),
      now_(now),
      everything_(everything),
      go_on_(std::move(go_on)) {}

Status Retention::Commit() {
  took_any_ = took_any_ || pending_.bytes > 0;
  RETURN_IF_ERROR(parts_.vault.Commit(batch_));
  port::RetentionCounts& counts = parts_.counts;
  counts.rolled_up += pending_.rolled_up;
  counts.erased += pending_.erased;
  counts.erased_rollups += pending_.erased_rollups;
  counts.bytes += pending_.bytes;
  pending_ = {};
  if (go_on_ && !go_on_()) stopped_ = true;
  return OkStatus();
}

const Window& Retention::DayOf(Time time) {
  if (!last_day_.Contains(time)) last_day_ = rules_.time_zone.DayOf(time);
  return last_day_;
}

const Retention::Plan& Retention::PlanOf(const SeriesId& series) {
  const auto [it, fresh] = plans_.try_emplace(series);
  Plan& plan = it->second;
  const SeriesInfo* info = fresh ? parts_.registry.FindSeries(series) : nullptr;
  if (info == nullptr) return plan;
  const policy::Policy& policy = rules_.documents.policy;
  plan.raw = policy.RetainRuleFor(info->metric, RetainTier::kRaw);
  plan.metric = plan.raw == nullptr ? nullptr : policy.FindMetric(info->metric);
  plan.sheet_zone = info->sheet_zone;
  if (plan.metric != nullptr && plan.raw->then == RetainThen::kRollup) {
    plan.rollup = policy.RetainRuleFor(info->metric, RetainTier::kRollup);
  }
  return plan;
}

bool Retention::IsHeld(const Plan& plan, const Window& span) {
  if (!plan.sheet_zone.has_value()) return false;
  // A counter's first increase of a day counts from a reading before it.
  const Millis ahead =
      plan.metric->kind == MetricKind::kCounter ? LookBack(*plan.metric) : Millis(0);
  for (Time at = span.start; at <= span.end - Millis(1) + ahead;) {
    const Window day = DayOf(at);
    const auto found = parts_.days.days().find(
        DayKey{.start = day.start, .metric = plan.metric->id, .zone = *plan.sheet_zone});
    if (found != parts_.days.days().end() && !found->second.given_up) return true;
    at = day.end;
  }
  return false;
}

Retention::Fate Retention::FateOf(const Plan& plan, const Reading& reading) {
  if (plan.metric == nullptr) return Fate::kErased;
  const Time time = reading.time;
  const Time from = now_ - plan.raw->keep;
  if (!HasKnownTime(reading.quality)) {  // It is of no day, and in no figure or rollup.
    return time >= from && MonthOf(time) > early_month_ ? Fate::kKept : Fate::kErased;
  }
  // With rollups a civil day goes as a whole, as its sheet was decided as a whole: a counter's or a
  // gauge's bucket needs the readings around it.
  const Window day = plan.rollup == nullptr ? Window{time, time + Millis(1)} : DayOf(time);
  if (day.start >= from && MonthOf(day.start) > early_month_) return Fate::kKept;
  if (IsHeld(plan, day)) return Fate::kKept;
  return plan.rollup == nullptr ? Fate::kErased : Fate::kRolledUp;
}

Status Retention::GiveUpDays() {
  const policy::Policy& policy = rules_.documents.policy;
  std::vector<std::pair<DayKey, Window>> overdue;
  std::vector<DayKey> unkept;
  std::set<DayKey> given_up;
  for (const auto& [key, day] : parts_.days.days()) {
    const policy::RetainRule* raw = policy.RetainRuleFor(key.metric);
    // Nobody would decide a metric that is not shared any more.
    const bool decidable = !policy.ShareRulesFor(key.metric).empty();
    if (raw == nullptr || (!decidable && key.start < now_ - raw->keep)) {
      unkept.push_back(key);
    } else if (day.given_up || key.start < now_ - raw->keep - kUndecidedKept) {
      if (!day.given_up) overdue.emplace_back(key, day.window);
      given_up.insert(key);
    }
  }
  for (const DayKey& key : unkept) parts_.days.Close(key);
  if (overdue.empty()) return OkStatus();
  // Before any of its readings goes: a day of which some are missing must not be decided.
  RETURN_IF_ERROR(
      parts_.vault.PutOwn(batch_, Table::kMeta, kGivenUpKey, EncodeDays(given_up)));
  RETURN_IF_ERROR(Commit());
  for (const auto& [key, day] : overdue) {
    parts_.days.GiveUp(key, day);
    Log(LogLevel::kWarning,
        "retention: the day from %s is still undecided and its readings may stay no longer; it "
        "will be suppressed", FormatTime(key.start));
  }
  return OkStatus();
}

Status Retention::TakeReadings() {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> months, parts_.blocks.Months());
  // Every month is looked at: a series whose metric the policy dropped keeps nothing.
  for (const uint32_t month : months) {
    if (stopped_) return OkStatus();
    if (MayHoldDue(month)) RETURN_IF_ERROR(TakeMonth(month));
  }
  return OkStatus();
}

bool Retention::MayHoldDue(uint32_t month) const {
  if (everything_ || month <= early_month_) return true;
  const auto due = [&](const policy::RetainRule& rule) {
    // A civil day goes when its first moment does.
    return rule.tier == RetainTier::kRaw && month <= MonthOf(now_ - rule.keep + kDayMax);
  };
  return std::ranges::any_of(rules_.documents.policy.retain, due);
}

Status Retention::TakeMonthEarly(uint32_t month) {
  early_month_ = month;
  RETURN_IF_ERROR(TakeReadings());
  early_month_ = 0;
  return OkStatus();
}

Status Retention::TakeMonth(uint32_t month) {
  ASSIGN_OR_RETURN(const std::vector<OwnerId> owners, parts_.blocks.OwnersOf(month));
  const uint64_t before = parts_.counts.bytes;
  for (const OwnerId& owner : owners) {
    RETURN_IF_ERROR(TakeOwner(month, owner));
    if (batch_.bytes() >= kBatchBytes) RETURN_IF_ERROR(Commit());
    if (stopped_) return OkStatus();
  }
  if (!batch_.empty()) RETURN_IF_ERROR(Commit());
  if (parts_.counts.bytes == before || stopped_) return OkStatus();
  ASSIGN_OR_RETURN(const std::vector<OwnerId> left, parts_.blocks.OwnersOf(month));
  if (!left.empty()) return OkStatus();
  return parts_.vault.db().DropRange(Table::kBlocks, ByteWriter().U32(month).bytes(),
                                     ByteWriter().U32(month + 1).bytes());
}

Status Retention::TakeOwner(uint32_t month, const OwnerId& owner) {
  OwnerWork work;
  work.month = month;
  work.owner = owner;
  bool any = false;
  const auto visited = parts_.blocks.VisitOwner(
      month, owner,
      [&](OwnerKind kind, const OwnerId&, const SeriesId& series,
          const std::vector<Reading>& readings) {
        work.kind = kind;
        const Plan& plan = PlanOf(series);
        for (const Reading& reading : readings) {
          const Fate fate = FateOf(plan, reading);
          any = any || fate != Fate::kKept;
          if (fate != Fate::kRolledUp) continue;
          Due& due = work.due[plan.metric->id];
          due.plan = &plan;
          due.days.insert(DayOf(reading.time).start);
        }
      });
  RETURN_IF_ERROR(visited.status());
  if (!any) return OkStatus();
  for (auto due = work.due.begin(); due != work.due.end();) {
    store::Batch batch;
    const Status rolled_up = RollUp(work, due->second, batch);
    if (rolled_up.code() == StatusCode::kDataLoss) {
      // What would be added to its rollups stays as it is; the owner's other metrics go on.
      ++parts_.counts.damaged;
      if (!std::exchange(told_damage_, true)) {
        Log(LogLevel::kError, "retention: %s; readings that would be added stay",
            std::string(Message(rolled_up)));
      }
      due = work.due.erase(due);
      continue;
    }
    RETURN_IF_ERROR(rolled_up);
    work.batch.Append(batch);
    ++due;
  }
  RETURN_IF_ERROR(Remove(work));
  batch_.Append(work.batch);
  pending_.rolled_up += work.pending.rolled_up;
  pending_.erased += work.pending.erased;
  pending_.bytes += work.pending.bytes;
  return OkStatus();
}

Status Retention::RollUp(const OwnerWork& work, Due& due, store::Batch& batch) {
  std::vector<Rollup> made;
  for (const Time start : due.days) {
    RETURN_IF_ERROR(RollUpDay(work, due, rules_.time_zone.DayOf(start), batch, made));
  }
  if (made.empty()) return OkStatus();
  return parts_.rollups.Add(batch, work.kind, work.owner, due.plan->metric->id, made);
}

Status Retention::RollUpDay(const OwnerWork& work, Due& due, const Window& day,
                            store::Batch& batch, std::vector<Rollup>& made) {
  const Plan& plan = *due.plan;
  const MetricId& metric = plan.metric->id;
  // What is there was made of the day's readings: those that are left came too late for it.
  ASSIGN_OR_RETURN(const std::vector<Rollup> there,
                   parts_.rollups.Read(work.owner, metric, day));
  if (!there.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const SeriesReadings series, ReadingsOf(work, metric, day));
  ASSIGN_OR_RETURN(const auto before, ReadingsBefore(work, plan, series, day));
  const std::vector<Window> buckets = BucketsOf(plan.rollup->whole_day, plan.rollup->bucket, day);
  const privacy::OwnerDay owner_day = ContributionsOf(*plan.metric, series, buckets, before,
                                                      parts_.registry.TraitsOf(series));
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const privacy::Contribution& fine = owner_day.fine[i];
    if (!HasValue(plan.metric->kind, fine) || buckets[i].start < now_ - plan.rollup->keep ||
        !parts_.rollups.MayAdd(work.owner, buckets[i].start)) {
      continue;
    }
    made.push_back({buckets[i].start, fine.value, fine.readings});
    due.buckets.push_back(buckets[i]);
  }
  if (plan.metric->kind != MetricKind::kCounter) return OkStatus();
  for (const auto& [id, readings] : series) {
    const Reading& last = readings.back();
    if (last.time < day.end - LookBack(*plan.metric) ||
        !parts_.rollups.MayAdd(work.owner, last.time)) {
      continue;
    }
    RETURN_IF_ERROR(parts_.rollups.PutLast(batch, work.kind, work.owner, id, last));
  }
  return OkStatus();
}

StatusOr<SeriesReadings> Retention::ReadingsOf(const OwnerWork& work, const MetricId& metric,
                                               const Window& day) {
  SeriesReadings all;
  for (uint32_t month = MonthOf(day.start); month <= MonthOf(day.end - Millis(1)); ++month) {
    const auto visited = parts_.blocks.VisitOwner(
        month, work.owner,
        [&](OwnerKind, const OwnerId&, const SeriesId& series,
            const std::vector<Reading>& readings) {
          const Plan& plan = PlanOf(series);
          if (plan.metric == nullptr || plan.metric->id != metric) return;
          for (const Reading& reading : readings) {
            if (!HasKnownTime(reading.quality)) continue;
            if (day.Contains(reading.time)) all[series].push_back(reading);
          }
        });
    RETURN_IF_ERROR(visited.status());
  }
  for (auto& [id, readings] : all) {
    std::stable_sort(readings.begin(), readings.end(),
                     [](const Reading& a, const Reading& b) { return a.time < b.time; });
    // Of two at one time, which there should not be, the first, as everywhere.
    readings.erase(std::unique(readings.begin(), readings.end(),
                               [](const Reading& a, const Reading& b) { return a.time == b.time; }),
                   readings.end());
  }
  return all;
}

StatusOr<std::map<SeriesId, Reading>> Retention::ReadingsBefore(const OwnerWork& work,
                                                                const Plan& plan,
                                                                const SeriesReadings& series,
                                                                const Window& day) const {
  std::map<SeriesId, Reading> before;
  if (plan.metric->kind != MetricKind::kCounter) return before;
  const Window back{day.start - LookBack(*plan.metric), day.start};
  for (const auto& [id, readings] : series) {
    ASSIGN_OR_RETURN(std::optional<Reading> last,
                     parts_.blocks.LastBefore({work.owner, parts_.registry.DeviceOf(id), id},
                                             back.start, back.end));
    const auto gone = parts_.rollups.Last(work.owner, id, back);
    // A row that does not open is no reading: the day's first increase is not counted.
    if (gone.status().code() != StatusCode::kDataLoss) {
      RETURN_IF_ERROR(gone.status());
      if (gone->has_value() && (!last.has_value() || (*gone)->time > last->time)) last = *gone;
    }
    if (last.has_value()) before.emplace(id, *last);
  }
  return before;
}

Status Retention::Remove(OwnerWork& work) {
  std::set<uint32_t> months{work.month};
  for (const auto& [metric, due] : work.due) {
    for (const Time start : due.days) {  // A civil day may lie in two UTC months.
      months.insert(MonthOf(start));
      months.insert(MonthOf(rules_.time_zone.DayOf(start).end - Millis(1)));
    }
  }
  const auto gone = [&](uint32_t month, const SeriesId& series, const Reading& reading) {
    const Time time = reading.time;
    const Plan& plan = PlanOf(series);
    const Fate fate = FateOf(plan, reading);
    if (fate == Fate::kKept) return false;
    const auto due = fate == Fate::kErased ? work.due.end() : work.due.find(plan.metric->id);
    if (fate == Fate::kRolledUp && due == work.due.end()) return false;  // not rolled up after all
    const bool rolls = due != work.due.end() && due->second.days.contains(DayOf(time).start);
    // Of another month, only the rest of the days at hand.
    if (month != work.month && !rolls) return false;
    const auto in_bucket = [&](const Window& bucket) { return bucket.Contains(time); };
    const bool rolled_up = rolls && std::any_of(due->second.buckets.begin(),
                                                due->second.buckets.end(), in_bucket);
    ++(rolled_up ? work.pending.rolled_up : work.pending.erased);
    return true;
  };
  for (const uint32_t month : months) {
    ASSIGN_OR_RETURN(const BlockLog::Removed removed,
                     parts_.blocks.RemoveIf(work.batch, month, work.owner,
                                            [&](const SeriesId& series, const Reading& reading) {
                                              return gone(month, series, reading);
                                            }));
    work.pending.bytes += removed.bytes;
  }
  return OkStatus();
}

}  // namespace gateway::pipeline
