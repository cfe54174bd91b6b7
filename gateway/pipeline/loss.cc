// Pipeline, the part about what the disk lost: how it is found out at start, and acknowledged.
#include <algorithm>
#include <filesystem>

#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

Status Pipeline::OpenDatabase() {
  const bool made = store::HasLossReport(dir_) || std::filesystem::exists(dir_ + "/high-water");
  // What is known of the store is read before the store, which may turn out to be damaged.
  if (made) RETURN_IF_ERROR(LoadReports());
  const auto report = [this](const std::vector<store::Loss>& losses) {
    std::vector<store::Loss> dated = losses;
    for (store::Loss& loss : dated) loss.found = clock_.SystemNow();
    return losses_->AddAll(dated);
  };
  store::DatabaseOptions options{.dir = dir_, .space = space_, .env = env_};
  if (made) {
    options.report = report;
    options.known_changes = high_water_->mark().changes;
  }
  ASSIGN_OR_RETURN(database_, store::Database::Open(std::move(options)));
  if (!made) RETURN_IF_ERROR(LoadReports());
  if (!database_->salvaged()) return OkStatus();
  // Its changes are counted anew; what was lost of the old ones is reported.
  store::Mark mark = high_water_->mark();
  mark.changes = database_->changes();
  RETURN_IF_ERROR(high_water_->Write(mark));
  return database_->ForgetSalvage();
}

Status Pipeline::LoadReports() {
  const Time now = clock_.SystemNow();
  // Each of the two files is there since the other is: one alone says that the other was lost.
  const bool had_report = store::HasLossReport(dir_);
  ASSIGN_OR_RETURN(losses_, store::Losses::Load(dir_, now));
  ASSIGN_OR_RETURN(high_water_, store::HighWater::Open(dir_));
  using Found = store::HighWater::Found;
  if (high_water_->found() == Found::kWhole && !had_report) {
    RETURN_IF_ERROR(losses_->Add({.what = "the report of earlier losses, if there was one",
                                  .file = "losses",
                                  .found = now,
                                  .ledger = true}));
  }
  if (high_water_->found() == Found::kDamaged ||
      (high_water_->found() == Found::kNone && had_report)) {
    RETURN_IF_ERROR(losses_->Add({.what = "the record of how much was durable",
                                  .file = "high-water",
                                  .found = now,
                                  .ledger = true}));
  }
  return OkStatus();
}

store::Mark Pipeline::Committed() const {
  return {.changes = database_->changes(), .journal = journal_->last(), .ledger = ledger_->size()};
}

Status Pipeline::ReportShortfall() {
  // Entries that are trimmed were folded first: only the checkpoint tells their number.
  store::Mark now = Committed();
  ASSIGN_OR_RETURN(const uint64_t folded, Core::FoldedIn(*vault_));
  now.journal = std::max(now.journal, folded);
  RETURN_IF_ERROR(losses_->AddAll(
      store::Shortfall(high_water_->mark(), now, clock_.SystemNow())));
  // Reported, durably: from here on this is what the store has.
  return high_water_->Write(now);
}

Status Pipeline::AcknowledgeLoss() {
  return Call<Status>([&]() -> Status {
    if (!losses_->blocking()) return FailedPrecondition("nothing is lost: nothing to acknowledge");
    // First the days, durably; then the report. A crash in between asks the operator once more.
    const Time now = clock_.SystemNow();
    if (!ClockSound(now)) {
      return FailedPrecondition("the clock is not sound: set it first, because every day that began "
                                "before now is given up");
    }
    RETURN_IF_ERROR(core_->GiveUpDaysBegunBefore(std::max(now, core_->clock_floor())));
    if (losses_->ledger_concerned()) RETURN_IF_ERROR(FenceLog());
    if (withdrawals_.unknown_since.has_value()) {
      const backup::Withdrawals before = withdrawals_;
      withdrawals_.unknown_since.reset();
      const Status written = WriteWithdrawals();
      if (!written.ok()) withdrawals_ = before;
      RETURN_IF_ERROR(written);
    }
    RETURN_IF_ERROR(losses_->Acknowledge());
    return core_->MakeReadable();
  });
}

}  // namespace gateway::pipeline
