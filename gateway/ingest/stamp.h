// What a device says about when: from its text to an instant, and how far that may be believed.
// Pure. Whether the instant lies in the future is the decoder's question.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/model/time.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

// How a device writes its time; a profile may allow several, as bits.
enum StampForm : uint8_t {
  kStampIso = 1,           // RFC 3339 with Z or ±hh:mm; up to 9 digits of fraction
  kStampIsoLocal = 2,      // the same without offset: the commons' civil time
  kStampEpochSeconds = 4,  // decimal text: "1498780179", "1787950560.02", "1.498780179e9"
  kStampEpochMillis = 8,
  // RFC 8428 §4.5.3: seconds; below 2^28 they are relative to now, and so is no text at all.
  kStampSenml = 16,
};

struct StampRule {
  uint8_t forms = kStampIso;
  Millis before{0};  // of the stamped instant, when it is the end of an interval of this length
  bool whole = false;  // a stamp that is no multiple of `before` since 1970 ends no such interval
};

struct StampContext {
  Time now;
  // Whether `now` may be compared with stamps: not under a replay clock, nor an unsound one.
  bool compare = true;
  const TimeZone& zone;  // of the commons
};

struct Stamp {
  // kAdmitted; kNoTime for an instant before 2000 (a clock that was never set: as if the device
  // had said nothing); kBadTime for a text of no allowed form, for a local time that clocks skipped,
  // from the year 10000 on, and for one that must be whole and is not.
  port::DoorCode code = port::DoorCode::kAdmitted;
  // The following are set exactly when code is kAdmitted.
  Time time;            // cut to milliseconds
  uint8_t quality = 0;  // kQualityLocalTime; kQualityArrivalTime if it was relative to now
};

// The shape of the text says which of the allowed forms it has: with an offset or without; and if a
// number may be seconds or milliseconds, it is milliseconds from 10^11 on (1973; as seconds, 5138).
// In the hour that comes twice a local time is the later instant, unless that is in the future (by
// more than kFutureStampMax) or `now` cannot be compared; then the earlier.
Stamp ReadStamp(std::string_view text, const StampRule& rule, const StampContext& context);

}  // namespace gateway::ingest
