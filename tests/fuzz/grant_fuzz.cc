// What a resident signs: the input is taken as a signed envelope and, signed by a resident, as what
// stands behind the signature. A grant that is believed is signed by its grantor, reads back as it was
// said, covers only what it names, and no changed bit of it stays the same grant.
#include <algorithm>
#include <string>

#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/grant.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

namespace gateway {
namespace {

using policy::Grant;

// Residents sign as parties do: one key of the world is enough for both.
const crypto::Signer& Resident() { return fuzz::PartySigner(); }

std::string SignedByResident(std::string_view type, std::string_view payload) {
  crypto::Envelope envelope{std::string(type), std::string(payload), {}};
  crypto::SignEnvelope(envelope, Resident());
  return crypto::SerializeEnvelope(envelope);
}

void CheckSigned(std::string_view bytes, std::string_view type, const std::string& key) {
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  GW_CHECK(envelope.ok() && envelope->payload_type == type);
  GW_CHECK(std::ranges::any_of(envelope->signatures, [&](const auto& signature) {
    return crypto::VerifySignature(
        key, crypto::PreAuthEncoding(envelope->payload_type, envelope->payload),
        signature.signature);
  }));
}

void CheckCovers(const Grant& grant) {
  const policy::Policy& policy = fuzz::Commons().policy;
  for (const policy::ShareRule& rule : policy.share) {
    if (!policy::Covers(grant, rule, policy)) continue;
    GW_CHECK(std::ranges::find(grant.metrics, rule.metric.value()) != grant.metrics.end());
    for (const std::string& party : rule.to) {
      GW_CHECK(std::ranges::find(grant.recipients, party) != grant.recipients.end());
    }
  }
}

// The nonce is no part of a Grant, and no part of what it means.
void CheckSayableAgain(const Grant& grant) {
  const StatusOr<std::string> payload = policy::BuildGrant(grant, std::string(16, 'n'));
  GW_CHECK(payload.ok());
  if (grant.grantor_pk != Resident().public_key()) return;
  const StatusOr<Grant> again =
      policy::VerifyGrant(SignedByResident(crypto::kGrantType, *payload), fuzz::kCommons);
  GW_CHECK(again.ok() && again->subject == grant.subject && again->seq == grant.seq);
  GW_CHECK(again->metrics == grant.metrics && again->purposes == grant.purposes);
  GW_CHECK(again->recipients == grant.recipients && again->zone_min == grant.zone_min);
  GW_CHECK(again->bucket_min == grant.bucket_min && again->age_min == grant.age_min);
  GW_CHECK(again->not_before == grant.not_before && again->not_after == grant.not_after);
}

void ReadGrant(std::string bytes) {
  const StatusOr<Grant> grant = policy::VerifyGrant(bytes, fuzz::kCommons);
  if (!grant.ok()) {
    GW_CHECK(grant.status().code() == StatusCode::kInvalidArgument ||
             grant.status().code() == StatusCode::kPermissionDenied);
    return;
  }
  GW_CHECK(grant->commons == fuzz::kCommons && grant->not_before < grant->not_after);
  CheckSigned(bytes, crypto::kGrantType, grant->grantor_pk);
  CheckCovers(*grant);
  CheckSayableAgain(*grant);
  fuzz::FlipOneBit(bytes);
  const StatusOr<Grant> changed = policy::VerifyGrant(bytes, fuzz::kCommons);
  // Signatures that do not count are nobody's, and may be changed.
  GW_CHECK(!changed.ok() || changed->id == grant->id);
}

void ReadAcceptance(const std::string& bytes) {
  const StatusOr<policy::Acceptance> acceptance = policy::ReadAcceptance(bytes);
  if (!acceptance.ok()) return;
  CheckSigned(bytes, crypto::kAcceptanceType, acceptance->resident_pk);
  const StatusOr<policy::Acceptance> again = policy::VerifyAcceptance(bytes, acceptance->invite);
  GW_CHECK(again.ok() && again->hash == acceptance->hash);
  const StatusOr<policy::Invite> invite =
      policy::ParseInvite(policy::FormatInvite(acceptance->invite));
  GW_CHECK(invite.ok() && *invite == acceptance->invite);
}

void ReadInvite(std::string_view text) {
  const StatusOr<policy::Invite> invite = policy::ParseInvite(text);
  if (!invite.ok()) return;
  const StatusOr<policy::Invite> again = policy::ParseInvite(policy::FormatInvite(*invite));
  GW_CHECK(again.ok() && *again == *invite);
}

void ReadSigned(std::string_view payload) {
  ReadGrant(SignedByResident(crypto::kGrantType, payload));
  ReadAcceptance(SignedByResident(crypto::kAcceptanceType, payload));
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  gateway::fuzz::SilenceProtobuf();
  const std::string_view bytes = gateway::fuzz::Bytes(data, size);
  gateway::ReadInvite(bytes);
  gateway::ReadGrant(std::string(bytes));
  gateway::ReadAcceptance(std::string(bytes));
  gateway::ReadSigned(bytes);
  const auto envelope = gateway::crypto::ParseEnvelope(bytes);
  if (envelope.ok()) gateway::ReadSigned(envelope->payload);
  return 0;
}
