// `commons profile`: what profiles there are, and what one makes of a message. Needs no daemon.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/cli/command.h"
#include "gateway/ingest/converter.h"
#include "gateway/ingest/decoder.h"
#include "gateway/ingest/profile.h"
#include "gateway/ingest/topic_index.h"
#include "gateway/model/limits.h"
#include "gateway/policy/policy.h"
#include "gateway/port/door.h"
#include "gateway/yaml/yaml.h"

namespace gateway::cli {
namespace {

using port::DoorCode;

constexpr std::size_t kPolicyBytesMax = yaml::kYamlBytesMax;

struct Args {
  std::string folder, file, topic, payload, policy, time_zone = "UTC";
};

std::string_view WhyOf(DoorCode code) {
  switch (code) {
    case DoorCode::kMalformed:
      return "the payload, or this value, is not what the profile says";
    case DoorCode::kNotANumber:
      return "null, nan or an empty text where a number belongs";
    case DoorCode::kOversized:
      return "too many bytes, fields or values";
    case DoorCode::kUnknownUnit:
      return "the unit is unknown or measures something else than the metric";
    case DoorCode::kOutOfRange:
      return "outside the metric's bounds";
    case DoorCode::kBadTime:
      return "the time has none of the profile's forms, or never was";
    case DoorCode::kNoTime:
      return "an amount or an event needs a time or a sequence number";
    case DoorCode::kFuture:
      return "the time is ahead of this machine's clock";
    case DoorCode::kImplausible:
      return "outside the profile's range, or a value that means a fault";
    case DoorCode::kWrongDevice:
      return "the payload names another device than the topic";
    case DoorCode::kNoCollectRule:
      return "the policy has no such metric";
    default:
      return "";
  }
}

std::string QualityText(uint8_t quality) {
  std::string text = (quality & kQualityArrivalTime) != 0 ? "arrival" : "device";
  if ((quality & kQualityLocalTime) != 0) text += ", local";
  return text;
}

std::string DeviceText(const ingest::Observation& observation, bool secret) {
  std::string text = secret ? "(secret)" : std::string(observation.device);
  if (!observation.part.empty()) text += ":" + std::string(observation.part);
  return text;
}

// Without a policy a value is shown in its own unit, as fine as it was written, and may be anything.
Metric MetricWithoutPolicy(const ingest::Observation& observation) {
  Metric metric;
  metric.id = MetricId(std::string(observation.metric));
  metric.unit = observation.unit;
  metric.resolution = *Decimal::Parse("0.000001");
  metric.kind = observation.boolean ? MetricKind::kState : MetricKind::kGauge;
  metric.lo = -1'000'000'000'000'000'000;
  metric.hi = 1'000'000'000'000'000'000;
  metric.interval = std::chrono::minutes(1);
  return metric;
}

struct Trial {
  const std::optional<policy::Policy>& policy;
  const ingest::ConvertContext& context;
  bool secret = false;
};

std::vector<Value> RowOf(const ingest::Observation& observation, const Trial& trial,
                         ingest::Converter& converter) {
  std::vector<Value> row = {DeviceText(observation, trial.secret),
                            std::string(observation.metric), Value(), Value(), Value(), Value()};
  const auto outcome = [&](DoorCode code) {
    row.emplace_back(std::string(port::DoorCodeName(code)));
    row.emplace_back(std::string(WhyOf(code)));
    return row;
  };
  const Metric* named = nullptr;
  if (trial.policy) {
    named = trial.policy->FindMetric(MetricId(std::string(observation.metric)));
    if (named == nullptr) return outcome(DoorCode::kNoCollectRule);
  }
  const Metric metric = named != nullptr ? *named : MetricWithoutPolicy(observation);
  const ingest::Converted converted = converter.Convert(observation, metric, trial.context);
  if (converted.code == DoorCode::kAdmitted) {
    row[2] = metric.resolution.Times(converted.reading.value);
    row[3] = metric.unit.empty() ? Value() : Value(metric.unit);
    row[4] = FormatTime(converted.reading.time);
    row[5] = QualityText(converted.reading.quality);
  }
  return outcome(converted.code);
}

// Where personal fields stand, never what stands in them.
Table PersonalFields(const ingest::Profile& profile, const ingest::Fields& fields) {
  Table table{{"personal field"}, {}};
  for (const ingest::Path& path : profile.personal()) {
    const bool present = std::ranges::any_of(fields.fields, [&](const ingest::Field& field) {
      ingest::Captures captures;
      return path.Matches(fields, field, captures);
    });
    if (present) table.rows.push_back({path.text()});
  }
  return table;
}

StatusOr<std::optional<policy::Policy>> ReadPolicy(const std::string& file) {
  if (file.empty()) return std::optional<policy::Policy>();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kPolicyBytesMax));
  auto policy = policy::ParsePolicy(text);
  if (!policy.ok()) return Annotate(policy.status(), file);
  return std::optional(*std::move(policy));
}

