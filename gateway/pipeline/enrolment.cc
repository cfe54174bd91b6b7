#include "gateway/pipeline/enrolment.h"

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
