// Payloads in every format that a profile knows, through decoder and converter: whatever the bytes
// are, each value becomes a reading within the metric's bounds or a code, twice the same.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

#include "gateway/base/check.h"
#include "gateway/ingest/converter.h"
#include "gateway/ingest/decoder.h"
#include "gateway/ingest/profile.h"
#include "gateway/model/limits.h"
#include "tests/fuzz/fuzz.h"

namespace gateway {
namespace {

using port::DoorCode;

constexpr std::string_view kProfile = R"(schema: commons-profile/1
id: fuzz
about: Every format, and every way to find a value
messages:
  - topic: number/{device}
    format: [number, json]
    time: {at: [time, sys.ts], form: [iso, iso-local, epoch-s, epoch-ms], stamp: end}
    sequence: seq
    readings:
      - {metric: temperature, at: value, unit_at: unit, text: true, not: [85], range: [-40, 60]}
  - topic: json
    format: json
    device: id
    readings:
      - {metric: power, at: "ENERGY.Power[{part}]", unit: kW, step: 5}
      - {metric: temperature, at: "'switch:0'.t", unit: degF, default: 0}
      - {metric: power, at: "list[key=P].value", text: true}
      - {metric: occupancy, at: open, states: {"ON": 1, "OFF": 0, "true": 1}}
  - topic: sck/{device}
    format: sck
    time: {at: t, form: iso}
    readings:
      - {metric: temperature, at: "55", unit: degC}
      - {metric: power, at: "29", unit: mW}
  - topic: senml
    format: [senml, senml-cbor]
    readings:
      - {metric: temperature, name: "{device}:temp", unit: Cel}
      - {metric: power, name: "{device}:power"}
)";

Metric MakeMetric(std::string_view id, std::string_view unit, MetricKind kind) {
  Metric metric;
  metric.id = MetricId(std::string(id));
  metric.unit = unit;
  metric.kind = kind;
  metric.resolution = *Decimal::Parse("0.1");
  metric.lo = -1'000;
  metric.hi = 100'000;
  metric.interval = std::chrono::minutes(1);
  return metric;
}

const Metric& MetricOf(std::string_view id) {
  static const auto* const metrics = new std::vector<Metric>{
      MakeMetric("temperature", "degC", MetricKind::kGauge),
      MakeMetric("power", "W", MetricKind::kGauge),
      MakeMetric("occupancy", "1", MetricKind::kState)};
  const auto found = std::find_if(metrics->begin(), metrics->end(),
                                  [&](const Metric& metric) { return metric.id.value() == id; });
  GW_CHECK(found != metrics->end());
  return *found;
}

bool IsWholeMessageCode(DoorCode code) {
  return code == DoorCode::kMalformed || code == DoorCode::kOversized ||
         code == DoorCode::kWrongDevice;
}

class Target {
 public:
  Target() : profile_(*ingest::Profile::Parse(kProfile, "fuzz.yaml")) {}

  void Run(std::string_view payload) {
    for (const ingest::MessageSpec& message : profile_.messages()) Run(message, payload);
  }

 private:
  void Run(const ingest::MessageSpec& message, std::string_view payload) {
    ingest::Captures topic;
    if (message.topic.Has(ingest::Placeholder::kDevice)) topic.device = "d";
    const ingest::Decoded& decoded = decoder_.Decode(message, topic, {}, payload);
    GW_CHECK(decoded.observations.size() <= limits::kObservationsPerMessageMax);
    if (decoded.code != DoorCode::kAdmitted) {
      GW_CHECK(IsWholeMessageCode(decoded.code) && decoded.observations.empty());
      return;
    }
    if (message.topic.text() == "json" && !nlohmann::json::accept(payload)) {
      // The one thing that we read and JSON does not know.
      std::string lower(payload);
      for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      GW_CHECK(lower.find("nan") != std::string::npos || lower.find("inf") != std::string::npos);
    }
    for (const ingest::Observation& observation : decoded.observations) Convert(observation);
  }

  void Convert(const ingest::Observation& observation) {
    GW_CHECK(observation.reading != nullptr && !observation.metric.empty());
    const Metric& metric = MetricOf(observation.metric);
    const ingest::Converted converted = converter_.Convert(observation, metric, context_);
    if (observation.code != DoorCode::kAdmitted) GW_CHECK(converted.code == observation.code);
    if (converted.code != DoorCode::kAdmitted) {
      GW_CHECK(port::IsQuarantined(converted.code));
      return;
    }
    GW_CHECK(converted.reading.value >= metric.lo && converted.reading.value <= metric.hi);
    GW_CHECK(converted.reading.time <= context_.now + limits::kFutureStampMax);
    const ingest::Converted again = converter_.Convert(observation, metric, context_);
    GW_CHECK(again.code == converted.code && again.reading == converted.reading);
  }

  const ingest::Profile profile_;
  ingest::Decoder decoder_;
  ingest::Converter converter_;
  const TimeZone zone_ = *TimeZone::Load("Europe/Paris");
  const ingest::ConvertContext context_{.now = *ParseTime("2026-10-25T00:30:00Z"), .zone = zone_};
};

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static auto* const target = new gateway::Target();
  target->Run(gateway::fuzz::Bytes(data, size));
  return 0;
}
