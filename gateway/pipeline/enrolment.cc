#include "gateway/pipeline/enrolment.h"

#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"

namespace gateway::pipeline {
namespace {

constexpr std::size_t kLabelBytesMax = 64;

}  // namespace

Status CheckLabel(std::string_view what, std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax) {
    return InvalidArgument("%s id: %d bytes, must be 1 to %d", what, label.size(), kLabelBytesMax);
  }
  for (const char c : label) {
    if (static_cast<uint8_t>(c) <= 0x20 || c == 0x7f || c == '/' || c == '+' || c == '#') {
      return InvalidArgument("%s id: must not hold spaces, control characters, '/', '+' or '#'",
                             what);
    }
  }
  return OkStatus();
}

Status CheckClaim(std::string_view claim) {
  if (claim.empty() || claim.size() > limits::kClaimBytesMax) {
    return InvalidArgument("claim: %d bytes, must be 1 to %d", claim.size(),
                           limits::kClaimBytesMax);
  }
  for (const char c : claim) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f || c == '+' || c == '#' || c == '*') {
      return InvalidArgument("claim: must not hold control characters, '+', '#' or '*'");
    }
  }
  return OkStatus();
}

Status CheckProfileId(std::string_view profile) {
  if (IsDocumentId(profile)) return OkStatus();
  return InvalidArgument(
      "profile: an id is a lower-case letter, then at most 47 of a-z, 0-9 and '-'");
}

std::string RandomBase32(std::size_t bytes) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text;
  uint32_t bits = 0, held = 0;
  for (const char c : crypto::RandomBytes(bytes)) {
    held = held << 8 | static_cast<uint8_t>(c);
    for (bits += 8; bits >= 5; bits -= 5) text += kDigits[held >> (bits - 5) & 31];
  }
  if (bits > 0) text += kDigits[held << (5 - bits) & 31];
  return text;
}

Status CheckZone(const policy::Documents& documents, const GatewayId& gateway,
                 const std::string& zone) {
  const policy::RosterGateway* self = documents.roster.FindGateway(gateway);
  const policy::Zone* own = self == nullptr ? nullptr : documents.policy.FindZone(self->zone);
  if (documents.policy.FindZone(ZoneId(zone)) == nullptr || own == nullptr) {
    return InvalidArgument("zone \"%s\": the policy has no such zone", zone);
  }
  const StatusOr<ZoneId> ancestor =
      documents.policy.AncestorAt(ZoneId(zone), documents.policy.zone_levels[own->level]);
  if (!ancestor.ok() || *ancestor != own->id) {
    return InvalidArgument("zone \"%s\": not within \"%s\", which this gateway serves", zone,
                           own->id.value());
  }
  return OkStatus();
}

}  // namespace gateway::pipeline
