// Changes of the rules that are under way: proposed documents with the signatures they have so far,
// and keys that stewards retired. Rows of the registry, docs/formats.md §registry. What residents
// say is in their household's own row, under its key: registry.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/policy/lifecycle.h"

namespace gateway::pipeline {

// One document, or several versions of one kind that follow each other, of a gateway that was away.
struct KeptProposal {
  policy::DocumentKind kind = policy::DocumentKind::kPolicy;
  uint64_t version = 0;                // of the last
  std::vector<std::string> hashes;     // of the payloads, oldest first; the last one names it
  std::vector<std::string> envelopes;  // beside `hashes`
  Time first_seen;                     // by this gateway, durably

  const std::string& hash() const { return hashes.back(); }
  uint64_t first_version() const { return version + 1 - hashes.size(); }
  std::size_t bytes() const;
  std::vector<policy::Proposal> chain() const;  // for policy::JudgeChain
};

struct KeptRetirement {
  std::string key;  // Ed25519
  std::string envelope;
};

// Plain data; who may change it is Registry's business.
struct Proposals {
  std::map<std::string, KeptProposal> open;  // by hash
  std::vector<KeptRetirement> retired;

  std::vector<std::string> retired_keys() const;
  std::size_t bytes() const;
};

// What becomes of an open proposal when `version` of its kind takes effect, whose payload has this
// hash: links of its chain that are in force now are cut off. False if it is cancelled: it is that
// version or follows another one.
bool Outlives(KeptProposal& proposal, uint64_t version, std::string_view hash);

std::string EncodeProposal(const KeptProposal& proposal);
// Return DataLoss if the bytes are malformed.
StatusOr<KeptProposal> DecodeProposal(std::string_view bytes);
std::string EncodeRetired(const std::vector<KeptRetirement>& retired);
StatusOr<std::vector<KeptRetirement>> DecodeRetired(std::string_view bytes);

}  // namespace gateway::pipeline
