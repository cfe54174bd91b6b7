#include "gateway/port/door.h"

namespace gateway::port {

std::string_view DoorCodeName(DoorCode code) {
  switch (code) {
    case DoorCode::kAdmitted:
      return "admitted";
    case DoorCode::kUnknownDevice:
      return "unknown-device";
    case DoorCode::kOtherProfile:
      return "other-profile";
    case DoorCode::kHouseholdUnconfirmed:
      return "household-unconfirmed";
    case DoorCode::kPlaceUnconfirmed:
      return "place-unconfirmed";
    case DoorCode::kNoCollectRule:
      return "no-collect-rule";
    case DoorCode::kWrongProfile:
      return "wrong-profile";
    case DoorCode::kNoRetainRule:
      return "no-retain-rule";
    case DoorCode::kWrongOwner:
      return "wrong-owner";
    case DoorCode::kRetained:
      return "retained";
    case DoorCode::kCoarsened:
      return "coarsened";
    case DoorCode::kMalformed:
      return "malformed";
    case DoorCode::kNotANumber:
      return "not-a-number";
    case DoorCode::kOversized:
      return "oversized";
    case DoorCode::kUnknownUnit:
      return "unknown-unit";
    case DoorCode::kOutOfRange:
      return "out-of-range";
    case DoorCode::kBadTime:
      return "bad-time";
    case DoorCode::kNoTime:
      return "no-time";
    case DoorCode::kFuture:
      return "future";
    case DoorCode::kImplausible:
      return "implausible";
    case DoorCode::kStep:
      return "step";
    case DoorCode::kWrongDevice:
      return "wrong-device";
    case DoorCode::kCount:
      break;
  }
  return "unknown";
}

std::optional<DoorCode> DoorCodeOf(std::string_view name) {
  for (uint8_t i = 0; i < static_cast<uint8_t>(DoorCode::kCount); ++i) {
    const auto code = static_cast<DoorCode>(i);
    if (DoorCodeName(code) == name) return code;
  }
  return std::nullopt;
}

bool IsDenied(DoorCode code) {
  return code >= DoorCode::kUnknownDevice && code <= DoorCode::kCoarsened;
}

bool IsQuarantined(DoorCode code) {
  return code >= DoorCode::kMalformed && code < DoorCode::kCount;
}

}  // namespace gateway::port
