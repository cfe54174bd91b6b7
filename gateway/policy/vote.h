// What a resident says to a proposed charter or policy: an objection, or, where residents replace
// the stewards of a charter, an approval. Pure. Bytes: one protobuf commons.v1.Vote
// (governance.proto) in a DSSE envelope of type crypto::kVoteType.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/policy/documents.h"

namespace gateway::policy {

enum class Choice { kObject, kApprove };
std::string_view ChoiceName(Choice choice);  // "object", "approve"

struct Vote {
  std::string commons;
  DocumentKind kind = DocumentKind::kPolicy;  // or kCharter; residents do not vote on rosters
  std::string document;  // BLAKE2b-256 of the proposal's payload
  Choice choice = Choice::kObject;
  SubjectId subject;     // the household
  std::string voter_pk;  // Ed25519
  Time at;               // by the resident's clock, whole seconds

  friend bool operator==(const Vote&, const Vote&) = default;
};

// The payload to sign. Returns InvalidArgument if VerifyVote would refuse it.
StatusOr<std::string> BuildVote(const Vote& vote);

// Whether the voter is an adult of that household, and which of two votes is the later, is for
// whoever keeps them.
// Returns PermissionDenied if it is for another commons or not signed by the key it names,
// InvalidArgument if the bytes are no vote.
StatusOr<Vote> VerifyVote(std::string_view envelope, std::string_view commons);

}  // namespace gateway::policy
