// Registry, the part about changes of the rules that are under way.
#include <algorithm>

#include "gateway/pipeline/registry.h"

namespace gateway::pipeline {

using store::Table;

namespace {

// Of the household's adults, how many say so.
uint32_t Saying(const Household& household, const std::string& proposal, policy::Choice choice) {
  return static_cast<uint32_t>(std::ranges::count_if(
      household.adult_keys, [&](const std::string& adult) {
        return std::ranges::any_of(household.votes, [&](const VoteRecord& record) {
          return record.vote.voter_pk == adult && record.vote.document == proposal &&
                 record.vote.choice == choice;
        });
      }));
}

}  // namespace

policy::Charter Registry::charter() const {
  return policy::WithoutKeys(rules_->documents.charter, proposals_.retired_keys());
}

policy::Voices Registry::VoicesOn(const std::string& proposal) const {
  policy::Voices voices{.retired = proposals_.retired_keys()};
  for (const auto& [id, household] : households_) {
    if (!household.confirmed_at.has_value()) continue;
    ++voices.households;
    if (Saying(household, proposal, policy::Choice::kObject) > 0) ++voices.objecting;
    if (!household.adult_keys.empty() &&
        Saying(household, proposal, policy::Choice::kApprove) == household.adult_keys.size()) {
      ++voices.approving;
    }
  }
  return voices;
}

std::string Registry::ProposalKey(const std::string& hash) const {
  return vault_.RowPseudonym("proposal", hash);
}

Status Registry::SaveProposal(store::Batch& batch, const KeptProposal& proposal) {
  return vault_.PutOwn(batch, Table::kRegistry, ProposalKey(proposal.hash()),
                       EncodeProposal(proposal));
}

void Registry::TakeProposal(KeptProposal proposal) {
  std::string hash = proposal.hash();
  proposals_.open[std::move(hash)] = std::move(proposal);
}

Status Registry::DropProposal(store::Batch& batch, const std::string& hash) {
  batch.Delete(Table::kRegistry, ProposalKey(hash));
  return SaveWithoutVotes(batch, {hash});
}

void Registry::ForgetProposal(const std::string& hash) {
  proposals_.open.erase(hash);
  for (auto& [id, household] : households_) {
    std::erase_if(household.votes,
                  [&](const VoteRecord& record) { return record.vote.document == hash; });
  }
}

Status Registry::SaveRetired(store::Batch& batch, const std::vector<KeptRetirement>& retired) {
  return vault_.PutOwn(batch, Table::kRegistry, vault_.RowPseudonym("rules", "retired"),
                       EncodeRetired(retired));
}

Status Registry::SaveWithoutVotes(store::Batch& batch, const std::set<std::string>& ended) {
  const auto is_over = [&](const VoteRecord& record) {
    return ended.contains(record.vote.document);
  };
  for (const auto& [id, household] : households_) {
    if (!std::ranges::any_of(household.votes, is_over)) continue;
    Household changed = household;
    std::erase_if(changed.votes, is_over);
    RETURN_IF_ERROR(SaveHousehold(batch, changed));
  }
  return OkStatus();
}

Status Registry::SaveEnds(store::Batch& batch, const policy::Activation& activation) {
  std::set<std::string> ended;
  for (const policy::VerifiedDocument& accepted : activation.accepted) {
    for (const auto& [hash, open] : proposals_.open) {
      if (open.kind != accepted.kind) continue;
      KeptProposal rest = open;
      if (!Outlives(rest, accepted.version, accepted.hash)) {
        ended.insert(hash);
        batch.Delete(Table::kRegistry, ProposalKey(hash));
      } else if (rest.hashes.size() < open.hashes.size()) {
        RETURN_IF_ERROR(SaveProposal(batch, rest));
      }
    }
  }
  return SaveWithoutVotes(batch, ended);
}

}  // namespace gateway::pipeline
