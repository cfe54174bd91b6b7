// Pipeline as Commands, the part about rules, cells and time.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/rule_limits.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/cell_rows.h"
#include "gateway/policy/documents.h"
#include "gateway/proof/note.h"

namespace gateway::pipeline {

using store::Table;

Status Pipeline::Post(Command command) {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return Unavailable("the gateway is shutting down");
    if (commands_.size() >= limits::kCommandQueueMax) {
      return ResourceExhausted("commands waiting: %d, the limit; try again", commands_.size());
    }
    commands_.push_back(std::move(command));
  }
  wake_.NotifyOne();
  return OkStatus();
}

StatusOr<std::vector<Cell>> Pipeline::PendingCells(const port::CellFilter& filter) {
  return Call<StatusOr<std::vector<Cell>>>([&]() -> StatusOr<std::vector<Cell>> {
    std::vector<Cell> cells;
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    const std::shared_ptr<const Rules>& rules = core_->registry().rules();
    if (rules == nullptr) return cells;
    for (const auto& [key, day] : core_->open_days().days()) {
      for (const policy::ShareRule* rule : rules->documents.policy.ShareRulesFor(key.metric)) {
        for (const Window& window : Core::WindowsOf(*rule, day.window)) {
          Cell cell = core_->CellTemplate(*rule, key, window);
          if (Matches(filter, cell)) cells.push_back(std::move(cell));
          if (cells.size() > limits::kCellsPerAnswerMax) {
            return ResourceExhausted("pending cells: more than %d; narrow the question",
                                     limits::kCellsPerAnswerMax);
          }
        }
      }
    }
    return cells;
  });
}

namespace {

std::string Explain(const Cell& cell, SuppressionReason reason) {
  const bool of_places = cell.owner_kind == OwnerKind::kPlace;
  switch (reason) {
    case SuppressionReason::kNone:
      if (cell.figures.has_value() && cell.figures->below.has_value()) {
        return Format("released, but only as below %d, so that few people cannot be counted",
                      *cell.figures->below);
      }
      if (of_places) return "released: it is about places, and no bucket is too short";
      return "released: enough households contributed and none of them stands out";
    case SuppressionReason::kOverlap:
      return Format("suppressed: its households differ from another rule's by fewer than %d, and "
                    "the two could be subtracted",
                    cell.k_min);
    case SuppressionReason::kTooFew:
      if (of_places) return "suppressed: no place contributed";
      return Format("suppressed: fewer than %d households that share it contributed", cell.k_min);
    case SuppressionReason::kDominance:
      if (cell.top2_max_pct != 0) {
        return Format("suppressed: one household makes up more than %d %% of the sum, or two more "
                      "than %d %%", cell.top1_max_pct, cell.top2_max_pct);
      }
      return Format("suppressed: one household makes up more than %d %% of the sum",
                    cell.top1_max_pct);
    case SuppressionReason::kComplementary:
      return "suppressed to protect another cell: with the longer bucket released, subtracting "
             "would reveal a suppressed one";
    case SuppressionReason::kRuleTooYoung:
      return "suppressed: the share rule was not in force for the whole day";
    case SuppressionReason::kLost:
      return "suppressed: the gateway lost data and its operator gave up the days that had begun";
  }
  return "unknown";
}

}  // namespace

StatusOr<port::CellExplanation> Pipeline::ExplainCell(const std::string& rule_id,
                                                      const std::string& zone, Time start) {
  return Call<StatusOr<port::CellExplanation>>([&]() -> StatusOr<port::CellExplanation> {
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    const std::shared_ptr<const Rules>& rules = core_->registry().rules();
    const policy::ShareRule* rule =
        rules == nullptr ? nullptr : rules->documents.policy.FindShareRule(RuleId(rule_id));
    if (rule == nullptr) {
      // Cells of rules that are gone stay, and may have to be retracted.
      ASSIGN_OR_RETURN(const auto old, DecidedAt(RuleId(rule_id), ZoneId(zone), start));
      if (!old.empty()) return ExplainDecided(old.back());
      return NotFound("rule \"%s\": the policy has no such share rule", rule_id);
    }
    const Window day = rules->time_zone.DayOf(start);
    const DayKey key{.start = day.start, .metric = rule->metric, .zone = ZoneId(zone)};
    if (const auto open = core_->open_days().days().find(key);
        open != core_->open_days().days().end()) {
      for (const Window& window : Core::WindowsOf(*rule, day)) {
        if (window.start != start) continue;
        const std::optional<Time> due = core_->DueTime(key, day);
        return port::CellExplanation{
            .cell = core_->CellTemplate(*rule, key, window),
            .cell_hash = {},
            .retracted = {},
            .reason = SuppressionReason::kNone,
            .text = "pending: decided with its whole day at " + FormatTime(due.value_or(Time{}))};
      }
    }
    ASSIGN_OR_RETURN(const std::optional<std::string> sheet,
                     vault_->GetRow(Table::kSheets, SheetRowKey(*vault_, key)));
    if (!sheet.has_value()) {
      return NotFound("no cell: no reading of that metric, zone and day was stored");
    }
    ByteReader in(*sheet);
    in.U8();
    const uint64_t leaf = in.U64();
    std::optional<port::CellExplanation> found;
    Status failure;
    RETURN_IF_ERROR(database_->Scan(
        Table::kCells, ByteWriter().U64(leaf).Take(), ByteWriter().U64(leaf + 1).Take(),
        [&](std::string_view row_key, std::string_view value) {
          StatusOr<port::DecidedCell> decided = ReadCellRow(*vault_, row_key, value);
          failure = decided.status();
          if (!decided.ok()) return false;
          if (decided->cell.rule != rule->id || decided->cell.window.start != start) return true;
          StatusOr<port::CellExplanation> explained = ExplainDecided(*decided);
          failure = explained.status();
          if (explained.ok()) found = *std::move(explained);
          return false;
        }));
    RETURN_IF_ERROR(failure);
    if (!found.has_value()) return NotFound("no cell of that rule starts then");
    return *std::move(found);
  });
}

