// Core: how long readings are kept. Counted, idempotent, and exact to the reading: a rule that says
// thirty days is not a month more because blocks are longer.
#include "gateway/base/log.h"
#include "gateway/pipeline/core.h"

namespace gateway::pipeline {
namespace {

// The broker redelivers what was in flight when a connection broke; a day is far beyond that.
constexpr std::chrono::hours kJournalKept{24};

}  // namespace

Status Core::Retain(Time now) {
  if (registry_->rules() == nullptr) return OkStatus();
  RETURN_IF_ERROR(Checkpoint(now));
  const policy::Policy& policy = registry_->rules()->documents.policy;
  // Every month is looked at: a series whose metric the policy dropped keeps nothing.
  const auto keep_from = [&](const SeriesId& series) {
    const SeriesInfo* info = registry_->FindSeries(series);
    const policy::RetainRule* rule = info == nullptr ? nullptr : policy.RetainRuleFor(info->metric);
    return rule == nullptr ? now : now - rule->keep;
  };
  store::Batch batch;
  ASSIGN_OR_RETURN(const uint64_t dropped, blocks_.DropExpired(batch, MonthOf(now), keep_from));
  RETURN_IF_ERROR(parts_.vault.Commit(batch));

  uint64_t old = 0;
  RETURN_IF_ERROR(parts_.journal.ReadFrom(0, folded_, [&](const store::JournalEntry& entry) {
    if (entry.arrival > now - kJournalKept || entry.sequence > folded_) return false;
    old = entry.sequence;
    return true;
  }));
  if (old > trimmed_) {
    RETURN_IF_ERROR(parts_.journal.TrimThrough(old));
    trimmed_ = old;
  }
  if (dropped > 0) Log(LogLevel::kInfo, "retention: %d readings reached their end", dropped);
  return OkStatus();
}

}  // namespace gateway::pipeline
