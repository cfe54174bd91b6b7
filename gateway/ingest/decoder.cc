#include "gateway/ingest/decoder.h"

#include <algorithm>
#include <optional>

#include "gateway/ingest/json_reader.h"
#include "gateway/ingest/number_text.h"
#include "gateway/ingest/sck.h"
#include "gateway/ingest/senml.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

constexpr TimeSpec kSenmlTime = {.at = {}, .forms = kStampSenml};

// What devices and bridges write where a number is missing.
bool MeansNothing(std::string_view text) {
  constexpr std::string_view kWords[] = {"", "null", "none", "None", "unknown", "unavailable",
                                         "N/A", "n/a"};
  return IsNotANumber(text) || std::ranges::find(kWords, text) != std::end(kWords);
}

// Decimal is laxer than JSON: zeros may stand in front, as meters and bare payloads write them.
bool IsNumber(std::string_view text) { return Decimal::Parse(text).ok(); }

Field BareField(std::string_view text) {
  Field field;
  field.text = text;
  field.kind = IsNumber(text)       ? FieldKind::kNumber
               : text == "true"     ? FieldKind::kTrue
               : text == "false"    ? FieldKind::kFalse
               : MeansNothing(text) ? FieldKind::kNull
                                    : FieldKind::kText;
  return field;
}

std::optional<PayloadFormat> FormatOf(const MessageSpec& message, std::string_view payload) {
  const std::string_view text = Trim(payload);
  const unsigned char first = text.empty() ? 0 : static_cast<unsigned char>(text.front());
  for (const PayloadFormat format : message.formats) {
    switch (format) {
      case PayloadFormat::kJson:
        if (first == '{' || first == '[') return format;
        break;
      case PayloadFormat::kSck:
        if (first == '{') return format;
        break;
      case PayloadFormat::kSenmlJson:
        if (first == '[') return format;
        break;
      case PayloadFormat::kSenmlCbor:
        if (first >= 0x80) return format;
        break;
      case PayloadFormat::kNumber:
        if (first != '{' && first != '[') return format;
        break;
    }
  }
  return std::nullopt;
}

}  // namespace

struct Decoder::Impl {
  struct Stamped {
    const TimeSpec* time = nullptr;
    std::string_view text;
  };
  DoorCode ReadPayload(std::string_view payload);
  DoorCode ReadSenml(PayloadFormat format, std::string_view payload);
  DoorCode FindDevice();
  DoorCode Collect(const ReadingSpec& reading);
  DoorCode Add(const ReadingSpec& reading, const Captures& captures, FieldKind kind,
               std::string_view text);
  void TakeValue(FieldKind kind, std::string_view text, Observation& observation) const;
  void TakeTime(Observation& observation) const;
  Stamped FindStamp(const TimeSpec& time) const;
  std::string_view UnitOf(const ReadingSpec& reading, std::string_view said) const;

  const MessageSpec* message = nullptr;
  Captures topic;
  std::string_view claim;
  JsonReader json;
  Fields fields;
  std::vector<SenmlRecord> records;
  SenmlReader senml;
  Stamped shared;  // the time of all observations that have none of their own
  Decoded decoded;
};

std::string_view Decoder::Impl::UnitOf(const ReadingSpec& reading, std::string_view said) const {
  if (reading.unit_at) {
    const Field* field = reading.unit_at->Find(fields);
    // A unit that is no text is no unit that anybody knows.
    if (field != nullptr) said = field->kind == FieldKind::kText && !field->text.empty()
                                     ? field->text
                                     : std::string_view("?");
  }
  if (said.empty()) return reading.unit;
  for (const auto& [text, unit] : reading.units) {
    if (text == said) return unit;
  }
  return said;
}

void Decoder::Impl::TakeValue(FieldKind kind, std::string_view text,
                              Observation& observation) const {
  const ReadingSpec& reading = *observation.reading;
  for (const auto& [word, on] : reading.states) {
    if (word == text) {
      observation.number = on ? "1" : "0";
      return;
    }
  }
  switch (kind) {
    case FieldKind::kNumber:
      // A state that the profile does not know must not become a share of time.
      if (!reading.states.empty()) observation.code = DoorCode::kMalformed;
      observation.number = text;
      return;
    case FieldKind::kTrue:
    case FieldKind::kFalse:
      observation.number = kind == FieldKind::kTrue ? "1" : "0";
      observation.boolean = true;
      return;
    case FieldKind::kNull:
      observation.code = DoorCode::kNotANumber;
      return;
    case FieldKind::kText:
      break;
  }
  const std::string_view trimmed = Trim(text);
  if (MeansNothing(trimmed)) {
    observation.code = DoorCode::kNotANumber;
  } else if (reading.text && IsNumber(trimmed)) {
    observation.number = trimmed;
  } else {
    observation.code = DoorCode::kMalformed;
  }
}

void Decoder::Impl::TakeTime(Observation& observation) const {
  const std::optional<TimeSpec>& own = observation.reading->time;
  const Stamped stamped = own ? FindStamp(*own) : shared;
  observation.time = stamped.time;
  observation.stamp = stamped.text;
}

Decoder::Impl::Stamped Decoder::Impl::FindStamp(const TimeSpec& time) const {
  for (const Path& path : time.at) {
    const Field* field = path.Find(fields);
    if (field == nullptr || field->kind == FieldKind::kNull || field->text.empty()) continue;
    return {&time, field->text};
  }
  return {};
}

