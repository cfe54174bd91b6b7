// What residents and stewards sign about a household or a place: acceptance, confirmation, grant
// (proto/commons/v1/consent.proto in DSSE). Verification returns InvalidArgument if the bytes are
// malformed, PermissionDenied if a signature or a name does not fit. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/policy/charter.h"
#include "gateway/policy/policy.h"

namespace gateway::policy {

struct Invite {
  std::string commons;
  GatewayId gateway;
  SubjectId subject;  // what the household is called in everything residents sign
  std::string nonce;  // 16 bytes
  friend bool operator==(const Invite&, const Invite&) = default;
};
// "commons-invite-v1 <commons> <gateway> <hex subject> <hex nonce>\n": the invite file.
std::string FormatInvite(const Invite& invite);
StatusOr<Invite> ParseInvite(std::string_view text);

struct Acceptance {
  Invite invite;            // the one it answers
  std::string resident_pk;  // 32 bytes; signed the envelope
  Time at;
  std::string hash;  // BLAKE2b-256 of the payload
  // BLAKE2b-256 of the policy that the resident had at hand; empty: none that the resident says.
  std::string policy_seen;
};
// Only checks that the resident signed it, for whoever has no invite to compare with.
StatusOr<Acceptance> ReadAcceptance(std::string_view envelope);
// The acceptance must answer exactly this invite.
StatusOr<Acceptance> VerifyAcceptance(std::string_view envelope, const Invite& invite);

struct Confirmation {
  Time at;
  std::vector<std::string> signers;  // charter labels
};
// The confirmation must list exactly these acceptances, of distinct residents, and be signed by
// the charter's enrolment role.
StatusOr<Confirmation> VerifyConfirmation(std::string_view envelope, const Invite& invite,
                                          const Charter& charter,
                                          std::span<const Acceptance> acceptances);
// The same for a place, whose `nonce` is empty: nobody lives there, so the confirmation must list
// no acceptance at all. A household's lists at least one: neither can stand for the other.
StatusOr<Confirmation> VerifyPlaceConfirmation(std::string_view envelope, const Invite& place,
                                               const Charter& charter);

struct Grant {
  std::string id;  // BLAKE2b-256 of the payload
  std::string commons;
  std::string grantor_pk;  // 32 bytes; signed the envelope
  SubjectId subject;
  std::vector<std::string> metrics, purposes /* IRIs */, recipients;
  uint32_t zone_min = 0;
  Millis bucket_min{0};
  Millis age_min{0};
  Time not_before, not_after;  // both inclusive
  uint64_t seq = 1;
  std::string prev;  // id of the grantor's previous grant; empty for the first
};
// The caller still has to check that grantor_pk is a confirmed adult of the subject's household,
// and the chain of seq and prev.
StatusOr<Grant> VerifyGrant(std::string_view envelope, std::string_view commons);

// Whether the grant's box holds the rule: metric, purpose, every recipient, zone, bucket and age.
bool Covers(const Grant& grant, const ShareRule& rule, const Policy& policy);
// not_before ≤ from and until ≤ not_after.
bool HoldsThrough(const Grant& grant, Time from, Time until);

// Payload bytes to sign, on the resident's and the steward's side. `at` is cut to whole seconds.
// `policy_seen` as in Acceptance.
std::string BuildAcceptance(const Invite& invite, std::string_view resident_pk, Time at,
                            std::string_view policy_seen = "");
std::string BuildConfirmation(const Invite& invite, std::span<const std::string> acceptance_hashes,
                              Time at);
// `grant.id` is ignored; `nonce` is 16 random bytes.
// Returns InvalidArgument if VerifyGrant would refuse the result.
StatusOr<std::string> BuildGrant(const Grant& grant, std::string_view nonce);

}  // namespace gateway::policy
