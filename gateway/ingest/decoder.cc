#include "gateway/ingest/decoder.h"

#include <simdjson.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/ingest/json_strict.h"
#include "gateway/ingest/number_text.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/model/unit.h"

namespace gateway::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
using port::DoorCode;

struct Fields {
  std::optional<std::string_view> value;
  std::optional<std::string_view> unit;
  std::optional<std::string_view> time;
};

bool TakeString(ondemand::value value, std::optional<std::string_view>& into) {
  std::string_view text;
  if (into || value.get_string().get(text) != simdjson::SUCCESS) return false;
  into = text;
  return true;
}

bool TakeField(const JsonFields& names, std::string_view key, ondemand::value value,
               Fields& fields) {
  if (key == names.value) {
    const std::string_view token = Trim(value.raw_json_token());
    if (fields.value || !IsJsonNumber(token)) return false;
    fields.value = token;
    return true;
  }
  // A profile without the field has an empty name for it, but "" can be a key too.
  if (!names.unit.empty() && key == names.unit) return TakeString(value, fields.unit);
  if (!names.time.empty() && key == names.time) return TakeString(value, fields.time);
  return IsWellFormed(value, 1);
}

}  // namespace

struct Decoder::Impl {
  struct Cached {
    std::string from, unit;
    Conversion conversion;
  };

  Impl() {
    GW_CHECK(parser.allocate(limits::kPayloadBytesMax) == simdjson::SUCCESS);
  }

  bool ReadJson(const JsonFields& names, std::string_view payload, Fields& fields);
  std::optional<Conversion> Find(std::string_view from, const std::string& unit);

  ondemand::parser parser;
  std::array<char, limits::kPayloadBytesMax + simdjson::SIMDJSON_PADDING> buffer{};
  // Only those that exist are kept, so that the table of units bounds it, not the devices.
  std::vector<Cached> conversions;
};

bool Decoder::Impl::ReadJson(const JsonFields& names, std::string_view payload, Fields& fields) {
  std::memcpy(buffer.data(), payload.data(), payload.size());
  std::memset(buffer.data() + payload.size(), 0, simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(buffer.data(), payload.size(), buffer.size()).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS || !TakeField(names, key, value, fields)) {
      return false;
    }
  }
  // Out of bounds is where a reader stands that has consumed everything.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS && fields.value;
}

std::optional<Conversion> Decoder::Impl::Find(std::string_view from, const std::string& unit) {
  if (from == unit) return Conversion{};
  for (const Cached& cached : conversions) {
    if (cached.from == from && cached.unit == unit) return cached.conversion;
  }
  const std::optional<Conversion> found = ConvertUnit(from, unit);
  if (found) conversions.push_back({std::string(from), unit, *found});
  return found;
}

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;

Decoded Decoder::Decode(const Profile& profile, std::string_view payload, const Metric& metric,
                        const DecodeContext& context) {
  const auto refuse = [](DoorCode code) { return Decoded{code, {}}; };
  if (payload.size() > limits::kPayloadBytesMax) return refuse(DoorCode::kOversized);

  Fields fields;
  const std::string_view text = Trim(payload);
  if (profile.json() && text.starts_with('{')) {
    if (!impl_->ReadJson(*profile.json(), payload, fields)) return refuse(DoorCode::kMalformed);
  } else if (profile.number()) {
    if (IsNotANumber(text)) return refuse(DoorCode::kNotANumber);
    fields.value = text;
  } else {
    return refuse(DoorCode::kMalformed);
  }
  const StatusOr<Decimal> number = Decimal::Parse(*fields.value);
  if (!number.ok()) return refuse(DoorCode::kMalformed);

  const std::optional<Conversion> conversion =
      fields.unit ? impl_->Find(*fields.unit, metric.unit) : Conversion{};
  if (!conversion) return refuse(DoorCode::kUnknownUnit);

  const StatusOr<int64_t> steps = ToSteps(*number, *conversion, metric.resolution);
  if (!steps.ok() || *steps < metric.lo || *steps > metric.hi) {
    return refuse(DoorCode::kOutOfRange);
  }

  Decoded decoded;
  decoded.reading.value = *steps;
  if (fields.time) {
    const StatusOr<Time> time = ParseTime(*fields.time);
    if (!time.ok()) return refuse(DoorCode::kBadTime);
    if (context.compare_stamps && *time > context.now + limits::kFutureStampMax) {
      return refuse(DoorCode::kFuture);
    }
    decoded.reading.time = *time;
  } else if (metric.kind == MetricKind::kDelta) {
    // Which interval an amount belongs to cannot be guessed from when it arrived.
    return refuse(DoorCode::kNoTime);
  } else {
    decoded.reading.time = context.now;
    decoded.reading.quality = kQualityArrivalTime;
  }
  return decoded;
}

}  // namespace gateway::ingest