StatusOr<port::CellExplanation> Pipeline::ExplainDecided(const port::DecidedCell& decided) {
  const std::string key =
      ByteWriter().U64(decided.leaf).U16(static_cast<uint16_t>(decided.position)).Take();
  ASSIGN_OR_RETURN(const std::optional<std::string> reason,
                   vault_->GetRow(Table::kReasons, key));
  if (!reason.has_value() || reason->empty()) return DataLoss("a decided cell without its reason");
  port::CellExplanation explanation;
  explanation.cell = decided.cell;
  explanation.cell_hash = crypto::Blake2b256(decided.bytes);
  explanation.reason = static_cast<SuppressionReason>((*reason)[0]);
  explanation.text = Explain(decided.cell, explanation.reason);
  if (const auto all = retractions();
      const RetractedCell* cell = FindRetraction(*all, decided.leaf, decided.position)) {
    explanation.retracted = cell->reason;
    explanation.text += "; later retracted by a steward: " + cell->reason;
  }
  return explanation;
}

StatusOr<uint32_t> Pipeline::AdvanceClock(Time now) {
  return Call<StatusOr<uint32_t>>([&]() -> StatusOr<uint32_t> {
    if (replay_ == nullptr) {
      return FailedPrecondition("the clock is real: only a replay gateway's can be advanced");
    }
    if (now < replay_->SystemNow()) {
      return FailedPrecondition("clock: %s is before %s, and time only moves forward",
                                FormatTime(now), FormatTime(replay_->SystemNow()));
    }
    RETURN_IF_ERROR(database_->space());  // or it would decide nothing
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    // Rules that take effect on the way do so in their time, as they would have.
    uint32_t decided = 0;
    for (Time next = NextEnactment(replay_->SystemNow()); next <= now;
         next = NextEnactment(replay_->SystemNow())) {
      next = std::max(next, replay_->SystemNow());
      for (const Time step : {next - Millis(1), next}) {
        if (step < replay_->SystemNow()) continue;
        ASSIGN_OR_RETURN(const uint32_t then, StepClock(step));
        decided += then;
      }
    }
    ASSIGN_OR_RETURN(const uint32_t then, StepClock(now));
    decided += then;
    core_->LookAtDuties(now);
    RETURN_IF_ERROR(ExpireQuarantine(now));
    RETURN_IF_ERROR(core_->Retain(now));
    return decided;
  });
}

// First the time, durably; then what it makes due. A crash in between decides it at start.
StatusOr<uint32_t> Pipeline::StepClock(Time now) {
  RETURN_IF_ERROR(core_->Checkpoint(now));
  RETURN_IF_ERROR(syncer_->Barrier());
  replay_->Set(now);
  RETURN_IF_ERROR(EnactDue(now).status());
  return core_->DecideDue(now, true);
}

std::string Pipeline::StoreState() const {
  Status state = database_->health();
  if (state.ok()) state = database_->space();
  return state.ok() ? "ok" : Format("paused: %s", Message(state));
}

StatusOr<port::GatewayStatus> Pipeline::GetStatus() {
  return Call<StatusOr<port::GatewayStatus>>([&]() -> StatusOr<port::GatewayStatus> {
    Registry& registry = core_->registry();
    port::GatewayStatus status;
    status.gateway = gateway_.value();
    status.replay = replay_ != nullptr;
    status.now = clock_.SystemNow();
    status.clock_sound = ClockSound(status.now);
    if (broker_) status.broker = broker_();
    if (registry.rules() != nullptr) {
      status.commons = registry.rules()->documents.charter.commons;
      status.expiry = policy::ExpiryWarnings(registry.rules()->documents, status.now,
                                             limits::kExpiryWarning);
      status.policy_version = registry.rules()->documents.policy.version;
      status.origin = proof::LogOrigin(status.commons, status.gateway, status.replay);
    }
    IntakeCounters::Snapshot counters = counters_.Read();
    status.received = counters.received;
    status.waiting = counters.waiting;
    status.late = counters.late;
    status.untimed = counters.untimed;
    std::erase_if(counters.odd,
                  [](const port::DoorCount& count) { return count.observations == 0; });
    status.odd = std::move(counters.odd);
    status.retried = counters.retried;
    status.in_quarantine = quarantine_->counts().rows;
    // Reasons that did not happen are nothing an operator looks for.
    std::erase_if(counters.counts, [](const port::DoorCount& count) {
      return count.observations == 0 && !count.reason.empty();
    });
    status.counts = std::move(counters.counts);
    status.journaled = journal_->last();
    status.folded = core_->folded();
    status.households = registry.households().size();
    status.devices = registry.device_count();
    status.open_days = core_->open_days().days().size();
    const ledger::Ledger::Head head = ledger_->head();
    status.ledger_size = head.size;
    status.ledger_root = head.root;
    status.duties = core_->DescribeDuties(status.now);
    status.released = core_->released();
    status.suppressed = core_->suppressed();
    for (const store::Loss& loss : losses_->all()) status.lost.push_back(store::Describe(loss));
    status.retention = core_->retention();
    status.store = StoreState();
    status.bytes_written = store::DeviceBytesWritten();
    return status;
  });
}

}  // namespace gateway::pipeline
