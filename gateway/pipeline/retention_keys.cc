// Retention: the end of rollups, and of the keys that nothing is sealed under any more.
#include <algorithm>
#include <set>

#include "gateway/base/bytes.h"
#include "gateway/pipeline/contributions.h"
#include "gateway/pipeline/retention.h"

namespace gateway::pipeline {

using policy::RetainTier;
using store::Table;

namespace {

// Between the time that an entry is stamped with and its key being asked for.
constexpr std::chrono::hours kKeyGrace{24};
constexpr uint32_t kFirstMonth = 1970 * 12;  // smaller epochs are no months: sealed_rows.h
constexpr uint32_t kEndOfMonths = 10000 * 12;

bool IsMonth(uint32_t epoch) { return epoch >= kFirstMonth && epoch < kEndOfMonths; }

}  // namespace

Time Retention::OldestRawDay(const policy::RetainRule& raw) {
  const Time from = now_ - raw.keep;
  const Window day = DayOf(from);
  Time oldest = day.start == from ? day.start : day.end;
  for (const auto& [key, open] : parts_.days.days()) {
    if (key.metric == raw.metric && !open.given_up) oldest = std::min(oldest, key.start);
  }
  return oldest;
}

Rollups::KeepFrom Retention::KeepRollupsFrom() {
  Rollups::KeepFrom keep_from;
  const policy::Policy& policy = rules_.documents.policy;
  for (const policy::RetainRule& rule : policy.retain) {
    const Metric* metric = policy.FindMetric(rule.metric);
    const policy::RetainRule* raw = policy.RetainRuleFor(rule.metric, RetainTier::kRaw);
    if (rule.tier != RetainTier::kRollup || metric == nullptr || raw == nullptr) continue;
    const Time last_from = OldestRawDay(*raw) - LookBack(*metric);
    for (const auto* owners : {&parts_.registry.households(), &parts_.registry.places()}) {
      for (const auto& [id, owner] : *owners) {
        keep_from[parts_.rollups.ColumnOf(owner.owner, rule.metric)] = now_ - rule.keep;
        if (metric->kind != MetricKind::kCounter) continue;
        for (const port::EnrolledDevice& device : owner.devices) {
          const SeriesId series =
              parts_.vault.SeriesOf(device.device.value(), rule.metric.value());
          keep_from[parts_.rollups.LastColumnOf(owner.owner, series)] = last_from;
        }
      }
    }
  }
  return keep_from;
}

Status Retention::TakeRollups() {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> months, parts_.rollups.Months());
  if (months.empty()) return OkStatus();
  const Rollups::KeepFrom keep_from = KeepRollupsFrom();
  for (const uint32_t month : months) {
    ASSIGN_OR_RETURN(const Rollups::Removed removed,
                     parts_.rollups.RemoveBefore(batch_, month, keep_from));
    if (batch_.empty()) continue;
    pending_.erased_rollups += removed.rollups;
    pending_.bytes += removed.bytes;
    took_any_ = true;
    RETURN_IF_ERROR(Commit());
    if (stopped_) return OkStatus();
    if (!removed.empty) continue;
    RETURN_IF_ERROR(parts_.vault.db().DropRange(Table::kRollups, ByteWriter().U32(month).bytes(),
                                                ByteWriter().U32(month + 1).bytes()));
  }
  return OkStatus();
}

// Whether no row will be sealed under a key of this epoch any more.
bool Retention::MayEnd(uint32_t epoch) const {
  if ((epoch & store::kRollupEpochs) == 0) {
    return IsMonth(epoch) && epoch < MonthOf(now_ - kKeyGrace);
  }
  const uint32_t month = epoch & ~store::kRollupEpochs;
  Millis longest{0};
  for (const policy::RetainRule& rule : rules_.documents.policy.retain) {
    longest = std::max(longest, rule.keep);
  }
  return IsMonth(month) && month < MonthOf(now_ - longest);
}

Status Retention::DestroyKeys() {
  std::set<std::pair<OwnerId, uint32_t>> ends;
  for (const auto& key : parts_.vault.OwnersKeys()) {
    if (MayEnd(key.second)) ends.insert(key);
  }
  // All tables with rows sealed under an owner's key of a month.
  for (const Table table : {Table::kBlocks, Table::kRollups, Table::kJournal}) {
    if (ends.empty()) return OkStatus();
    RETURN_IF_ERROR(parts_.vault.db().Scan(
        table, "", "", [&](std::string_view, std::string_view value) {
          const StatusOr<store::RowHeader> head = store::ParseRowHeader(value);
          if (!head.ok()) return true;
          ends.erase({head->owner, head->epoch});
          return !ends.empty();
        }));
  }
  for (const auto& [owner, epoch] : ends) {
    RETURN_IF_ERROR(parts_.vault.DestroyKey(batch_, owner, epoch));
    ++parts_.counts.keys_destroyed;
    if (go_on_ && !go_on_()) stopped_ = true;
    if (stopped_) return OkStatus();
  }
  return OkStatus();
}

}  // namespace gateway::pipeline