DoorCode Decoder::Impl::Add(const ReadingSpec& reading, const Captures& captures, FieldKind kind,
                            std::string_view text) {
  if (decoded.observations.size() == limits::kObservationsPerMessageMax) {
    return DoorCode::kOversized;
  }
  Observation& observation = decoded.observations.emplace_back();
  observation.reading = &reading;
  observation.device = decoded.device;
  observation.part = captures.part;
  observation.metric = reading.metric.empty() ? captures.metric : std::string_view(reading.metric);
  TakeValue(kind, text, observation);
  return DoorCode::kAdmitted;
}

DoorCode Decoder::Impl::Collect(const ReadingSpec& reading) {
  std::size_t found = 0;
  for (const Field& field : fields.fields) {
    Captures captures = topic;
    const bool bare = field.steps == 0;
    if (!bare && !(reading.at && reading.at->Matches(fields, field, captures))) continue;
    ++found;
    const DoorCode code = Add(reading, captures, field.kind, field.text);
    if (code != DoorCode::kAdmitted) return code;
    Observation& observation = decoded.observations.back();
    observation.unit = UnitOf(reading, {});
    TakeTime(observation);
  }
  if (found > 0 || reading.default_value.empty() || !reading.at->HasParent(fields)) {
    return DoorCode::kAdmitted;
  }
  const DoorCode code = Add(reading, topic, FieldKind::kNumber, reading.default_value);
  if (code != DoorCode::kAdmitted) return code;
  decoded.observations.back().unit = reading.unit;
  TakeTime(decoded.observations.back());
  return DoorCode::kAdmitted;
}

DoorCode Decoder::Impl::ReadSenml(PayloadFormat format, std::string_view payload) {
  records.clear();
  const DoorCode code = format == PayloadFormat::kSenmlJson ? senml.ReadJson(payload, records)
                                                            : senml.ReadCbor(payload, records);
  if (code != DoorCode::kAdmitted) return code;
  for (const SenmlRecord& record : records) {
    for (const ReadingSpec& reading : message->readings) {
      Captures captures = topic;
      if (!reading.name->Match(record.name, captures)) continue;
      // A pack may be about several devices, unless its topic is about one.
      if (!topic.device.empty() && captures.device != topic.device) return DoorCode::kWrongDevice;
      const DoorCode added = Add(reading, captures, record.kind, record.value);
      if (added != DoorCode::kAdmitted) return added;
      Observation& observation = decoded.observations.back();
      if (!captures.device.empty()) observation.device = captures.device;
      observation.unit = UnitOf(reading, record.unit);
      observation.time = message->time ? &*message->time : &kSenmlTime;
      observation.stamp = record.time;
      break;
    }
  }
  return DoorCode::kAdmitted;
}

DoorCode Decoder::Impl::FindDevice() {
  if (!message->device) return DoorCode::kAdmitted;
  const Field* field = message->device->Find(fields);
  if (field == nullptr) {
    return decoded.device.empty() ? DoorCode::kMalformed : DoorCode::kAdmitted;
  }
  if ((field->kind != FieldKind::kText && field->kind != FieldKind::kNumber) ||
      field->text.empty() || field->text.size() > limits::kTopicBytesMax) {
    return DoorCode::kMalformed;
  }
  if (!decoded.device.empty() && field->text != decoded.device) return DoorCode::kWrongDevice;
  decoded.device = field->text;
  return DoorCode::kAdmitted;
}

DoorCode Decoder::Impl::ReadPayload(std::string_view payload) {
  if (payload.size() > limits::kPayloadBytesMax) return DoorCode::kOversized;
  const std::optional<PayloadFormat> format = FormatOf(*message, payload);
  if (!format) return DoorCode::kMalformed;
  DoorCode code = DoorCode::kAdmitted;
  switch (*format) {
    case PayloadFormat::kSenmlJson:
    case PayloadFormat::kSenmlCbor:
      return ReadSenml(*format, payload);
    case PayloadFormat::kNumber:
      fields.fields.push_back(BareField(Trim(payload)));
      break;
    case PayloadFormat::kJson:
    case PayloadFormat::kSck:
      code = *format == PayloadFormat::kJson ? json.Read(payload, fields)
                                             : ReadSck(payload, fields);
      break;
  }
  if (code == DoorCode::kAdmitted) code = FindDevice();
  if (code != DoorCode::kAdmitted) return code;
  shared = message->time ? FindStamp(*message->time) : Stamped();
  for (const ReadingSpec& reading : message->readings) {
    code = Collect(reading);
    if (code != DoorCode::kAdmitted) return code;
  }
  if (decoded.observations.empty() && !topic.metric.empty()) return DoorCode::kMalformed;
  decoded.numbered = message->sequence && message->sequence->Find(fields) != nullptr;
  return DoorCode::kAdmitted;
}

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;

const Decoded& Decoder::Decode(const MessageSpec& message, const Captures& topic,
                               std::string_view claim, std::string_view payload) {
  Impl& self = *impl_;
  self.message = &message;
  self.topic = topic;
  self.fields.Clear();
  self.decoded.device = topic.device.empty() ? claim : topic.device;
  self.decoded.observations.clear();
  self.decoded.numbered = false;
  self.decoded.code = self.ReadPayload(payload);
  if (self.decoded.code != DoorCode::kAdmitted) self.decoded.observations.clear();
  return self.decoded;
}

const Fields& Decoder::fields() const { return impl_->fields; }

}  // namespace gateway::ingest
