// Questions: what a party signs, and whether a gateway may take it. Pure. Bytes: one protobuf
// commons.v1.Query (query.proto) in a DSSE envelope of type crypto::kQueryType, signed by one of
// the party's request keys, which the roster lists and which are not its TLS keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/ids.h"
#include "gateway/policy/decide.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

inline constexpr Millis kQueryLifetimeMax = std::chrono::minutes(5);
// How far a party's clock may be ahead of the gateway's.
inline constexpr Millis kQueryClockSkewMax = std::chrono::minutes(1);

struct Query {
  std::string commons;
  Question question;
  std::string nonce;  // 16 bytes
  Time issued, expires;
  std::string answer_pk;  // X25519, 32 bytes
  std::string hash;       // BLAKE2b-256 of the payload: what an answer refers to
};

// The payload to sign. `hash` is ignored. Returns InvalidArgument if OpenQuery would refuse it.
StatusOr<std::string> BuildQuery(const Query& query);
// The signed envelope of a payload.
std::string SignQuery(std::string payload, const crypto::Signer& signer);

struct OpenedQuery {
  QueryCode code = QueryCode::kBadRequest;
  // Set for kOk, kWrongCommons and kExpired, whose signature and form are good.
  Query query;
  PartyId party;
};
// Who asks what, by the signature alone. Checks, in this order: that it is an envelope of one
// question (BAD_REQUEST), that a request key of the roster signed it (UNKNOWN_PARTY if the envelope
// names none, BAD_SIGNATURE if it names one that did not sign these bytes), the question's form
// (BAD_REQUEST), commons (WRONG_COMMONS), that `now` (real time) is between issue and expiry
// (EXPIRED). Whether it was seen before is for whoever remembers.
OpenedQuery OpenQuery(std::string_view envelope, const Roster& roster, Time now);
// For the asker itself, without a roster: the question in its own envelope.
// Returns InvalidArgument if it is none.
StatusOr<Query> ReadQuery(std::string_view envelope);

}  // namespace gateway::policy
