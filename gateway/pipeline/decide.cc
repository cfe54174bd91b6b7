// Core: from an open day to a decided, frozen, logged sheet.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/crypto/hash.h"
#include "gateway/pipeline/contributions.h"
#include "gateway/pipeline/core.h"
#include "gateway/pipeline/sheet_input.h"
#include "gateway/privacy/sheet.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"

namespace gateway::pipeline {

using store::Table;

struct Core::Sheet {
  DayKey key;
  Window day;
  const Metric* metric = nullptr;
  std::vector<const policy::ShareRule*> rules;
  std::vector<privacy::DecidedRule> decided;
  OddityCounts odd{};  // of the readings it was made of
};

std::vector<Window> Core::WindowsOf(const policy::ShareRule& rule, const Window& day) {
  return BucketsOf(rule.whole_day, rule.bucket, day);
}

std::optional<Time> Core::DueTime(const DayKey& key, const Window& day) const {
  if (registry_->rules() == nullptr) return std::nullopt;
  const policy::Policy& policy = registry_->rules()->documents.policy;
  const Metric* metric = policy.FindMetric(key.metric);
  const std::vector<const policy::ShareRule*> rules = policy.ShareRulesFor(key.metric);
  if (metric == nullptr || rules.empty()) return std::nullopt;
  return SheetDue(*metric, rules, day);
}

Cell Core::CellTemplate(const policy::ShareRule& rule, const DayKey& key,
                        const Window& window) const {
  const policy::Policy& policy = registry_->rules()->documents.policy;
  const Metric* metric = policy.FindMetric(key.metric);
  return {.commons = policy.commons,
          .gateway = parts_.gateway,
          .rule = rule.id,
          .policy_version = policy.version,
          .owner_kind = metric->owner,
          .metric = key.metric,
          .unit = metric->unit,
          .resolution = metric->resolution.ToString(),
          .zone = key.zone,
          .window = window,
          .status = CellStatus::kPending,
          .figures = std::nullopt,
          .stats = rule.stats,
          .k_min = rule.k_min,
          .top1_max_pct = rule.top1_max_pct,
          .top2_max_pct = rule.top2_max_pct,
          .round_to = rule.round_to,
          .age_min = rule.age_min,
          .bucket_min = metric->bucket_min,
          .min_count = rule.min_count.value_or(0),
          .redistribution = rule.redistribution,
          .replay = parts_.replay};
}

StatusOr<uint32_t> Core::DecideDue(Time now, bool clock_sound) {
  if (registry_->rules() == nullptr || !clock_sound || now < clock_floor()) return 0;
  if (!parts_.replay) LookAtDuties(now);
  if (parts_.losses.blocking()) return 0;
  if (!policy::Serve(registry_->rules()->documents, now)) return 0;
  std::vector<std::pair<Time, DayKey>> due;
  for (const auto& [key, day] : days_.days()) {
    const std::optional<Time> at = DueTime(key, day.window);
    if (at.has_value() && *at <= now) due.emplace_back(*at, key);
  }
  std::sort(due.begin(), due.end());
  // A disk that takes no writes any more takes no decision either; one that is nearly full keeps
  // what is left for withdrawals and erasure.
  RETURN_IF_ERROR(parts_.syncer.health());
  if (!parts_.vault.db().space().ok()) return 0;
  uint32_t decided = 0;
  Status failure;
  for (const auto& [at, key] : due) {
    // One sheet that cannot be decided stays pending and holds up none of the others.
    if (const Status status = DecideSheet(key, days_.days().at(key), now); !status.ok()) {
      failure = Annotate(status, "sheet of " + FormatTime(key.start));
      continue;
    }
    duties_.Decided(registry_->rules()->documents.policy, key, days_.days().at(key).window,
                    parts_.replay ? at : now);
    days_.Close(key);
    ++decided;
  }
  RETURN_IF_ERROR(MakeReadable());
  if (!failure.ok()) return failure;
  return decided;
}

namespace {

Figures FiguresOf(const privacy::DecidedBucket& bucket, const Metric& metric, uint32_t homes,
                  std::optional<uint64_t> min_count) {
  // Where a sensor sends one reading for each who passes, their number would be the sum.
  if (bucket.below) return {.homes_in_zone = homes, .below = min_count};
  return {.count = bucket.count,
          .sum = bucket.sum,
          .mean = bucket.mean,
          .completeness_pct = privacy::CompletenessPct(bucket.readings, metric.interval,
                                                       bucket.count, bucket.window.length()),
          .homes_in_zone = homes};
}

}  // namespace

StatusOr<std::map<SeriesId, Reading>> Core::ReadingsBefore(const SheetPlan& plan,
                                                           const OwnerId& owner,
                                                           const SeriesReadings& series) const {
  std::map<SeriesId, Reading> before;
  const Time from = LooksBackTo(plan);
  if (from >= plan.day.start) return before;
  for (const auto& [id, readings] : series) {
    ASSIGN_OR_RETURN(const std::optional<Reading> last,
                     blocks_.LastBefore({owner, registry_->DeviceOf(id), id}, from,
                                        plan.day.start));
    if (last.has_value()) before.emplace(id, *last);
  }
  return before;
}

StatusOr<privacy::SheetInput> Core::MakeInput(Sheet& sheet, const OpenDay& day,
                                              Time now) const {
  const Rules& rules = *registry_->rules();
  const SheetPlan plan{.policy = rules.documents.policy,
                       .since = rules.since,
                       .metric = *sheet.metric,
                       .rules = sheet.rules,
                       .day = day.window,
                       .decided_at = now};
  std::vector<SheetOwner> owners;
  // Of a day that was given up some readings are gone: what is left would be a figure of its own.
  static const std::map<OwnerId, SeriesReadings> kNobody;
  for (const auto& [owner, series] : day.given_up ? kNobody : day.owners) {
    ASSIGN_OR_RETURN(auto before, ReadingsBefore(plan, owner, series));
    owners.push_back({.owner = registry_->FindOwner(owner),
                      .readings = series,
                      .before = std::move(before),
                      .traits = registry_->TraitsOf(series)});
  }
  return MakeSheetInput(plan, owners, sheet.odd);
}

StatusOr<std::vector<privacy::DecidedRule>> Core::Figure(Sheet& sheet, const OpenDay& day,
                                                         Time now) const {
  if (!given_up_.has_value() || day.window.start >= *given_up_) {
    ASSIGN_OR_RETURN(const privacy::SheetInput input, MakeInput(sheet, day, now));
    return privacy::DecideSheet(input);
  }
  // What is left of the day is not looked at: a figure of less than there was would be wrong, and
  // one made anew could differ from one that was released before it was lost.
  std::vector<privacy::DecidedRule> lost;
  for (const policy::ShareRule* rule : sheet.rules) {
    privacy::DecidedRule decided{.id = rule->id, .buckets = {}};
    for (const Window& window : WindowsOf(*rule, day.window)) {
      decided.buckets.push_back({.window = window, .reason = SuppressionReason::kLost});
    }
    lost.push_back(std::move(decided));
  }
  return lost;
}

Status Core::DecideSheet(const DayKey& key, const OpenDay& day, Time now) {
  Log(LogLevel::kDebug, "decision begins");
  const policy::Policy& policy = registry_->rules()->documents.policy;
  Sheet sheet{.key = key,
              .day = day.window,
              .metric = policy.FindMetric(key.metric),
              .rules = policy.ShareRulesFor(key.metric),
              .decided = {},
              .odd = {}};
  ASSIGN_OR_RETURN(sheet.decided, Figure(sheet, day, now));

  store::Batch batch;
  const uint64_t released_before = released_;
  const uint64_t suppressed_before = suppressed_;
  const Status committed = [&]() -> Status {
    RaiseClockFloor(now);
    RETURN_IF_ERROR(PutSheet(batch, sheet, now));
    RETURN_IF_ERROR(PutCheckpoint(batch, &key));
    return parts_.vault.Commit(batch);
  }();
  if (!committed.ok()) {
    parts_.ledger.Abandoned();
    released_ = released_before;
    suppressed_ = suppressed_before;
    return committed;
  }
  parts_.ledger.Committed();
  parts_.counters.Odd(sheet.odd);
  blocks_.Written();
  duties_.Written();
  bytes_since_checkpoint_ = 0;
  Log(LogLevel::kDebug, "decision ends");
  return OkStatus();
}

Status Core::PutSheet(store::Batch& batch, Sheet& sheet, Time now) {
  const policy::Policy& policy = registry_->rules()->documents.policy;
  const policy::Zone* zone = policy.FindZone(sheet.key.zone);
  proof::ReleaseLeaf leaf{
      .at = now,
      .gateway_id16 = proof::GatewayLeafId(policy.commons, parts_.gateway.value()),
      .policy_version = static_cast<uint32_t>(policy.version),
      .metric = sheet.key.metric,
      .zone = sheet.key.zone,
      .day_start = sheet.day.start,
      .cells = {}};
  struct Row {
    std::string nonce, bytes;
    SuppressionReason reason;
  };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < sheet.decided.size(); ++i) {
    for (const privacy::DecidedBucket& bucket : sheet.decided[i].buckets) {
      Cell cell = CellTemplate(*sheet.rules[i], sheet.key, bucket.window);
      if (bucket.reason == SuppressionReason::kNone) {
        cell.status = CellStatus::kReleased;
        cell.figures = FiguresOf(bucket, *sheet.metric, zone == nullptr ? 0 : zone->homes,
                                 sheet.rules[i]->min_count);
        ++released_;
      } else {
        cell.status = CellStatus::kSuppressed;
        ++suppressed_;
      }
      Row row{.nonce = crypto::RandomBytes(proof::kCellNonceBytes),
              .bytes = proof::EncodeCell(cell),
              .reason = bucket.reason};
      leaf.cells.push_back({.rule = cell.rule,
                            .start = bucket.window.start,
                            .commitment = proof::CommitCell(row.nonce, row.bytes)});
      rows.push_back(std::move(row));
    }
  }
  ASSIGN_OR_RETURN(const std::string entry, proof::EncodeReleaseLeaf(leaf));
  ASSIGN_OR_RETURN(const uint64_t index, parts_.ledger.Append(batch, entry));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string row_key =
        ByteWriter().U64(index).U16(static_cast<uint16_t>(i)).Take();
    RETURN_IF_ERROR(parts_.vault.PutOwn(batch, Table::kCells, row_key,
                                        ByteWriter().Raw(rows[i].nonce).Raw(rows[i].bytes).Take()));
    RETURN_IF_ERROR(
        parts_.vault.PutOwn(batch, Table::kReasons, row_key,
                            ByteWriter().U8(static_cast<uint8_t>(rows[i].reason)).Take()));
  }
  return parts_.vault.PutOwn(batch, Table::kSheets, SheetRowKey(parts_.vault, sheet.key),
                             ByteWriter()
                                 .U8(1)
                                 .U64(index)
                                 .U64(folded_)
                                 .U64(policy.version)
                                 .I64(now.time_since_epoch().count())
                                 .Take());
}

}  // namespace gateway::pipeline
