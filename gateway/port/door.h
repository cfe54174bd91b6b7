// The codes of the door: what happened to one observation between the broker and the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gateway::port {

enum class DoorCode : uint8_t {
  kAdmitted = 0,
  // Denied: the rules said no.
  kUnknownDevice,       // no such device is enrolled
  kOtherProfile,        // a device of that id is enrolled, with another profile: who is this?
  kHouseholdUnconfirmed,  // the household has not accepted, or no steward has confirmed
  kPlaceUnconfirmed,    // no steward has confirmed the place
  kNoCollectRule,       // no `collect` rule names the metric
  kWrongProfile,        // the `collect` rule names another profile than the device's
  kNoRetainRule,        // no `retain` rule says how long: data without one is not stored
  kWrongOwner,          // a household's metric from a place's device, or the other way round
  kRetained,            // a stale value that the broker kept
  kCoarsened,           // the `collect` rule keeps one reading of its span, and there is one
  // Quarantined: the payload cannot be believed.
  kMalformed,
  kNotANumber,   // nan, inf
  kOversized,
  kUnknownUnit,
  kOutOfRange,
  kBadTime,
  kNoTime,       // a delta reading without time of its own
  kFuture,
  kImplausible,  // outside what the device can measure, or a value that it uses for a fault
  kStep,         // further from the reading before than the device can go
  kWrongDevice,  // the payload names another device than the topic
  kCount,
};

// "unknown-device", "no-time", …: as operators and metrics see it.
std::string_view DoorCodeName(DoorCode code);
std::optional<DoorCode> DoorCodeOf(std::string_view name);
bool IsDenied(DoorCode code);
bool IsQuarantined(DoorCode code);

}  // namespace gateway::port
