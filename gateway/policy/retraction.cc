#include "gateway/policy/retraction.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "commons/v1/query.pb.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/reader.h"

namespace gateway::policy {
namespace {

namespace v1 = ::commons::v1;
using std::chrono::seconds;

constexpr uint32_t kSchema = 1;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kPayloadBytesMax = 1024;
constexpr int64_t kSecondsEnd = 253'402'300'800;  // year 10000
constexpr std::array<std::string_view, 3> kReasons = {"wrong-readings", "wrong-rules", "other"};

bool IsTime(int64_t s) { return s >= 0 && s < kSecondsEnd; }
int64_t ToSeconds(Time time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

Status CheckForm(const v1::Retraction& message) {
  if (message.schema() != kSchema) {
    return InvalidArgument("retraction: schema %d, known is %d", message.schema(), kSchema);
  }
  for (const std::string* name :
       {&message.commons(), &message.gateway(), &message.rule(), &message.zone()}) {
    RETURN_IF_ERROR(Annotate(ReadId(*name).status(), "retraction: commons, gateway, rule, zone"));
  }
  if (message.cell_hash().size() != kHashBytes) {
    return InvalidArgument("retraction: a cell's hash of %d bytes, must be %d",
                           message.cell_hash().size(), kHashBytes);
  }
  if (!IsRetractionReason(message.reason())) {
    return InvalidArgument("retraction: the reason must be wrong-readings, wrong-rules or other");
  }
  if (!IsTime(message.start_s()) || !IsTime(message.at_s())) {
    return InvalidArgument("retraction: a time before 1970 or after 9999");
  }
  return OkStatus();
}

v1::Retraction ToMessage(const Retraction& retraction) {
  v1::Retraction message;
  message.set_schema(kSchema);
  message.set_commons(retraction.commons);
  message.set_gateway(retraction.gateway.value());
  message.set_rule(retraction.rule.value());
  message.set_zone(retraction.zone.value());
  message.set_start_s(ToSeconds(retraction.start));
  message.set_cell_hash(retraction.cell_hash);
  message.set_reason(retraction.reason);
  message.set_at_s(ToSeconds(retraction.at));
  return message;
}

StatusOr<Retraction> Parse(const std::string& payload) {
  v1::Retraction message;
  if (payload.size() > kPayloadBytesMax ||
      !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return InvalidArgument("retraction: malformed");
  }
  RETURN_IF_ERROR(CheckForm(message));
  Retraction retraction{.commons = message.commons(),
                        .gateway = GatewayId(message.gateway()),
                        .rule = RuleId(message.rule()),
                        .zone = ZoneId(message.zone()),
                        .start = Time(seconds(message.start_s())),
                        .cell_hash = message.cell_hash(),
                        .reason = message.reason(),
                        .at = Time(seconds(message.at_s()))};
  // Unknown fields and other spellings could carry what nobody checked into the log.
  if (ToMessage(retraction).SerializeAsString() != payload) {
    return InvalidArgument("retraction: not the bytes that `commons cell retract` signs");
  }
  return retraction;
}

}  // namespace

bool IsRetractionReason(std::string_view reason) {
  return std::ranges::find(kReasons, reason) != kReasons.end();
}

StatusOr<std::string> BuildRetraction(const Retraction& retraction) {
  const v1::Retraction message = ToMessage(retraction);
  RETURN_IF_ERROR(CheckForm(message));
  if (Time(seconds(message.start_s())) != retraction.start) {
    return InvalidArgument("retraction: the window's start is no whole second");
  }
  return message.SerializeAsString();
}

StatusOr<VerifiedRetraction> VerifyRetraction(std::string_view envelope_bytes,
                                              const Charter& charter, const GatewayId& gateway) {
  ASSIGN_OR_RETURN(crypto::Envelope envelope, crypto::ParseEnvelope(envelope_bytes));
  if (envelope.payload_type != crypto::kRetractionType) {
    return InvalidArgument("retraction: the envelope holds another kind of document");
  }
  const std::vector<std::string> stewards = PublicKeysOf(charter, charter.policy);
  std::vector<crypto::EnvelopeSignature> counted;
  for (const std::string& steward : stewards) {
    for (const crypto::EnvelopeSignature& signature : envelope.signatures) {
      if (!crypto::VerifySignature(
              steward, crypto::PreAuthEncoding(envelope.payload_type, envelope.payload),
              signature.signature)) {
        continue;
      }
      counted.push_back({.keyid = crypto::KeyId(steward), .signature = signature.signature});
      break;
    }
  }
  if (counted.empty()) {
    return PermissionDenied("retraction: not signed by a key of the charter's policy role");
  }
  ASSIGN_OR_RETURN(Retraction retraction, Parse(envelope.payload));
  if (retraction.commons != charter.commons || retraction.gateway != gateway) {
    return PermissionDenied("retraction: is for gateway \"%s\" of commons \"%s\"",
                            retraction.gateway.value(), retraction.commons);
  }
  envelope.signatures = std::move(counted);
  return VerifiedRetraction{.retraction = std::move(retraction),
                            .envelope = crypto::SerializeEnvelope(envelope)};
}

}  // namespace gateway::policy
