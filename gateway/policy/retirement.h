// A steward retires their own key: from the moment a gateway has durably seen it, that key counts
// for nothing there, whatever it signed before, for ever. Nobody can retire another's key. Pure.
// Bytes: one protobuf commons.v1.Retirement (governance.proto) in a DSSE envelope of type
// crypto::kRetirementType.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::policy {

struct Retirement {
  std::string commons;
  std::string key;  // Ed25519, 32 bytes
  Time at;          // by the steward's clock, whole seconds

  friend bool operator==(const Retirement&, const Retirement&) = default;
};

// The payload to sign. Returns InvalidArgument if VerifyRetirement would refuse it.
StatusOr<std::string> BuildRetirement(const Retirement& retirement);

// Whether the key is a steward's is for whoever keeps it.
// Returns PermissionDenied if it is for another commons or not signed by the key it names,
// InvalidArgument if the bytes are no retirement.
StatusOr<Retirement> VerifyRetirement(std::string_view envelope, std::string_view commons);

}  // namespace gateway::policy
