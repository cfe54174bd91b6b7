// DSSE envelopes (github.com/secure-systems-lab/dsse, protocol 1.0) with raw Ed25519 over the
// exact payload bytes. The payload is parsed only after verification.
//
// Wire form: protobuf {1 payload_type, 2 payload, 3 repeated {1 keyid, 2 sig}}, all bytes, in
// canonical form: fields in this order, each but 3 at most once, empty ones left out, shortest
// lengths, nothing else. keyid is KeyId (hash.h).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"

namespace gateway::crypto {

inline constexpr std::size_t kEnvelopeBytesMax = 512u << 10;
inline constexpr std::size_t kSignaturesMax = 64;

struct EnvelopeSignature {
  std::string keyid;  // a hint only
  std::string signature;
};

struct Envelope {
  std::string payload_type;
  std::string payload;
  std::vector<EnvelopeSignature> signatures;
};

// Payload types, part of what is signed, so that no document can be replayed as another kind.
inline constexpr std::string_view kCharterType = "application/vnd.commons.charter.v1+yaml";
inline constexpr std::string_view kPolicyType = "application/vnd.commons.policy.v1+yaml";
inline constexpr std::string_view kRosterType = "application/vnd.commons.roster.v1+yaml";
inline constexpr std::string_view kGrantType = "application/vnd.commons.grant.v1+protobuf";
inline constexpr std::string_view kAcceptanceType =
    "application/vnd.commons.acceptance.v1+protobuf";
inline constexpr std::string_view kConfirmationType =
    "application/vnd.commons.confirmation.v1+protobuf";
inline constexpr std::string_view kRetractionType =
    "application/vnd.commons.retraction.v1+protobuf";
inline constexpr std::string_view kQueryType = "application/vnd.commons.query.v1+protobuf";
inline constexpr std::string_view kAnswerType = "application/vnd.commons.answer.v1+protobuf";
inline constexpr std::string_view kReceiptType = "application/vnd.commons.receipt.v1+protobuf";
inline constexpr std::string_view kVoteType = "application/vnd.commons.vote.v1+protobuf";
inline constexpr std::string_view kRetirementType =
    "application/vnd.commons.retirement.v1+protobuf";
inline constexpr std::string_view kBackupType = "application/vnd.commons.backup.v1";

std::string PreAuthEncoding(std::string_view type, std::string_view payload);

std::string SerializeEnvelope(const Envelope& envelope);
// Returns InvalidArgument if the bytes are no envelope, exceed kEnvelopeBytesMax or
// kSignaturesMax, or are not in the canonical form above.
StatusOr<Envelope> ParseEnvelope(std::string_view bytes);

// Adds `signer`'s signature; if it is there already, nothing changes.
void SignEnvelope(Envelope& envelope, const Signer& signer);

// The distinct public keys among `trusted` with a valid signature, in `trusted`'s order. One vote
// per public key, however often it signed or is listed; unknown and invalid signatures are ignored.
std::vector<std::string> ValidSigners(const Envelope& envelope,
                                      std::span<const std::string> trusted);

}  // namespace gateway::crypto
