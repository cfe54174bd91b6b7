#include "gateway/ingest/converter.h"

#include <algorithm>
#include <string>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

// Whether the value is one that the device cannot have measured.
bool IsImplausible(const Decimal& number, int64_t steps, bool own_unit, const Conversion& own,
                   const ReadingSpec& reading, const Metric& metric) {
  const auto in_steps = [&](const Decimal& limit) {
    return ToSteps(limit, own, metric.resolution);
  };
  for (const Decimal& fault : reading.faults) {
    if (own_unit) {
      if (number == fault) return true;
      continue;
    }
    const StatusOr<int64_t> converted = in_steps(fault);
    if (converted.ok() && *converted == steps) return true;
  }
  if (!reading.range) return false;
  // An end that does not fit into steps is beyond every value.
  const StatusOr<int64_t> lo = in_steps(reading.range->first);
  const StatusOr<int64_t> hi = in_steps(reading.range->second);
  return (lo.ok() && steps < *lo) || (hi.ok() && steps > *hi);
}

// What is known of the time when the message came.
uint8_t ArrivalQuality(const Metric& metric, const ConvertContext& context) {
  unsigned quality = kQualityArrivalTime;
  if (context.waited_max > metric.interval) quality |= kQualityWaited;
  if (!context.clock_sound) quality |= kQualityClockUnsound;
  return static_cast<uint8_t>(quality);
}

// What an amount or an event belongs to cannot be guessed from when it arrived, and a repetition of
// it not be told from news, unless it is numbered.
bool NeedsTime(MetricKind kind) {
  return kind == MetricKind::kDelta || kind == MetricKind::kEvent;
}

Stamp StampOf(const Observation& observation, const Metric& metric,
              const ConvertContext& context) {
  if (observation.time == nullptr) return {.code = DoorCode::kNoTime, .time = {}, .quality = 0};
  StampRule rule{.forms = observation.time->forms, .before = Millis(0),
                 .whole = observation.time->whole};
  if (observation.time->end) {
    rule.before = observation.time->interval > Millis(0) ? observation.time->interval
                                                         : metric.interval;
  }
  return ReadStamp(observation.stamp, rule,
                   {.now = context.now, .compare = context.compare_stamps, .zone = context.zone});
}

DoorCode TakeTime(const Observation& observation, const Metric& metric,
                  const ConvertContext& context, Reading& reading) {
  const Stamp stamp = StampOf(observation, metric, context);
  const bool relative =
      stamp.code == DoorCode::kAdmitted && (stamp.quality & kQualityArrivalTime) != 0;
  if (stamp.code == DoorCode::kNoTime || relative) {
    if (NeedsTime(metric.kind) && !context.numbered) return DoorCode::kNoTime;
    reading.time = relative ? stamp.time : context.now;
    reading.quality = ArrivalQuality(metric, context);
  } else if (stamp.code != DoorCode::kAdmitted) {
    return stamp.code;
  } else {
    reading.time = stamp.time;
    reading.quality = stamp.quality;
  }
  if (context.compare_stamps && reading.time > context.now + limits::kFutureStampMax) {
    return DoorCode::kFuture;
  }
  return DoorCode::kAdmitted;
}

Converted Timed(const Observation& observation, const Metric& metric,
                const ConvertContext& context, int64_t value) {
  Converted converted;
  converted.reading.value = value;
  converted.code = TakeTime(observation, metric, context, converted.reading);
  if (converted.code != DoorCode::kAdmitted) converted.reading = {};
  return converted;
}

}  // namespace

const Conversion* Converter::Find(std::string_view from, const std::string& to) {
  static constexpr Conversion kSame;
  if (from.empty() || from == to) return &kSame;
  for (const Cached& cached : cached_) {
    if (cached.from == from && cached.to == to) return &cached.conversion;
  }
  const std::optional<Conversion> conversion = ConvertUnit(from, to);
  if (!conversion) return nullptr;
  return &cached_.emplace_back(Cached{std::string(from), to, *conversion}).conversion;
}

Converted Converter::Convert(const Observation& observation, const Metric& metric,
                             const ConvertContext& context) {
  const auto refuse = [](DoorCode code) { return Converted{code, {}}; };
  if (observation.code != DoorCode::kAdmitted) return refuse(observation.code);
  const StatusOr<Decimal> number = Decimal::Parse(observation.number);
  if (!number.ok() || (observation.boolean && metric.kind != MetricKind::kState)) {
    return refuse(DoorCode::kMalformed);
  }

  const ReadingSpec& spec = *observation.reading;
  if (metric.kind == MetricKind::kState) {
    const std::string text = number->ToString();  // the shortest of its number
    if (text != "0" && text != "1") return refuse(DoorCode::kOutOfRange);
    return Timed(observation, metric, context, text == "1" ? metric.hi : 0);
  }
  const Conversion* found = Find(observation.unit, metric.unit);
  if (found == nullptr) return refuse(DoorCode::kUnknownUnit);
  const Conversion conversion = *found;
  const StatusOr<int64_t> steps = ToSteps(*number, conversion, metric.resolution);
  if (!steps.ok()) return refuse(DoorCode::kOutOfRange);
  if (spec.range || !spec.faults.empty()) {
    const Conversion* own = Find(spec.unit, metric.unit);
    if (own == nullptr) return refuse(DoorCode::kUnknownUnit);
    if (IsImplausible(*number, *steps, conversion == *own, *own, spec, metric)) {
      return refuse(DoorCode::kImplausible);
    }
  }
  if (*steps < metric.lo || *steps > metric.hi) return refuse(DoorCode::kOutOfRange);

  return Timed(observation, metric, context, *steps);
}

std::optional<int64_t> Converter::Difference(const Decimal& change, const ReadingSpec& reading,
                                             const Metric& metric) {
  const Conversion* found = Find(reading.unit, metric.unit);
  if (found == nullptr) return std::nullopt;
  const StatusOr<int64_t> steps = ToSteps(
      change, {.times = found->times, .plus = 0, .by = found->by}, metric.resolution);
  return steps.ok() ? std::optional(*steps) : std::nullopt;
}

}  // namespace gateway::ingest
