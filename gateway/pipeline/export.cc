// Pipeline as Commands, the part that gives a household what the store has of it. There is no way
// to say to whom it is sealed: the registry knows the residents' keys, and nobody else may read it.
#include "gateway/crypto/age.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/household_export.h"

namespace gateway::pipeline {
namespace {

StatusOr<std::vector<crypto::AgeRecipient>> RecipientsOf(const Household& household) {
  if (!household.confirmed_at.has_value() || household.adult_keys.empty()) {
    return FailedPrecondition(
        "the household is not confirmed: it has no resident's key to seal an export to, and "
        "nothing of it is stored");
  }
  std::vector<crypto::AgeRecipient> recipients;
  for (const std::string& key : household.adult_keys) {
    ASSIGN_OR_RETURN(crypto::AgeRecipient recipient, crypto::AgeRecipient::FromEd25519(key));
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

}  // namespace

StatusOr<HouseholdFacts> Pipeline::GatherFacts(const std::string& household) {
  return Call<StatusOr<HouseholdFacts>>([&]() -> StatusOr<HouseholdFacts> {
    const Household* found = core_->registry().FindHousehold(HouseholdId(household));
    if (found == nullptr) {
      return NotFound("no such household; `commons household list` shows those there are");
    }
    if (vault_->IsErased(found->owner)) {
      return FailedPrecondition("the household is erased: its keys are destroyed, and nothing of "
                                "it can be read any more");
    }
    RETURN_IF_ERROR(RecipientsOf(*found).status());
    // What is journaled or in memory only must be in blocks before another thread reads them.
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    const Time now = clock_.SystemNow();
    RETURN_IF_ERROR(core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor()));
    HouseholdFacts facts{.commons = {},
                         .gateway = gateway_,
                         .replay = replay_ != nullptr,
                         .now = now,
                         .household = *found,
                         .metrics = {},
                         .retain = {}};
    if (const auto& rules = core_->registry().rules(); rules != nullptr) {
      facts.commons = rules->documents.charter.commons;
      facts.metrics = rules->documents.policy.metrics;
      facts.retain = rules->documents.policy.retain;
    }
    return facts;
  });
}

Status Pipeline::ExportHousehold(const std::string& household,
                                 const std::function<bool(std::string_view)>& sink) {
  ASSIGN_OR_RETURN(const HouseholdFacts facts, GatherFacts(household));
  ASSIGN_OR_RETURN(const auto recipients, RecipientsOf(facts.household));
  // From here on beside the pipeline, on the caller's thread: a slow reader delays nobody.
  ASSIGN_OR_RETURN(crypto::AgeWriter age,
                   crypto::AgeWriter::Create(recipients, [&](std::string_view sealed) {
                     return sink(sealed) ? OkStatus()
                                         : Unavailable("export: whoever reads it went away");
                   }));
  RETURN_IF_ERROR(WriteHouseholdExport(
      *vault_, facts, [&](std::string_view bytes) { return age.Write(bytes); }));
  return age.Finish();
}

}  // namespace gateway::pipeline
