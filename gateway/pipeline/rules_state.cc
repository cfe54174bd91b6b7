// Pipeline as Commands, the part that says which rules are in force and what is under way.
#include <algorithm>

#include "gateway/crypto/sign.h"
#include "gateway/pipeline/call.h"
#include "gateway/policy/lifecycle.h"

namespace gateway::pipeline {
namespace {

using policy::DocumentKind;

constexpr std::size_t kDifferencesShown = 8;

std::string Name(DocumentKind kind, uint64_t version) {
  return Format("%s: version %d", policy::DocumentKindName(kind), version);
}

std::string ChangeName(const policy::Standing& standing) {
  if (standing.kind == DocumentKind::kRoster) return "roster";
  if (standing.kind == DocumentKind::kCharter) return standing.rotation ? "rotation" : "charter";
  return std::string(policy::OrderName(standing.comparison.order));
}

}  // namespace

port::ChangeRow Pipeline::ChangeOf(const KeptProposal& proposal, Time now) const {
  const Registry& registry = core_->registry();
  const policy::Voices voices = registry.VoicesOn(proposal.hash());
  port::ChangeRow row{.type = std::string(policy::DocumentKindName(proposal.kind)),
                      .version = proposal.version,
                      .hash = proposal.hash(),
                      .stage = std::string(policy::StageName(policy::Stage::kProposed)),
                      .first_seen = proposal.first_seen,
                      .households = voices.households,
                      .objecting = voices.objecting,
                      .approving = voices.approving};
  const auto standing =
      policy::JudgeChain(proposal.chain(), registry.stored_payloads(), voices, now);
  if (!standing.ok()) {
    row.waits_for = Message(standing.status());
    return row;
  }
  row.stage = policy::StageName(standing->stage);
  row.change = ChangeName(*standing);
  for (const policy::Difference& difference : standing->comparison.differences) {
    if (row.differences.size() == kDifferencesShown) break;
    row.differences.push_back(
        Format("%s: %s", policy::OrderName(difference.order), difference.what));
  }
  for (const std::string& id : standing->entrenched) {
    row.differences.push_back(Format("entrenched: %s", id));
  }
  for (const policy::SignatureCount& count : standing->counts) {
    std::string signers;
    for (const std::string& signer : count.signers) {
      signers += (signers.empty() ? "" : ", ") + signer;
    }
    row.signatures.push_back(Format("%s: %d of %d (%s)", count.role, count.signers.size(),
                                    count.needed, signers.empty() ? "nobody" : signers));
  }
  row.due = standing->due;
  row.timed = standing->stage == policy::Stage::kScheduled && standing->due > now;
  row.waits_for = standing->waits_for;
  return row;
}

Status Pipeline::WaitingStatus(const std::vector<std::string>& kept, Time now) const {
  std::string all;
  const auto& open = core_->registry().proposals().open;
  for (const std::string& hash : kept) {
    const auto proposal = open.find(hash);
    if (proposal == open.end()) continue;
    const port::ChangeRow row = ChangeOf(proposal->second, now);
    std::string signatures;
    for (const std::string& text : row.signatures) signatures += "; signatures: " + text;
    all += Format("%s%s is kept as a proposal and does not take effect yet. It is %s%s%s; it waits "
                  "for %s. It takes effect by itself %s",
                  all.empty() ? "" : "\n", Name(proposal->second.kind, row.version), row.change,
                  row.differences.empty() ? "" : Format(" (%s)", row.differences[0]), signatures,
                  row.waits_for,
                  row.timed ? "at " + FormatTime(row.due)
                            : Format("once nothing is missing, at %s at the earliest",
                                     FormatTime(row.due)));
  }
  return all.empty() ? OkStatus() : MakeStatus(StatusCode::kFailedPrecondition, all);
}

std::vector<port::DocumentRow> Pipeline::DocumentRows() const {
  std::vector<port::DocumentRow> rows;
  const Registry& registry = core_->registry();
  if (registry.rules() == nullptr) return rows;
  const policy::Documents& documents = registry.rules()->documents;
  for (const auto& [kind, document] : registry.documents()) {
    const Time expires = kind == DocumentKind::kCharter  ? documents.charter.expires
                         : kind == DocumentKind::kPolicy ? documents.policy.expires
                                                         : documents.roster.expires;
    rows.push_back({.type = std::string(policy::DocumentKindName(kind)),
                    .version = document.version,
                    .hash = document.hash,
                    .payload = document.payload,
                    .signers = document.signers,
                    .expires = expires,
                    .serves_until = expires + documents.charter.grace});
  }
  return rows;
}

StatusOr<std::vector<port::DocumentRow>> Pipeline::ShowDocuments() {
  return Call<StatusOr<std::vector<port::DocumentRow>>>([&] { return DocumentRows(); });
}

StatusOr<port::RulesState> Pipeline::ShowRules() {
  return Call<StatusOr<port::RulesState>>([&] {
    port::RulesState state{.documents = DocumentRows(), .changes = {}, .retired = {}};
    const Proposals& proposals = core_->registry().proposals();
    std::vector<const KeptProposal*> open;
    for (const auto& [hash, proposal] : proposals.open) open.push_back(&proposal);
    std::ranges::sort(open, {}, [](const KeptProposal* proposal) {
      return std::pair(proposal->kind, proposal->first_seen);
    });
    const Time now = clock_.SystemNow();
    for (const KeptProposal* proposal : open) state.changes.push_back(ChangeOf(*proposal, now));
    for (const std::string& key : proposals.retired_keys()) {
      state.retired.push_back(crypto::FormatPublicKey(key));
    }
    return state;
  });
}

}  // namespace gateway::pipeline
