// Retractions: stewards' word that a released cell is wrong. Nothing replaces the cell; it stays as
// it was, with the mark. Pure. Bytes: one protobuf commons.v1.Retraction (query.proto) in a DSSE
// envelope of type crypto::kRetractionType.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/policy/charter.h"

namespace gateway::policy {

struct Retraction {
  std::string commons;
  GatewayId gateway;
  RuleId rule;
  ZoneId zone;
  Time start;             // of the cell's window
  std::string cell_hash;  // BLAKE2b-256 of the cell's bytes, 32 bytes
  std::string reason;
  Time at;  // by the steward's clock
  friend bool operator==(const Retraction&, const Retraction&) = default;
};

// "wrong-readings", "wrong-rules" or "other". No free text: it would stay in the log for ever.
bool IsRetractionReason(std::string_view reason);

// The payload to sign. Returns InvalidArgument if VerifyRetraction would refuse it.
StatusOr<std::string> BuildRetraction(const Retraction& retraction);

struct VerifiedRetraction {
  Retraction retraction;
  // With the signatures that counted and no other: what nobody vouches for must not reach the log.
  std::string envelope;
};
// One key of the charter's policy role is enough: a wrong figure must be marked soon, and a mark
// opens nothing to anybody.
// Returns PermissionDenied if none of those keys signed it or it is for another commons or gateway,
// InvalidArgument if the bytes are no retraction.
StatusOr<VerifiedRetraction> VerifyRetraction(std::string_view envelope, const Charter& charter,
                                              const GatewayId& gateway);

}  // namespace gateway::policy
