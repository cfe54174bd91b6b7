// Pipeline, the part that checks documents which are handed in and keeps them: rules.cc.
#include <algorithm>

#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/lifecycle.h"

namespace gateway::pipeline {
namespace {

using policy::DocumentKind;

constexpr DocumentKind kKinds[] = {DocumentKind::kCharter, DocumentKind::kPolicy,
                                   DocumentKind::kRoster};

// One handed-in document.
struct Given {
  DocumentKind kind = DocumentKind::kPolicy;
  uint64_t version = 0;
  std::string hash, envelope;
};

StatusOr<uint64_t> VersionOf(DocumentKind kind, const std::string& payload) {
  const auto version = [&](const auto& parsed) -> StatusOr<uint64_t> {
    if (!parsed.ok()) return Annotate(parsed.status(), policy::DocumentKindName(kind));
    return parsed->version;
  };
  if (kind == DocumentKind::kCharter) return version(policy::ParseCharter(payload));
  if (kind == DocumentKind::kPolicy) return version(policy::ParsePolicy(payload));
  return version(policy::ParseRoster(payload));
}

StatusOr<Given> ReadGiven(const std::string& bytes, const crypto::Envelope& envelope) {
  for (const DocumentKind kind : kKinds) {
    if (policy::PayloadTypeOf(kind) != envelope.payload_type) continue;
    ASSIGN_OR_RETURN(const uint64_t version, VersionOf(kind, envelope.payload));
    return Given{kind, version, crypto::Blake2b256(envelope.payload), bytes};
  }
  return InvalidArgument("envelope: neither a charter, policy or roster nor a retirement");
}

// What was handed in, as one chain for each kind. Links that are in force are left out.
StatusOr<std::vector<KeptProposal>> ReadChains(const std::vector<std::string>& envelopes,
                                               const Registry& registry, Time now) {
  std::map<DocumentKind, std::vector<Given>> given;
  for (const std::string& bytes : envelopes) {
    ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
    if (envelope.payload_type == crypto::kRetirementType) continue;
    ASSIGN_OR_RETURN(Given one, ReadGiven(bytes, envelope));
    const auto in_force = registry.documents().find(one.kind);
    if (in_force != registry.documents().end() && in_force->second.hash == one.hash) continue;
    given[one.kind].push_back(std::move(one));
  }
  std::vector<KeptProposal> chains;
  for (auto& [kind, documents] : given) {
    if (documents.size() > limits::kProposalChainMax) {
      return InvalidArgument("%s: %d versions at once, limit %d; propose the oldest first",
                             policy::DocumentKindName(kind), documents.size(),
                             limits::kProposalChainMax);
    }
    std::ranges::sort(documents, {}, &Given::version);
    KeptProposal chain{.kind = kind, .version = documents.back().version, .first_seen = now};
    for (Given& document : documents) {
      chain.hashes.push_back(std::move(document.hash));
      chain.envelopes.push_back(std::move(document.envelope));
    }
    chains.push_back(std::move(chain));
  }
  return chains;
}

void PutInForce(policy::StoredDocuments& stored, DocumentKind kind, const std::string& payload) {
  (kind == DocumentKind::kCharter  ? stored.charter
   : kind == DocumentKind::kPolicy ? stored.policy
                                   : stored.roster) = payload;
}

// Whether each is a proposal beside what is in force by then, if what is due takes effect at once.
Status CheckInTurn(const std::vector<KeptProposal>& chains, const Registry& registry,
                   const GatewayId& gateway, Time now) {
  policy::StoredDocuments stored = registry.stored_payloads();
  for (const KeptProposal& chain : chains) {
    const policy::Voices voices = registry.VoicesOn(chain.hash());
    RETURN_IF_ERROR(policy::JudgeChain(chain.chain(), stored, voices, now).status());
    ASSIGN_OR_RETURN(const crypto::Envelope last, crypto::ParseEnvelope(chain.envelopes.back()));
    if (chain.kind == DocumentKind::kRoster) {
      ASSIGN_OR_RETURN(const policy::Roster roster, policy::ParseRoster(last.payload));
      if (roster.FindGateway(gateway) == nullptr) {
        return FailedPrecondition("roster: does not list this gateway, \"%s\"", gateway.value());
      }
    }
    if (policy::Enact(chain.chain(), stored, voices, now).ok()) {
      PutInForce(stored, chain.kind, last.payload);
    }
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::vector<std::string>> Pipeline::KeepDocuments(
    const std::vector<std::string>& envelopes, Time now, std::vector<std::string>& kept) {
  // A notice that began by a wrong clock would end too early.
  if (!ClockSound(now)) {
    return Unavailable("the gateway's clock cannot be trusted now, and notices are counted by it; "
                       "try again once `commons status` says clock_sound");
  }
  for (const std::string& bytes : envelopes) {
    ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
    if (envelope.payload_type == crypto::kRetirementType) RETURN_IF_ERROR(Retire(bytes));
  }
  ASSIGN_OR_RETURN(std::vector<KeptProposal> chains,
                   ReadChains(envelopes, core_->registry(), now));
  for (KeptProposal& chain : chains) RETURN_IF_ERROR(MergeKnown(chain));
  // A new party has to be in the roster before the policy, and to leave it after: what is handed in
  // together may need one order or the other.
  std::vector<KeptProposal> order = chains;
  const Status checked = CheckInTurn(order, core_->registry(), gateway_, now);
  for (Status status = checked; !status.ok();) {
    const bool more = std::ranges::next_permutation(order, {}, &KeptProposal::kind).found;
    if (!more) return checked;
    status = CheckInTurn(order, core_->registry(), gateway_, now);
  }
  ASSIGN_OR_RETURN(std::vector<std::string> effects, EnactDue(now));
  for (KeptProposal& chain : order) {
    kept.push_back(chain.hash());
    RETURN_IF_ERROR(KeepProposal(std::move(chain), now));
    ASSIGN_OR_RETURN(const std::vector<std::string> due, EnactDue(now));
    effects.insert(effects.end(), due.begin(), due.end());
  }
  return effects;
}

// Adds the signatures that are known of the same text, and leaves out those that no key of the
// charter made; one that is kept already stays as old as it is.
Status Pipeline::MergeKnown(KeptProposal& chain) const {
  const Registry& registry = core_->registry();
  const policy::Charter& charter = registry.rules()->documents.charter;
  const auto& open = registry.proposals().open;
  for (std::size_t i = 0; i < chain.hashes.size(); ++i) {
    std::string& envelope = chain.envelopes[i];
    ASSIGN_OR_RETURN(envelope, policy::MergeSignatures(envelope, envelope, charter));
    for (const auto& [hash, known] : open) {
      const auto link = std::ranges::find(known.hashes, chain.hashes[i]);
      if (link == known.hashes.end()) continue;
      const auto at = static_cast<std::size_t>(link - known.hashes.begin());
      ASSIGN_OR_RETURN(envelope,
                       policy::MergeSignatures(known.envelopes[at], envelope, charter));
    }
  }
  if (const auto known = open.find(chain.hash()); known != open.end()) {
    chain.first_seen = known->second.first_seen;
  }
  return OkStatus();
}

Status Pipeline::KeepProposal(KeptProposal proposal, Time now) {
  Registry& registry = core_->registry();
  store::Batch batch;
  std::vector<std::string> dropped;
  const auto known = registry.proposals().open.find(proposal.hash());
  if (known == registry.proposals().open.end()) {
    RETURN_IF_ERROR(MakeRoom(proposal, now, batch, dropped));
  } else if (known->second.envelopes == proposal.envelopes) {
    return OkStatus();
  }
  RETURN_IF_ERROR(registry.SaveProposal(batch, proposal));
  RETURN_IF_ERROR(vault_->Commit(batch));
  RETURN_IF_ERROR(syncer_->Barrier());  // before anybody hears that the notice has begun
  for (const std::string& hash : dropped) registry.ForgetProposal(hash);
  registry.TakeProposal(std::move(proposal));
  next_enactment_ = Time{};
  return OkStatus();
}

// One that waits for signatures gives way to a new one; one that has them does not.
Status Pipeline::MakeRoom(const KeptProposal& proposal, Time now, store::Batch& batch,
                          std::vector<std::string>& dropped) {
  Registry& registry = core_->registry();
  std::vector<const KeptProposal*> of_kind;
  for (const auto& [hash, open] : registry.proposals().open) {
    if (open.kind == proposal.kind) of_kind.push_back(&open);
  }
  std::size_t bytes = registry.proposals().bytes() + proposal.bytes();
  std::size_t count = of_kind.size() + 1;
  const auto full = [&] {
    return count > limits::kProposalsPerKindMax || bytes > limits::kProposalsBytesMax;
  };
  std::ranges::sort(of_kind, {}, &KeptProposal::first_seen);
  for (const KeptProposal* open : of_kind) {
    if (!full()) break;
    const auto standing = policy::JudgeChain(open->chain(), registry.stored_payloads(),
                                             registry.VoicesOn(open->hash()), now);
    if (standing.ok() && standing->stage >= policy::Stage::kScheduled) continue;
    RETURN_IF_ERROR(registry.DropProposal(batch, open->hash()));
    dropped.push_back(open->hash());
    --count;
    bytes -= open->bytes();
  }
  if (!full()) return OkStatus();
  return ResourceExhausted("%s: %d proposals, %d bytes with all others, limits %d and %d; they "
                           "have their signatures, so wait until one takes effect",
                           policy::DocumentKindName(proposal.kind), count, bytes,
                           limits::kProposalsPerKindMax, limits::kProposalsBytesMax);
}

}  // namespace gateway::pipeline
