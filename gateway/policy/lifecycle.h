// How the three documents change: who must sign, how long everybody can see it coming, what
// residents can say against it. Each gateway works this out for itself, from what it has verified
// and when it first durably saw it; nothing that a document says about itself is believed. Pure.
//
// DRAFT → PROPOSED (signed, seen) → (OBJECTED) → SCHEDULED (enough signatures, the notice runs)
//       → ACTIVE → SUPERSEDED; a proposal is CANCELLED when another version takes its place
//
//   change                      signatures                          notice
//   policy, tighter or equal    roles.policy.tighten                none
//     but expiring later        roles.policy.threshold              none
//   policy, looser              roles.policy.threshold              delays.looser
//   policy, incomparable        roles.policy.threshold              delays.incomparable
//   an entrenched rule          these, and roles.charter.threshold  delays.entrenched, if longer
//   charter, a rotation         the old and the new threshold       none
//   charter                     the old and the new threshold       delays.charter
//   charter, by an assembly     the new threshold, and residents    assembly.notice
//   roster                      roles.roster.threshold              none
// All numbers are those of the charter in force, one vote for each distinct public key. A rotation
// changes nothing but dates, keys and the roles' keys: lost keys must not stay in force for a
// month. A charter that drops an id from `entrenched`, or shortens delays.entrenched, takes no less
// than that long: else it would be the shorter way.
//
// If objection.quorum_pct of the households object to a change that has a notice, it needs
// objection.threshold signatures of the role, where that is more, and objection.extra more notice.
// An assembly's is the residents' own and cannot be objected to.
// A document takes effect at the latest of: its own `activates`, when this gateway first saw it
// plus the notice, and the last missing signature. While a document in force is expired, nothing
// looser takes effect (an assembly's charter does); once the charter is past its grace, nothing but
// another charter. Retired keys count for nothing; a role that they leave below its threshold is
// frozen until the charter rotates, and a charter role that is frozen only an assembly can replace.
// The first documents of a gateway are taken as they come (VerifyDocuments): whoever installs it
// vouches for them.
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

enum class Stage { kProposed, kObjected, kScheduled, kDue };
std::string_view StageName(Stage stage);  // "proposed", "objected", "scheduled", "due"

// The signatures of one role.
struct SignatureCount {
  std::string role;                  // "policy", "charter in force", …: for people
  std::vector<std::string> signers;  // labels of the distinct valid signers that count
  uint32_t needed = 0;

  bool met() const { return signers.size() >= needed; }
};

// Where a proposal stands.
struct Standing {
  Stage stage = Stage::kProposed;
  DocumentKind kind = DocumentKind::kPolicy;
  uint64_t version = 0;
  std::string hash;                    // of the payload
  Comparison comparison;               // with what is in force (policy only)
  std::vector<std::string> entrenched; // ids that it touches
  bool rotation = false;               // a charter that is one
  std::vector<SignatureCount> counts;  // all of them must be met
  bool by_assembly = false;  // the approval of residents stands for the charter in force's signatures
  bool objected = false;     // by enough households to count
  Time first_seen;           // by this gateway, durably
  Millis notice{0};
  Time due;                  // the earliest moment it can take effect
  std::string waits_for;     // for people; empty if due
};

struct Proposal {
  std::string envelope;  // serialised; signatures are merged by whoever keeps it
  Time first_seen;
};

// Judges one proposal against what is in force, all three of which must be there. The documents
// that it would make, with the others in force beside it, go through the same verification and lint
// as ever: what could never be activated is no proposal.
// Returns PermissionDenied without any valid signature of a role that counts, FailedPrecondition if
// the version is not the next one, the role is frozen, or the document is expired when it could
// take effect; DataLoss if the version in force comes with other bytes, InvalidArgument if it is
// malformed or lint refuses.
StatusOr<Standing> Judge(const Proposal& proposal, const StoredDocuments& stored,
                         const Voices& voices, Time now);

// A chain of envelopes of one kind, oldest first, that leads from the stored version to the newest:
// each is verified in full (signatures, succession, lint), none is skipped. For a gateway that was
// away: those before the last need all their signatures. The notice is that of the whole change,
// from what is in force here to the last one, and counts from when the last was first seen.
// Returns as Judge does, and names the version that fails; PermissionDenied if one before the last
// lacks signatures, InvalidArgument for an empty chain or one of several kinds.
StatusOr<Standing> JudgeChain(std::span<const Proposal> chain, const StoredDocuments& stored,
                              const Voices& voices, Time now);

// What a chain that is due makes of the documents in force; only its last one is in `accepted`.
// Returns as JudgeChain does, and FailedPrecondition with what it waits for if it is not due.
StatusOr<Activation> Enact(std::span<const Proposal> chain, const StoredDocuments& stored,
                           const Voices& voices, Time now);

// The envelope with the signatures of both: for each key of the charter in force, and of the new
// charter if it is one, one valid signature if there is any, and no others. So nobody can fill it.
// Returns InvalidArgument if one is no envelope or they are not around the same text of one kind.
StatusOr<std::string> MergeSignatures(std::string_view envelope, std::string_view more,
                                      const Charter& in_force);

// Whether the two charters differ in nothing but version, prev, dates, keys and the roles' keys and
// do not lower a threshold.
bool IsRotation(const Charter& before, const Charter& after);

// A sentence, with the remedy, for each document in force that expires within `ahead` or has
// expired.
std::vector<std::string> ExpiryWarnings(const Documents& documents, Time now, Millis ahead);

// The charter with retired keys in none of its roles.
Charter WithoutKeys(Charter charter, std::span<const std::string> retired);

}  // namespace gateway::policy
