// Pipeline as Commands, the part about people: households and grants; devices are in devices.cc.
// Each runs on the pipeline thread and answers once its change is durable.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/consent.h"
#include "gateway/pipeline/enrolment.h"
#include "gateway/pipeline/withdrawals.h"
#include "gateway/policy/grant.h"

namespace gateway::pipeline {
namespace {

// The last second that grants know.
constexpr Time kNoEnd{std::chrono::seconds(253'402'300'799)};

Status NoSuchHousehold() {
  return NotFound("no such household; `commons household list` shows those there are");
}

Status CheckObjection(const Registry& registry, const Household& household,
                      const std::string& grant_id, const std::string& metric) {
  if (!grant_id.empty()) return InvalidArgument("withdraw: a grant or a metric, not both");
  const std::shared_ptr<const Rules>& rules = registry.rules();
  if (rules == nullptr || rules->documents.policy.FindMetric(MetricId(metric)) == nullptr) {
    return NotFound("metric \"%s\": the policy has no such metric", metric);
  }
  // Of all policies together: to whom this is not enough, everything is open.
  if (household.objections.size() >= limits::kObjectionsPerHouseholdMax) {
    return ResourceExhausted("objections: %d metrics, the most one household keeps; withdraw all",
                             limits::kObjectionsPerHouseholdMax);
  }
  return OkStatus();
}

}  // namespace

Status Pipeline::CommitHousehold(Household household) {
  store::Batch batch;
  RETURN_IF_ERROR(core_->registry().SaveHousehold(batch, household));
  RETURN_IF_ERROR(vault_->Commit(batch));
  // It is in the store from here on, so it counts from here on, durable or not yet: a withdrawal
  // whose fsync fails must still keep the household out of the next sheet (I11).
  unsaved_.erase(household.id);
  core_->registry().TakeHousehold(std::move(household));
  PublishAdmissions();
  return syncer_->Barrier();
}

Status Pipeline::SaveWithdrawals() {
  const std::set<HouseholdId> unsaved = unsaved_;
  for (const HouseholdId& id : unsaved) {
    const Household* household = core_->registry().FindHousehold(id);
    if (household != nullptr) RETURN_IF_ERROR(CommitHousehold(*household));
  }
  return OkStatus();
}

StatusOr<port::HouseholdInvite> Pipeline::AddHousehold(const std::string& household,
                                                       const std::string& zone, uint32_t adults) {
  return Call<StatusOr<port::HouseholdInvite>>([&]() -> StatusOr<port::HouseholdInvite> {
    Registry& registry = core_->registry();
    RETURN_IF_ERROR(CheckLabel("household", household));
    if (adults == 0 || adults > limits::kAdultsPerHouseholdMax) {
      return InvalidArgument("adults: %d, must be 1 to %d", adults, limits::kAdultsPerHouseholdMax);
    }
    if (registry.rules() == nullptr) {
      return FailedPrecondition(
          "no rules are active, so nobody can be invited: run `commons policy activate` first");
    }
    if (registry.IsTaken(HouseholdId(household))) {
      return AlreadyExists("a household or place of this name exists; names are never used again");
    }
    if (registry.households().size() >= limits::kHouseholdsMax) {
      return ResourceExhausted("households: %d, the most one gateway serves",
                               limits::kHouseholdsMax);
    }
    const policy::Documents& documents = registry.rules()->documents;
    RETURN_IF_ERROR(CheckZone(documents, gateway_, zone));
    Household added{.kind = OwnerKind::kHousehold,
                    .id = HouseholdId(household),
                    .zone = ZoneId(zone),
                    .subject = SubjectId::FromBytes(crypto::RandomBytes(SubjectId::kBytes)),
                    .invite_nonce = crypto::RandomBytes(16),
                    .adults = adults};
    port::HouseholdInvite invite{.commons = documents.charter.commons,
                                 .gateway = gateway_.value(),
                                 .subject = std::string(added.subject.view()),
                                 .nonce = added.invite_nonce};
    RETURN_IF_ERROR(CommitHousehold(std::move(added)));
    return invite;
  });
}

Status Pipeline::ConfirmHousehold(const std::string& household,
                                  const std::vector<std::string>& acceptances,
                                  const std::string& confirmation) {
  return Call<Status>([&]() -> Status {
    Registry& registry = core_->registry();
    const Household* found = registry.FindHousehold(HouseholdId(household));
    if (found == nullptr) return NoSuchHousehold();
    if (found->confirmed_at.has_value()) {
      return AlreadyExists("the household is confirmed already");
    }
    if (acceptances.size() != found->adults) {
      return FailedPrecondition("acceptances: %d given, the household has %d adults",
                                acceptances.size(), found->adults);
    }
    const policy::Documents& documents = registry.rules()->documents;
    const policy::Invite invite{.commons = documents.charter.commons,
                                .gateway = gateway_,
                                .subject = found->subject,
                                .nonce = found->invite_nonce};
    std::vector<policy::Acceptance> verified;
    for (const std::string& acceptance : acceptances) {
      ASSIGN_OR_RETURN(policy::Acceptance one, policy::VerifyAcceptance(acceptance, invite));
      verified.push_back(std::move(one));
    }
    RETURN_IF_ERROR(
        policy::VerifyConfirmation(confirmation, invite, registry.charter(), verified).status());
    Household changed = *found;
    changed.acceptances = acceptances;
    changed.confirmation = confirmation;
    changed.confirmed_at = clock_.SystemNow();
    for (const policy::Acceptance& one : verified) changed.adult_keys.push_back(one.resident_pk);
    NoteNotices(*registry.rules(), registry.documents().at(policy::DocumentKind::kPolicy).hash,
                verified, *changed.confirmed_at, changed);
    return CommitHousehold(std::move(changed));
  });
}

StatusOr<std::vector<port::HouseholdRow>> Pipeline::ListHouseholds() {
  return Call<StatusOr<std::vector<port::HouseholdRow>>>([&] {
    std::vector<port::HouseholdRow> rows;
    for (const auto& [id, household] : core_->registry().households()) {
      const auto live = std::count_if(
          household.grants.begin(), household.grants.end(),
          [](const GrantRecord& record) { return !record.withdrawn_at.has_value(); });
      rows.push_back({.household = id.value(),
                      .zone = household.zone.value(),
                      .state = household.confirmed_at.has_value() ? "confirmed" : "invited",
                      .subject = std::string(household.subject.view()),
                      .adults = household.adults,
                      .devices = static_cast<uint32_t>(household.devices.size()),
                      .grants = static_cast<uint32_t>(live)});
    }
    return rows;
  });
}

StatusOr<std::string> Pipeline::ImportGrant(const std::string& envelope) {
  return Call<StatusOr<std::string>>([&]() -> StatusOr<std::string> {
    Registry& registry = core_->registry();
    if (registry.rules() == nullptr) return FailedPrecondition("no rules are active");
    ASSIGN_OR_RETURN(policy::Grant grant,
                     policy::VerifyGrant(envelope, registry.rules()->documents.charter.commons));
    const Household* found = registry.FindSubject(grant.subject);
    if (found == nullptr) return NotFound("grant: names a household that is not of this gateway");
    const auto& adults = found->adult_keys;
    if (std::find(adults.begin(), adults.end(), grant.grantor_pk) == adults.end()) {
      return PermissionDenied("grant: not signed by a confirmed adult of its household");
    }
    // The grantor's chain: a missing link could be anything, so nothing newer is taken (§3.3).
    uint64_t last_seq = 0;
    std::string last_id;
    for (const GrantRecord& record : found->grants) {
      if (record.grant.id == grant.id) return AlreadyExists("grant: imported before");
      if (record.grant.grantor_pk == grant.grantor_pk && record.grant.seq > last_seq) {
        last_seq = record.grant.seq;
        last_id = record.grant.id;
      }
    }
    if (grant.seq != last_seq + 1 || grant.prev != last_id) {
      return FailedPrecondition(
          "grant: number %d of its signer does not follow number %d, the last imported; import the "
          "ones between first",
          grant.seq, last_seq);
    }
    if (found->grants.size() >= limits::kGrantsPerHouseholdMax) {
      return ResourceExhausted("grants: %d, the most one household keeps",
                               limits::kGrantsPerHouseholdMax);
    }
    Household changed = *found;
    std::string id = grant.id;
    // A link of the chain, but no consent: it was withdrawn, and a restore took both away.
    std::optional<Time> withdrawn_at;
    if (WasWithdrawn(*vault_, withdrawals_.grants, grant)) withdrawn_at = clock_.SystemNow();
    changed.grants.push_back(
        {.grant = std::move(grant), .envelope = envelope, .withdrawn_at = withdrawn_at});
    OverruleAgain(*vault_, withdrawals_.grants, changed);
    RETURN_IF_ERROR(CommitHousehold(std::move(changed)));
    return id;
  });
}

StatusOr<uint32_t> Pipeline::WithdrawGrants(const std::string& household,
                                            const std::string& grant_id,
                                            const std::string& metric) {
  return Call<StatusOr<uint32_t>>([&]() -> StatusOr<uint32_t> {
    const Household* found = core_->registry().FindHousehold(HouseholdId(household));
    if (found == nullptr) return NoSuchHousehold();
    if (!metric.empty()) RETURN_IF_ERROR(CheckObjection(core_->registry(), *found, grant_id, metric));
    Household changed = *found;
    uint32_t withdrawn = 0;
    bool known = grant_id.empty();
    for (GrantRecord& record : changed.grants) {
      if (!metric.empty() || (!grant_id.empty() && record.grant.id != grant_id)) continue;
      known = true;
      if (record.withdrawn_at.has_value()) continue;
      record.withdrawn_at = clock_.SystemNow();
      ++withdrawn;
    }
    const bool objects = grant_id.empty() && Object(metric, clock_.SystemNow(), changed);
    if (!known) return NotFound("the household has no such grant");
    const bool commits = withdrawn > 0 || objects || unsaved_.contains(changed.id);
    const Status committed = commits ? CommitHousehold(changed) : OkStatus();
    if (!committed.ok()) {
      // Any other change waits for the disk; a withdrawal does not (I11). The household is in no
      // sheet from here on, and the operator, who gets the error, tries again to make it last.
      unsaved_.insert(changed.id);
      core_->registry().TakeHousehold(changed);
      PublishAdmissions();
    }
    // Beside the database too, so that no restore undoes it. What was withdrawn before is noted as
    // well: the file may have failed then.
    const Status noted = NoteWithdrawals(changed);
    RETURN_IF_ERROR(committed);
    RETURN_IF_ERROR(noted);
    return withdrawn;
  });
}

StatusOr<std::vector<port::GrantRow>> Pipeline::ListGrants(const std::string& household) {
  return Call<StatusOr<std::vector<port::GrantRow>>>(
      [&]() -> StatusOr<std::vector<port::GrantRow>> {
        std::vector<port::GrantRow> rows;
        if (!household.empty() &&
            core_->registry().FindHousehold(HouseholdId(household)) == nullptr) {
          return NoSuchHousehold();
        }
        for (const auto& [id, entry] : core_->registry().households()) {
          if (!household.empty() && id.value() != household) continue;
          for (const GrantRecord& record : entry.grants) {
            rows.push_back({.id = record.grant.id,
                            .household = id.value(),
                            .state = record.withdrawn_at.has_value() ? "withdrawn" : "given",
                            .metrics = record.grant.metrics,
                            .purposes = record.grant.purposes,
                            .recipients = record.grant.recipients,
                            .not_before = record.grant.not_before,
                            .not_after = record.grant.not_after});
          }
          for (const Objection& objection : entry.objections) {
            rows.push_back({.id = {},
                            .household = id.value(),
                            .state = "objected",
                            .metrics = {objection.metric.empty() ? "*" : objection.metric},
                            .purposes = {},
                            .recipients = {},
                            .not_before = objection.at,
                            .not_after = kNoEnd});
          }
        }
        return rows;
      });
}

}  // namespace gateway::pipeline
