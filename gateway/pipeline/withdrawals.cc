// Pipeline, the part that keeps withdrawn what was withdrawn (I11), also when an older backup, in
// which the grant is live, takes the database's place: a file beside the database has the pseudonym
// of every grant that was withdrawn and of every objection, and a restore carries it over as it does that of erasures.
#include <algorithm>
#include <iterator>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/pipeline/withdrawals.h"

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

namespace {

std::string PseudonymOf(const store::Vault& vault, const policy::Grant& grant,
                        const std::string& metric = "") {
  return vault.RowPseudonym("grant", grant.id + metric);
}

std::string PseudonymOf(const store::Vault& vault, const Household& household,
                        const Objection& objection) {
  const std::string name =
      ByteWriter().Raw(household.subject.view()).Text(objection.metric).U32(objection.number).Take();
  return vault.RowPseudonym("objection", name);
}

}  // namespace

std::set<std::string> PseudonymsOf(const store::Vault& vault, const Household& household) {
  std::set<std::string> all;
  for (const GrantRecord& record : household.grants) {
    if (record.withdrawn_at.has_value()) all.insert(PseudonymOf(vault, record.grant));
  }
  for (const Objection& objection : household.objections) {
    for (Objection each = objection; each.number > 0; --each.number) {
      all.insert(PseudonymOf(vault, household, each));
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(objection.grants, household.grants.size());
         ++i) {
      const policy::Grant& grant = household.grants[i].grant;
      if (std::ranges::count(grant.metrics, objection.metric) == 0) continue;
      all.insert(PseudonymOf(vault, grant, objection.metric));
    }
  }
  return all;
}

void OverruleAgain(const store::Vault& vault, const std::set<std::string>& list,
                   Household& household) {
  const policy::Grant& grant = household.grants.back().grant;
  for (const std::string& metric : grant.metrics) {
    if (!list.contains(PseudonymOf(vault, grant, metric))) continue;
    for (Objection& objection : household.objections) {
      if (objection.metric == metric) {
        objection.grants = static_cast<uint32_t>(household.grants.size());
      }
    }
  }
}

bool WasWithdrawn(const store::Vault& vault, const std::set<std::string>& list,
                  const policy::Grant& grant) {
  return list.contains(PseudonymOf(vault, grant));
}

bool RestoreObjections(const store::Vault& vault, const std::set<std::string>& list,
                       const policy::Policy* policy, Time now, Household& household) {
  std::set<std::string> metrics = {""};
  for (const Objection& objection : household.objections) metrics.insert(objection.metric);
  if (policy != nullptr) {
    for (const Metric& metric : policy->metrics) metrics.insert(metric.id.value());
  }
  bool any = false;
  for (const std::string& metric : metrics) {
    const auto known = std::ranges::find(household.objections, metric, &Objection::metric);
    const uint32_t number = known == household.objections.end() ? 0 : known->number;
    Objection last{.metric = metric,
                   .at = now,
                   .grants = static_cast<uint32_t>(household.grants.size()),
                   .number = number + 1};
    while (list.contains(PseudonymOf(vault, household, last))) ++last.number;
    if (--last.number == number) continue;
    any = true;
    if (known == household.objections.end()) {
      household.objections.push_back(std::move(last));
    } else {
      *known = std::move(last);
    }
  }
  return any;
}

Status Pipeline::WriteWithdrawals() const {
  return WriteFile(PathIn(dir_), backup::WriteWithdrawals(withdrawals_), FileMode::kPrivate,
                   IfExists::kReplace);
}

Status Pipeline::NoteWithdrawals(const Household& household) {
  std::set<std::string> fresh;
  std::ranges::set_difference(PseudonymsOf(*vault_, household), withdrawals_.grants,
                              std::inserter(fresh, fresh.end()));
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

Status Pipeline::KeepObjections(Time now) {
  std::vector<Household> changed;
  for (const auto& [id, household] : core_->registry().households()) {
    Household copy = household;
    const policy::Policy* policy = &core_->registry().rules()->documents.policy;
    if (RestoreObjections(*vault_, withdrawals_.grants, policy, now, copy)) changed.push_back(std::move(copy));
  }
  for (Household& household : changed) RETURN_IF_ERROR(CommitHousehold(std::move(household)));
  return OkStatus();
}

void Pipeline::ForgetWithdrawals(const Household& household) {
  std::size_t gone = 0;
  for (const std::string& pseudonym : PseudonymsOf(*vault_, household)) {
    gone += withdrawals_.grants.erase(pseudonym);
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
  const std::shared_ptr<const Rules>& rules = core_->registry().rules();
  const policy::Policy* policy = rules == nullptr ? nullptr : &rules->documents.policy;
  std::vector<Household> changed;
  for (const auto& [id, household] : core_->registry().households()) {
    Household copy = household;
    bool differs = RestoreObjections(*vault_, withdrawals_.grants, policy, now, copy);
    for (GrantRecord& record : copy.grants) {
      if (record.withdrawn_at.has_value() || !WasWithdrawn(*vault_, withdrawals_.grants, record.grant)) continue;
      record.withdrawn_at = now;
      differs = true;
    }
    withdrawals_.grants.merge(PseudonymsOf(*vault_, copy));
    if (differs) changed.push_back(std::move(copy));
  }
  for (Household& household : changed) RETURN_IF_ERROR(CommitHousehold(std::move(household)));
  if (!changed.empty()) {
    Log(LogLevel::kWarning, "grants of %u households were withdrawn, or objections made, after what was restored, and "
        "are withdrawn again", changed.size());
  }
  if (text.ok() && backup::WriteWithdrawals(withdrawals_) == *text) return OkStatus();
  return WriteWithdrawals();
}

}  // namespace gateway::pipeline
