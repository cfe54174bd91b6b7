// The question of a stranger. The input is taken as a signed envelope and, signed again by a party
// whose key the roster lists, as what stands behind the signature. OK comes only with a signature
// that verifies, and no changed bit of it stays OK.
#include <string>

#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/query.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

namespace gateway {
namespace {

using policy::OpenedQuery;
using policy::QueryCode;

const policy::Roster& RosterOfOneParty() {
  static const auto* roster = new policy::Roster{
      .commons = std::string(fuzz::kCommons),
      .version = 1,
      .prev = "",
      .issued = {},
      .expires = {},
      .gateways = {},
      .parties = {{.id = PartyId("city-hall"),
                   .kind = "municipality",
                   .tls = {},
                   .request = {fuzz::PartySigner().public_key()}}}};
  return *roster;
}

OpenedQuery Open(std::string_view bytes) {
  return policy::OpenQuery(bytes, RosterOfOneParty(), fuzz::kNow);
}

// What OK promises, from the bytes alone.
void CheckAccepted(std::string_view bytes, const OpenedQuery& opened) {
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  GW_CHECK(envelope.ok() && envelope->signatures.size() == 1);
  GW_CHECK(envelope->payload_type == crypto::kQueryType);
  GW_CHECK(crypto::VerifySignature(
      fuzz::PartySigner().public_key(),
      crypto::PreAuthEncoding(envelope->payload_type, envelope->payload),
      envelope->signatures[0].signature));
  GW_CHECK(opened.party == PartyId("city-hall"));
  GW_CHECK(opened.query.commons == fuzz::kCommons);
  GW_CHECK(opened.query.hash == crypto::Blake2b256(envelope->payload));
  GW_CHECK(opened.query.issued <= fuzz::kNow + policy::kQueryClockSkewMax);
  GW_CHECK(fuzz::kNow < opened.query.expires);
  GW_CHECK(opened.query.expires - opened.query.issued <= policy::kQueryLifetimeMax);
}

// One question, asked again in our own words, is the same question in the same bytes. One freedom
// is left: a filter of nothing may be absent, and we write its two bytes.
void CheckSayableAgain(const policy::Query& query, std::string_view original) {
  const StatusOr<std::string> payload = policy::BuildQuery(query);
  GW_CHECK(payload.ok());
  GW_CHECK(*payload == original || payload->size() == original.size() + 2);
  const StatusOr<policy::Query> again =
      policy::ReadQuery(policy::SignQuery(*payload, fuzz::PartySigner()));
  GW_CHECK(again.ok());
  const policy::Question& a = query.question;
  const policy::Question& b = again->question;
  GW_CHECK(again->commons == query.commons && again->nonce == query.nonce);
  GW_CHECK(again->issued == query.issued && again->expires == query.expires);
  GW_CHECK(again->answer_pk == query.answer_pk);
  GW_CHECK(a.purpose == b.purpose && a.metric == b.metric && a.rule == b.rule && a.zone == b.zone);
  GW_CHECK(a.bucket == b.bucket && a.from == b.from && a.until == b.until);
}

void OpenAsItIs(std::string_view bytes) {
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  if (envelope.ok()) GW_CHECK(crypto::SerializeEnvelope(*envelope) == bytes);
  const OpenedQuery opened = Open(bytes);
  if (opened.code == QueryCode::kOk) CheckAccepted(bytes, opened);
  GW_CHECK(envelope.ok() || opened.code == QueryCode::kBadRequest);
}

void OpenSigned(std::string_view payload) {
  std::string bytes = policy::SignQuery(std::string(payload), fuzz::PartySigner());
  const OpenedQuery opened = Open(bytes);
  const StatusOr<policy::Query> read = policy::ReadQuery(bytes);
  GW_CHECK(read.ok() == (opened.code != QueryCode::kBadRequest));
  if (!read.ok()) return;
  CheckSayableAgain(*read, payload);
  if (opened.code != QueryCode::kOk) {
    GW_CHECK(opened.code == QueryCode::kWrongCommons || opened.code == QueryCode::kExpired);
    return;
  }
  CheckAccepted(bytes, opened);
  fuzz::FlipOneBit(bytes);
  GW_CHECK(Open(bytes).code != QueryCode::kOk);
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  gateway::fuzz::SilenceProtobuf();
  const std::string_view bytes = gateway::fuzz::Bytes(data, size);
  gateway::OpenAsItIs(bytes);
  gateway::OpenSigned(bytes);
  const auto envelope = gateway::crypto::ParseEnvelope(bytes);
  if (envelope.ok()) gateway::OpenSigned(envelope->payload);
  return 0;
}
