// How the three documents change: who must sign, how long everybody can see it coming, what residents
// can say against it. Each gateway works this out for itself, from what it has verified and when it
// first durably saw it; nothing that a document says about itself is believed. Pure.
//
// DRAFT → PROPOSED (signed, seen) → (OBJECTED) → SCHEDULED (enough signatures, the notice runs)
//       → ACTIVE → SUPERSEDED; a proposal ends as CANCELLED when another version takes its place
//
//   change                      signatures                       notice
//   policy, tighter or equal    roles.policy.tighten             none
//   policy, looser              roles.policy.threshold           delays.looser
//   policy, incomparable        roles.policy.threshold           delays.incomparable
//   an entrenched rule          roles.charter.threshold, too     delays.entrenched
//   charter                     the old and the new threshold    delays.charter
//   charter, by an assembly     the new threshold, and residents assembly.notice
//   roster                      roles.roster.threshold           none
// If objection.quorum_pct of the households object: objection.threshold signatures, notice + extra.
// A charter that changes nothing but dates, keys and the roles' keys (a rotation) has no notice: lost
// keys must not stay in force for a month. A retired key counts for nothing from then on.
// The first documents of a gateway are taken as they come: whoever installs it vouches for them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/policy/compare.h"
#include "gateway/policy/documents.h"

namespace gateway::policy {

// What residents and stewards have said so far, already verified by whoever keeps it.
struct Voices {
  std::vector<std::string> retired;  // public keys of stewards that count for nothing any more
  uint32_t households = 0;           // of this gateway, confirmed
  uint32_t objecting = 0;            // of them, with an adult who objects to this very proposal
  uint32_t approving = 0;            // of them, with all adults who approve this very charter
};

enum class Stage { kProposed, kObjected, kScheduled, kDue, kCancelled };
std::string_view StageName(Stage stage);  // "proposed", "objected", "scheduled", "due", "cancelled"

// Where a proposal stands.
struct Standing {
  Stage stage = Stage::kProposed;
  DocumentKind kind = DocumentKind::kPolicy;
  uint64_t version = 0;
  std::string hash;  // of the payload
  Comparison comparison;                 // with what is in force (policy only)
  std::vector<std::string> entrenched;   // ids that it touches
  std::vector<std::string> signers;      // labels of distinct valid signers that count
  uint32_t needed = 0;                   // so many of them
  bool by_assembly = false;              // the residents' way is the one that is open
  Time first_seen;                       // by this gateway, durably
  Time due;                              // earliest moment it can take effect: max(activates,
                                         // first_seen + notice)
  std::string waits_for;                 // for people; empty if due
};

struct Proposal {
  std::string envelope;  // serialised; signatures are merged by whoever keeps it
  Time first_seen;
};

// Judges one proposal against what is in force. The documents that it would make, with those in force
// beside it, go through the same verification and lint as ever: what could never be activated is no
// proposal.
// Returns PermissionDenied without any valid signature of the role, FailedPrecondition if the version
// is not the next one, DataLoss if a version in force comes with other bytes, InvalidArgument if it is
// malformed or lint refuses.
StatusOr<Standing> Judge(const Proposal& proposal, const StoredDocuments& stored,
                         const Voices& voices, Time now);

// A chain of envelopes of one kind, oldest first, that leads from the stored version to the newest:
// each is verified in full (signatures, succession, lint), none is skipped. For a gateway that was away.
// The notice is that of the whole change: from what is in force here to the last one.
// Returns as Judge does, and names the version that fails.
StatusOr<Standing> JudgeChain(std::span<const Proposal> chain, const StoredDocuments& stored,
                              const Voices& voices, Time now);

// Whether the two charters differ in nothing but version, prev, dates, keys and the roles' keys and
// do not lower a threshold.
bool IsRotation(const Charter& before, const Charter& after);

}  // namespace gateway::policy
