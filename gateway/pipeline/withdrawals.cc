// Pipeline, the part that keeps withdrawn what was withdrawn (I11), also when an older backup, in
// which the grant is live, takes the database's place: a file beside the database has the pseudonym
// of every grant that was withdrawn, and a restore carries it over as it does that of erasures.
#include <algorithm>

#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {
namespace {

std::string PathIn(const std::string& dir) {
  return dir + "/" + std::string(backup::kWithdrawalsFile);
}

store::Loss UnknownSince(Time since, Time found) {
  return {.what = Format("withdrawals after %s, if there were any: the backup has none of them, and "
                         "no list of them was left",
                         FormatTime(since)),
          .file = std::string(backup::kWithdrawalsFile),
          .found = found};
}

}  // namespace

std::string Pipeline::PseudonymOf(const policy::Grant& grant) const {
  return vault_->RowPseudonym("grant", grant.id);
}

bool Pipeline::WasWithdrawn(const policy::Grant& grant) const {
  return withdrawals_.grants.contains(PseudonymOf(grant));
}

Status Pipeline::WriteWithdrawals() const {
  return WriteFile(PathIn(dir_), backup::WriteWithdrawals(withdrawals_), FileMode::kPrivate,
                   IfExists::kReplace);
}

Status Pipeline::NoteWithdrawals(const Household& household) {
  std::set<std::string> fresh;
  for (const GrantRecord& record : household.grants) {
    if (!record.withdrawn_at.has_value() || WasWithdrawn(record.grant)) continue;
    fresh.insert(PseudonymOf(record.grant));
  }
  if (fresh.empty()) return OkStatus();
  if (withdrawals_.grants.size() + fresh.size() > limits::kWithdrawalsMax) {
    return ResourceExhausted(
        "withdrawals: %d, the most that are remembered beside the database; these are in the "
        "database alone, and a restore of an older backup would undo them",
        withdrawals_.grants.size());
  }
  const std::set<std::string> before = withdrawals_.grants;
  withdrawals_.grants.merge(fresh);
  const Status written = WriteWithdrawals();
  if (!written.ok()) withdrawals_.grants = before;  // the next attempt writes it
  return written;
}

void Pipeline::ForgetWithdrawals(const std::vector<GrantRecord>& grants) {
  std::size_t gone = 0;
  for (const GrantRecord& record : grants) {
    gone += withdrawals_.grants.erase(PseudonymOf(record.grant));
  }
  const Status written = gone > 0 ? WriteWithdrawals() : OkStatus();
  if (written.ok()) return;
  // What is left there are pseudonyms of grants that no table has any more: they tell nobody
  // anything, and take room until the file is written again by this process.
  Log(LogLevel::kWarning, "file withdrawals: still has those of a household that is erased: %s",
      Message(written));
}

Status Pipeline::LoadWithdrawals() {
  const Time now = std::max(clock_.SystemNow(), core_->clock_floor());
  const auto text = ReadFile(PathIn(dir_), backup::kWithdrawalsBytesMax);
  if (text.status().code() == StatusCode::kUnavailable) return text.status();
  StatusOr<backup::Withdrawals> read =
      text.ok() ? backup::ReadWithdrawals(*text) : text.status();
  if (read.ok()) {
    withdrawals_ = *std::move(read);
  } else if (restored_.has_value()) {
    // What it kept from before the restore is in no other place.
    withdrawals_.unknown_since = Time{};
  } else if (read.status().code() != StatusCode::kNotFound) {
    Log(LogLevel::kWarning, "file withdrawals: damaged; made again from the database");
  }
  withdrawals_.signer = vault_->signer().public_key();
  if (const auto& since = withdrawals_.unknown_since; since.has_value()) {
    RETURN_IF_ERROR(losses_->Add(UnknownSince(*since, now)));
  }
  std::vector<Household> changed;
  for (const auto& [id, household] : core_->registry().households()) {
    Household copy = household;
    bool differs = false;
    for (GrantRecord& record : copy.grants) {
      if (record.withdrawn_at.has_value()) {
        withdrawals_.grants.insert(PseudonymOf(record.grant));
      } else if (WasWithdrawn(record.grant)) {
        record.withdrawn_at = now;
        differs = true;
      }
    }
    if (differs) changed.push_back(std::move(copy));
  }
  for (Household& household : changed) RETURN_IF_ERROR(CommitHousehold(std::move(household)));
  if (!changed.empty()) {
    Log(LogLevel::kWarning, "grants of %u households were withdrawn after what was restored, and "
        "are withdrawn again", changed.size());
  }
  if (text.ok() && backup::WriteWithdrawals(withdrawals_) == *text) return OkStatus();
  return WriteWithdrawals();
}

}  // namespace gateway::pipeline
