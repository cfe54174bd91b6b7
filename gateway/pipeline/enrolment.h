// What every enrolment checks: how the operator names things, and where they may be. Internal to
// gateway/pipeline.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/policy/documents.h"

namespace gateway::pipeline {

// Operators' labels and device ids: one topic level, so that a device can be named in a topic.
// Returns InvalidArgument if it is none.
Status CheckLabel(std::string_view what, std::string_view label);

// What topics and payloads call a device: at most kClaimBytesMax bytes without wildcards.
Status CheckClaim(std::string_view claim);
Status CheckProfileId(std::string_view profile);

// `bytes` random bytes in lower-case Base32 (RFC 4648) without padding: to be typed by hand.
std::string RandomBase32(std::size_t bytes);

// Returns InvalidArgument unless `zone` lies in the zone that the roster gives to `gateway`.
Status CheckZone(const policy::Documents& documents, const GatewayId& gateway,
                 const std::string& zone);

}  // namespace gateway::pipeline
