#include "gateway/ingest/stamp.h"

#include <optional>
#include <utility>

#include "gateway/model/decimal.h"
#include "gateway/model/limits.h"
#include "gateway/model/reading.h"
#include "gateway/model/unit.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

constexpr int64_t kMillisFrom = 100'000'000'000;  // a number this large is in milliseconds
constexpr Millis kRelativeMax = std::chrono::seconds(1 << 28);

Stamp Refused(DoorCode code) { return {.code = code, .time = {}, .quality = 0}; }

// Cut to whole milliseconds: half up of x − 1/2 is the floor of a positive x. A negative one is only
// ever relative to now, where half a millisecond does not matter.
std::optional<Millis> Floored(const Decimal& number, int64_t millis_per_unit) {
  static const Decimal one = *Decimal::Parse("1");
  const int64_t half = number.positive() ? -1 : 0;
  const StatusOr<int64_t> millis =
      ToSteps(number, {.times = 2 * millis_per_unit, .plus = half, .by = 2}, one);
  if (!millis.ok()) return std::nullopt;
  return Millis(*millis);
}

Stamp FromEpoch(std::optional<Millis> since) {
  if (!since || Time(Millis(0)) + *since >= kTimeEnd) return Refused(DoorCode::kBadTime);
  return {.code = DoorCode::kAdmitted, .time = Time(*since), .quality = kQualityNone};
}

Stamp ReadNumber(const Decimal& number, uint8_t forms) {
  const bool seconds = (forms & kStampEpochSeconds) != 0;
  const bool millis = (forms & kStampEpochMillis) != 0;
  const std::optional<Millis> as_millis = Floored(number, 1);
  if (millis && (!seconds || (as_millis && as_millis->count() >= kMillisFrom))) {
    return FromEpoch(as_millis);
  }
  return FromEpoch(Floored(number, 1'000));
}

Stamp ReadSenml(std::string_view text, Time now) {
  std::optional<Millis> seconds = Millis(0);
  if (!text.empty()) {
    const StatusOr<Decimal> number = Decimal::Parse(text);
    seconds = number.ok() ? Floored(*number, 1'000) : std::nullopt;
  }
  if (!seconds || *seconds >= kRelativeMax) return FromEpoch(seconds);
  // Further back than 1970 is nonsense, and could overflow.
  if (*seconds < -now.time_since_epoch()) return Refused(DoorCode::kBadTime);
  return {.code = DoorCode::kAdmitted, .time = now + *seconds, .quality = kQualityArrivalTime};
}

Stamp ReadLocal(Time wall, const StampContext& context) {
  const std::optional<std::pair<Time, Time>> times = context.zone.TimesOf(wall);
  if (!times) return Refused(DoorCode::kBadTime);
  const bool later = context.compare && times->second <= context.now + limits::kFutureStampMax;
  return {.code = DoorCode::kAdmitted,
          .time = later ? times->second : times->first,
          .quality = kQualityLocalTime};
}

Stamp ReadText(std::string_view text, uint8_t forms, const StampContext& context) {
  if ((forms & kStampSenml) != 0) return ReadSenml(text, context.now);
  if ((forms & kStampIso) != 0) {
    if (const StatusOr<Time> time = ParseTime(text); time.ok()) {
      return {.code = DoorCode::kAdmitted, .time = *time, .quality = kQualityNone};
    }
  }
  if ((forms & kStampIsoLocal) != 0) {
    if (const StatusOr<Time> wall = ParseWallTime(text); wall.ok()) return ReadLocal(*wall, context);
  }
  if ((forms & (kStampEpochSeconds | kStampEpochMillis)) != 0) {
    if (const StatusOr<Decimal> number = Decimal::Parse(text); number.ok()) {
      return ReadNumber(*number, forms);
    }
  }
  return Refused(DoorCode::kBadTime);
}

}  // namespace

Stamp ReadStamp(std::string_view text, const StampRule& rule, const StampContext& context) {
  Stamp stamp = ReadText(text, rule.forms, context);
  if (stamp.code != DoorCode::kAdmitted) return stamp;
  if (stamp.time < Time(limits::kUnsetClockMax)) return Refused(DoorCode::kNoTime);
  if (rule.whole && stamp.time.time_since_epoch() % rule.before != Millis(0)) {
    return Refused(DoorCode::kBadTime);
  }
  stamp.time -= rule.before;
  return stamp;
}

}  // namespace gateway::ingest
