// Pipeline as Commands, the part by which rules change: proposals, what stewards and residents say
// about them, and their taking effect. policy/lifecycle.h decides; here it is kept, durably, and
// the time at which this gateway first saw it.
#include <algorithm>

#include "gateway/base/log.h"
#include "gateway/crypto/dsse.h"
#include "gateway/model/limits.h"
#include "gateway/pipeline/call.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/lifecycle.h"
#include "gateway/policy/retirement.h"

namespace gateway::pipeline {
namespace {

using policy::DocumentKind;

constexpr DocumentKind kKinds[] = {DocumentKind::kCharter, DocumentKind::kPolicy,
                                   DocumentKind::kRoster};
}  // namespace

StatusOr<std::vector<std::string>> Pipeline::ActivateDocuments(
    const std::vector<std::string>& envelopes) {
  return Call<StatusOr<std::vector<std::string>>>([&]() -> StatusOr<std::vector<std::string>> {
    Registry& registry = core_->registry();
    const Time now = clock_.SystemNow();
    std::vector<std::string> warnings;
    if (registry.rules() == nullptr) {
      ASSIGN_OR_RETURN(const policy::Activation activation,
                       policy::VerifyDocuments(envelopes, {}, now));
      if (activation.documents.roster.FindGateway(gateway_) == nullptr) {
        return FailedPrecondition("roster: does not list this gateway, \"%s\"", gateway_.value());
      }
      std::map<DocumentKind, std::string> by_kind;
      for (const std::string& bytes : envelopes) {
        ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
        for (const DocumentKind kind : kKinds) {
          if (policy::PayloadTypeOf(kind) == envelope.payload_type) by_kind[kind] = bytes;
        }
      }
      RETURN_IF_ERROR(CommitActivation(activation, by_kind, now));
      for (const policy::Finding& finding : activation.warnings) {
        warnings.push_back(policy::FormatFinding(finding));
      }
    } else {
      std::vector<std::string> kept;
      RETURN_IF_ERROR(KeepDocuments(envelopes, now, kept).status());
      RETURN_IF_ERROR(WaitingStatus(kept, now));
      const policy::Documents& documents = core_->registry().rules()->documents;
      for (const policy::Finding& finding :
           policy::Lint(documents.charter, documents.policy, documents.roster)) {
        warnings.push_back(policy::FormatFinding(finding));
      }
    }
    ASSIGN_OR_RETURN(const Identity named, NamedIdentity());
    if (named != identity_) {
      warnings.push_back("roster: it names other keys of this gateway than those in use; restart "
                         "commonsd, and it uses them");
    }
    return warnings;
  });
}

Status Pipeline::CommitActivation(const policy::Activation& activation,
                                  const std::map<DocumentKind, std::string>& envelopes, Time now) {
  RETURN_IF_ERROR(SaveWithdrawals());  // the registry is about to be read from the store anew
  Registry& registry = core_->registry();
  store::Batch batch;
  RETURN_IF_ERROR(registry.SaveActivation(batch, activation, envelopes, now));
  RETURN_IF_ERROR(registry.SaveEnds(batch, activation));
  RETURN_IF_ERROR(vault_->Commit(batch));
  // Durable before anything is decided or shown by it: after a crash nobody has seen rules that are
  // not in force. If the disk refuses, the old ones stay, and the next tick tries again.
  RETURN_IF_ERROR(syncer_->Barrier());
  RETURN_IF_ERROR(core_->TakeActivation());
  RETURN_IF_ERROR(KeepObjections(now));
  PublishAdmissions();
  PublishDocuments();
  next_enactment_ = Time{};
  return core_->MakeReadable();
}

StatusOr<port::Handed> Pipeline::ProposeDocuments(const std::vector<std::string>& envelopes) {
  return Call<StatusOr<port::Handed>>([&]() -> StatusOr<port::Handed> {
    if (core_->registry().rules() == nullptr) {
      return FailedPrecondition("no rules are in force yet: the first ones need no notice; run "
                                "`commons policy activate`");
    }
    const Time now = clock_.SystemNow();
    std::vector<std::string> kept;
    port::Handed handed;
    ASSIGN_OR_RETURN(handed.effects, KeepDocuments(envelopes, now, kept));
    const auto& open = core_->registry().proposals().open;
    for (const std::string& hash : kept) {
      const auto proposal = open.find(hash);
      if (proposal != open.end()) handed.changes.push_back(ChangeOf(proposal->second, now));
    }
    return handed;
  });
}

Status Pipeline::Retire(const std::string& envelope) {
  Registry& registry = core_->registry();
  const policy::Charter& charter = registry.rules()->documents.charter;
  ASSIGN_OR_RETURN(const policy::Retirement retirement,
                   policy::VerifyRetirement(envelope, charter.commons));
  std::vector<KeptRetirement> retired = registry.proposals().retired;
  if (std::ranges::find(retired, retirement.key, &KeptRetirement::key) != retired.end()) {
    return OkStatus();
  }
  const bool listed = std::ranges::any_of(
      charter.keys, [&](const auto& entry) { return entry.second == retirement.key; });
  if (!listed) return NotFound("retirement: the charter in force does not list this key");
  if (retired.size() >= limits::kRetiredKeysMax) {
    return ResourceExhausted("retired keys: %d, the limit", retired.size());
  }
  retired.push_back({.key = retirement.key, .envelope = envelope});
  store::Batch batch;
  RETURN_IF_ERROR(registry.SaveRetired(batch, retired));
  RETURN_IF_ERROR(vault_->Commit(batch));
  registry.TakeRetired(std::move(retired));  // it counts from here on, durable or not yet
  next_enactment_ = Time{};
  return syncer_->Barrier();
}

StatusOr<std::vector<std::string>> Pipeline::EnactDue(Time now) {
  std::vector<std::string> enacted;
  if (core_->registry().rules() == nullptr) return enacted;
  // Each changes what the others are judged by; a charter goes first.
  for (bool again = true; again;) {
    again = false;
    const Registry& registry = core_->registry();
    std::vector<const KeptProposal*> open;
    for (const auto& [hash, proposal] : registry.proposals().open) open.push_back(&proposal);
    std::ranges::sort(open, {}, [](const KeptProposal* proposal) {
      return std::pair(proposal->kind, proposal->first_seen);
    });
    for (const KeptProposal* proposal : open) {
      const auto activation = policy::Enact(proposal->chain(), registry.stored_payloads(),
                                            registry.VoicesOn(proposal->hash()), now);
      if (!activation.ok() ||
          activation->documents.roster.FindGateway(gateway_) == nullptr) {
        continue;
      }
      std::string name = Format("%s: version %d", policy::DocumentKindName(proposal->kind),
                                proposal->version);
      RETURN_IF_ERROR(
          CommitActivation(*activation, {{proposal->kind, proposal->envelopes.back()}}, now));
      Log(LogLevel::kInfo, "rules: %s takes effect", name);
      enacted.push_back(std::move(name));
      again = true;
      break;
    }
  }
  next_enactment_ = NextEnactment(now);
  return enacted;
}

Time Pipeline::NextEnactment(Time now) const {
  Time next = Time::max();
  const Registry& registry = core_->registry();
  for (const auto& [hash, proposal] : registry.proposals().open) {
    const auto standing = policy::JudgeChain(proposal.chain(), registry.stored_payloads(),
                                             registry.VoicesOn(hash), now);
    if (!standing.ok() || standing->stage != policy::Stage::kScheduled) continue;
    if (standing->due > now) next = std::min(next, standing->due);
  }
  return next;
}

StatusOr<port::ChangeRow> Pipeline::CastVote(const std::string& household,
                                             const std::string& envelope) {
  return Call<StatusOr<port::ChangeRow>>([&]() -> StatusOr<port::ChangeRow> {
    Registry& registry = core_->registry();
    if (registry.rules() == nullptr) return FailedPrecondition("no rules are in force");
    if (envelope.size() > limits::kVoteBytesMax) {
      return InvalidArgument("vote: %d bytes, limit %d", envelope.size(), limits::kVoteBytesMax);
    }
    ASSIGN_OR_RETURN(const policy::Vote vote,
                     policy::VerifyVote(envelope, registry.rules()->documents.charter.commons));
    const Household* found = registry.FindHousehold(HouseholdId(household));
    if (found == nullptr) {
      return NotFound("no such household; `commons household list` shows those there are");
    }
    if (found->subject != vote.subject ||
        std::ranges::find(found->adult_keys, vote.voter_pk) == found->adult_keys.end()) {
      return PermissionDenied("vote: not by the key of an adult of this household");
    }
    const auto proposal = registry.proposals().open.find(vote.document);
    if (proposal == registry.proposals().open.end() || proposal->second.kind != vote.kind) {
      return NotFound("vote: no such proposal; `commons policy status` shows those there are");
    }
    const Time now = clock_.SystemNow();
    if (vote.at > now + limits::kVoteAheadMax) {
      return FailedPrecondition("vote: of a time that is yet to come; set the clock right");
    }
    Household changed = *found;
    auto known = std::ranges::find_if(changed.votes, [&](const VoteRecord& record) {
      return record.vote.voter_pk == vote.voter_pk && record.vote.document == vote.document;
    });
    if (known == changed.votes.end()) known = changed.votes.insert(known, VoteRecord());
    if (known->vote.at > vote.at) {
      return FailedPrecondition("vote: older than what this adult has said since");
    }
    *known = {.vote = vote, .envelope = envelope};
    RETURN_IF_ERROR(CommitHousehold(std::move(changed)));
    next_enactment_ = Time{};
    port::ChangeRow row = ChangeOf(proposal->second, now);
    // An approval may have been the last thing missing.
    if (ClockSound(now)) RETURN_IF_ERROR(EnactDue(now).status());
    return row;
  });
}

}  // namespace gateway::pipeline
