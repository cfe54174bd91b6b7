// From signed envelopes to documents that may be activated. Nothing is believed before enough
// distinct stewards signed the exact bytes, and everything is refused otherwise: no configuration
// turns verification off. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/policy/charter.h"
#include "gateway/policy/lint.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

enum class DocumentKind { kCharter, kPolicy, kRoster };
std::string_view DocumentKindName(DocumentKind kind);  // "charter", "policy", "roster"
// The DSSE payload type of a kind (crypto/dsse.h).
std::string_view PayloadTypeOf(DocumentKind kind);
// What a YAML text claims to be, by its `schema:` line.
StatusOr<DocumentKind> DetectKind(std::string_view yaml);

struct Documents {
  Charter charter;
  Policy policy;
  Roster roster;
};

struct VerifiedDocument {
  DocumentKind kind = DocumentKind::kCharter;
  uint64_t version = 0;
  std::string hash;     // BLAKE2b-256 of the payload, 32 bytes
  std::string payload;  // the exact bytes that were signed
  std::vector<std::string> signers;  // charter labels of the distinct valid signers
};

// The exact payloads in force, "" where there is none yet. They were verified when they were
// stored and are trusted here.
struct StoredDocuments {
  std::string charter, policy, roster;
};

struct Activation {
  Documents documents;                     // all three: new where an envelope was given
  std::vector<VerifiedDocument> accepted;  // one for each envelope
  std::vector<Finding> warnings;
};

// Verifies up to one envelope of each kind, in any order, against what is stored; a kind without
// envelope keeps its stored payload. Nothing is taken unless everything is. For the first documents
// of a gateway: it asks for each role's whole threshold and knows no notice, residents or retired
// keys. How later versions take their place is for lifecycle.h.
// Returns PermissionDenied if signatures are missing, FailedPrecondition if a version is not the
// next one, a document is expired or not active yet, or one of the three is missing, DataLoss if a
// stored version comes with other bytes, InvalidArgument if a document is malformed or lint
// refuses.
StatusOr<Activation> VerifyDocuments(std::span<const std::string> envelopes,
                                     const StoredDocuments& stored, Time now);

// What a party goes by: by whose word, and which gateways there are. It has no use for the policy.
struct Membership {
  Charter charter;
  Roster roster;
};
// The charter is signed by its own stewards, as a first charter is: whoever takes it from the
// co-op's hand vouches for it. The roster is signed as that charter says.
// Returns as VerifyDocuments does.
StatusOr<Membership> VerifyMembership(const std::string& charter, const std::string& roster,
                                      Time now);
// A charter alone, expired or not, for what was signed in its time.
// Returns PermissionDenied if signatures are missing, InvalidArgument if it is malformed.
StatusOr<Charter> VerifyCharter(const std::string& envelope);

// Whether they serve: the policy has begun, and none of the three has been expired for the
// charter's grace. Where they do not, nothing is decided and no party gets an answer.
bool Serve(const Documents& documents, Time now);

// Parses what is in force, e.g. at start. Returns InvalidArgument if a payload is malformed.
StatusOr<Documents> ParseStored(const StoredDocuments& stored);

}  // namespace gateway::policy