Status Test(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(args.file, yaml::kYamlBytesMax));
  ASSIGN_OR_RETURN(const ingest::Profile profile, ingest::Profile::Parse(text, args.file));
  std::string payload = args.payload;
  if (payload.starts_with('@')) {
    ASSIGN_OR_RETURN(payload, ReadFile(payload.substr(1), limits::kPacketBytesMax));
  }
  ASSIGN_OR_RETURN(const std::optional<policy::Policy> policy, ReadPolicy(args.policy));
  ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(policy ? policy->time_zone
                                                              : args.time_zone));
  ingest::TopicIndex index;
  index.Add(profile);
  std::vector<ingest::TopicMatch> found;
  index.Find(args.topic, found);
  if (found.empty()) {
    return NotFound("%s: no message of profile %s has such a topic", args.topic, profile.id());
  }
  const ingest::MessageSpec& message = *found[0].message;
  if (message.ignore) {
    std::cerr << "note: profile " << profile.id() << " ignores " << message.topic.text() << "\n";
    context.Print(Table{{"device"}, {}});
    return OkStatus();
  }
  ingest::Decoder decoder;
  const ingest::Decoded& decoded =
      decoder.Decode(message, found[0].captures, profile.claim(), payload);
  const ingest::ConvertContext convert{
      .now = RealClock().SystemNow(), .numbered = decoded.numbered, .zone = zone};
  const Trial trial{policy, convert, message.secret};
  Table table{{"device", "metric", "value", "unit", "time", "time from", "result", "why"}, {}};
  if (decoded.code != DoorCode::kAdmitted) {
    table.rows.push_back({message.secret ? "(secret)" : std::string(decoded.device), Value(),
                          Value(), Value(), Value(), Value(),
                          std::string(port::DoorCodeName(decoded.code)),
                          std::string(WhyOf(decoded.code))});
  }
  ingest::Converter converter;
  for (const ingest::Observation& observation : decoded.observations) {
    table.rows.push_back(RowOf(observation, trial, converter));
  }
  if (table.rows.empty()) std::cerr << "note: the message holds no value that the profile names\n";
  context.Print(NamedTables{{"observations", std::move(table)},
                            {"personal", PersonalFields(profile, decoder.fields())}});
  return OkStatus();
}

Status List(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const std::vector<ingest::Profile> profiles,
                   args.folder.empty() ? ingest::LoadInstalledProfiles()
                                       : ingest::LoadProfiles(args.folder));
  Table table{{"profile", "about", "topics", "metrics"}, {}};
  for (const ingest::Profile& profile : profiles) {
    std::vector<std::string> topics;
    for (const ingest::MessageSpec& message : profile.messages()) {
      if (!message.ignore) topics.push_back(message.topic.text());
    }
    table.rows.push_back({profile.id(), profile.about(), std::move(topics), profile.Metrics()});
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterProfile(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "profile", "Which devices' messages are understood, and how",
                           "commons profile list");
  auto args = std::make_shared<Args>();

  CLI::App* list = AddVerb(*noun, "list", "The profiles that are installed", {"commons profile list"},
                           context, [&context, args] { return List(context, *args); });
  list->add_option("--folder", args->folder, "of profiles, instead of the installed ones");

  CLI::App* test = AddVerb(
      *noun, "test", "What a profile makes of a message; nothing is sent or stored",
      {"commons profile test generic.yaml sensors/meter-1/power 21.5",
       "commons profile test tasmota.yaml tele/plug/SENSOR @payload.json --policy policy.yaml"},
      context, [&context, args] { return Test(context, *args); });
  test->add_option("FILE", args->file, "the profile")->required();
  test->add_option("TOPIC", args->topic, "of the message")->required();
  test->add_option("PAYLOAD", args->payload, "its text, or @FILE that holds it")->required();
  test->add_option("--policy", args->policy,
                   "convert to the units and bounds of its metrics, in its time zone");
  test->add_option("--time-zone", args->time_zone, "of local times, without a policy")
      ->default_val("UTC");
}

}  // namespace gateway::cli
