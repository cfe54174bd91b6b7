#include "gateway/ingest/profile_reader.h"

#include <algorithm>
#include <array>

#include "gateway/model/ids.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::string_view kFormats[] = {"number", "json", "sck", "senml", "senml-cbor"};
using NamedForm = std::pair<std::string_view, StampForm>;
constexpr NamedForm kForms[] = {
    {"iso", kStampIso},
    {"iso-local", kStampIsoLocal},
    {"epoch-s", kStampEpochSeconds},
    {"epoch-ms", kStampEpochMillis},
};
constexpr std::size_t kTextBytesMax = 64;  // of a unit or a state

bool IsSenml(PayloadFormat format) {
  return format == PayloadFormat::kSenmlJson || format == PayloadFormat::kSenmlCbor;
}

bool Reads(const MessageSpec& message, PayloadFormat format) {
  return std::ranges::find(message.formats, format) != message.formats.end();
}

bool ReadsSenml(const MessageSpec& message) {
  return std::ranges::any_of(message.formats, IsSenml);
}

// One text, or a list of them.
std::vector<std::string> OneOrMore(yaml::Fields& fields, std::string_view key, std::size_t max) {
  const yaml::Node* node = fields.Child(key);
  if (node == nullptr) return {};
  if (node->kind == yaml::NodeKind::kScalar) return {fields.Text(key)};
  return fields.Texts(key, yaml::Fields::Empty::kRefused, max);
}

std::optional<Path> ReadPath(yaml::Fields& fields, std::string_view key) {
  if (!fields.Has(key)) return std::nullopt;
  const std::string text = fields.Text(key);
  StatusOr<Path> path = Path::Parse(text);
  if (path.ok()) return *std::move(path);
  fields.Fail(key, Message(path.status()));
  return std::nullopt;
}

std::optional<Path> ReadPlainPath(yaml::Fields& fields, std::string_view key) {
  std::optional<Path> path = ReadPath(fields, key);
  if (path && !path->plain()) fields.Fail(key, "no placeholder or selector may stand here");
  return path;
}

std::string ReadShort(yaml::Fields& fields, std::string_view key, std::size_t bytes_max) {
  std::string text = fields.Text(key);
  if (text.empty() || text.size() > bytes_max) {
    fields.Fail(key, Format("must have 1 to %d bytes", bytes_max));
  }
  return text;
}

// A mapping of what devices write to what is meant, in the order of the file.
std::vector<std::pair<std::string, std::string>> ReadMap(yaml::Fields& fields,
                                                         std::string_view key) {
  std::vector<std::pair<std::string, std::string>> map;
  const yaml::Node* node = fields.Child(key);
  if (node == nullptr) return map;
  if (node->kind != yaml::NodeKind::kMapping || node->keys.empty() ||
      node->keys.size() > limits::kWordsPerReadingMax) {
    fields.Fail(key, Format("must be a mapping of 1 to %d words", limits::kWordsPerReadingMax));
    return map;
  }
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const yaml::Node& value = node->items[i];
    if (value.kind != yaml::NodeKind::kScalar || value.text.empty() ||
        value.text.size() > kTextBytesMax || node->keys[i].text.size() > kTextBytesMax) {
      fields.Fail(key, Format("\"%s\" must stand for a word of at most %d bytes",
                              node->keys[i].text, kTextBytesMax));
      return {};
    }
    map.emplace_back(node->keys[i].text, value.text);
  }
  return map;
}

std::vector<Decimal> ReadDecimals(yaml::Fields& fields, std::string_view key, std::size_t max) {
  std::vector<Decimal> numbers;
  for (const yaml::Node& item : fields.Items(key, max)) {
    const StatusOr<Decimal> number = Decimal::Parse(item.text);
    if (item.kind != yaml::NodeKind::kScalar || !number.ok()) {
      fields.Fail(key, "must be a list of numbers");
      return {};
    }
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

void ProfileReader::Read(const yaml::Node& root) {
  yaml::Fields fields(root, "profile", error_);
  fields.OneOf("schema", {"commons-profile/1"});
  profile_.id_ = fields.Text("id");
  if (!IsDocumentId(profile_.id_)) {
    fields.Fail("id", "must be a lower-case letter, then at most 47 of a-z, 0-9 and '-'");
  }
  profile_.about_ = ReadShort(fields, "about", limits::kProfileAboutBytesMax);
  if (fields.Has("expects")) profile_.expects_ = fields.Parse("expects", ParseDuration);
  if (fields.Has("claim")) profile_.claim_ = ReadShort(fields, "claim", limits::kTopicBytesMax);
  if (fields.Has("personal")) {
    for (const std::string& text :
         fields.Texts("personal", yaml::Fields::Empty::kRefused, limits::kPersonalPathsMax)) {
      StatusOr<Path> path = Path::Parse(text);
      if (path.ok()) {
        profile_.personal_.push_back(*std::move(path));
      } else {
        fields.Fail("personal", Message(path.status()));
      }
    }
  }
  const std::vector<yaml::Node>& messages =
      fields.Items("messages", limits::kMessagesPerProfileMax);
  if (messages.empty()) fields.Fail("messages", "empty list; name at least one");
  for (const yaml::Node& message : messages) ReadMessage(message);
  fields.Finish();
}

void ProfileReader::ReadMessage(const yaml::Node& node) {
  yaml::Fields fields(node, "message", error_);
  const std::vector<TopicTemplate> topics = ReadTopics(fields);
  if (topics.empty()) return;
  MessageSpec message{.topic = topics.front(), .formats = {}, .device = {}, .time = {},
                      .sequence = {}, .readings = {}};
  if (fields.Has("ignore")) message.ignore = fields.Bool("ignore");
  if (!message.ignore) {
    for (const TopicTemplate& each : topics) {
      if (each.Filters().empty()) fields.Fail("topic", "{any...} is for ignored topics");
    }
    ReadFormats(fields, message);
    message.device = ReadPlainPath(fields, "device");
    if (fields.Has("secret")) message.secret = fields.Bool("secret");
    if (fields.Has("time")) message.time = ReadTime(fields, message);
    message.sequence = ReadPlainPath(fields, "sequence");
    if (ReadsSenml(message) && message.device) fields.Fail("device", "SenML says it in names");
    if (ReadsSenml(message) && message.sequence) fields.Fail("sequence", "SenML has none");
    const std::vector<yaml::Node>& readings =
        fields.Items("readings", limits::kReadingsPerMessageMax);
    if (readings.empty()) fields.Fail("readings", "empty list; name at least one");
    for (const yaml::Node& reading : readings) ReadReading(reading, message);
    if (Reads(message, PayloadFormat::kNumber) && message.readings.size() > 1) {
      fields.Fail("readings", "a payload that is one value has one reading");
    }
  }
  fields.Finish();
  for (const TopicTemplate& topic : topics) {
    message.topic = topic;
    profile_.messages_.push_back(message);
  }
}

std::vector<TopicTemplate> ProfileReader::ReadTopics(yaml::Fields& fields) {
  if (!fields.Has("topic")) fields.Fail("topic", "missing");
  std::vector<TopicTemplate> topics;
  for (const std::string& text : OneOrMore(fields, "topic", limits::kTopicsPerMessageMax)) {
    StatusOr<TopicTemplate> parsed = TopicTemplate::Parse(text);
    if (!parsed.ok()) {
      fields.Fail("topic", Message(parsed.status()));
      return {};
    }
    for (const MessageSpec& other : profile_.messages_) {
      if (other.topic.text() == text) fields.Fail("topic", "another message has it");
    }
    for (const Placeholder placeholder :
         {Placeholder::kDevice, Placeholder::kPart, Placeholder::kMetric}) {
      if (!topics.empty() && parsed->Has(placeholder) != topics.front().Has(placeholder)) {
        fields.Fail("topic", "all of a list must say the same: {device}, {part}, {metric}");
      }
    }
    topics.push_back(*std::move(parsed));
  }
  return topics;
}

void ProfileReader::ReadFormats(yaml::Fields& fields, MessageSpec& message) {
  for (const std::string& name : OneOrMore(fields, "format", std::size(kFormats))) {
    const auto* found = std::ranges::find(kFormats, name);
    if (found == std::end(kFormats)) {
      fields.Fail("format", Format("\"%s\" is not one of: number, json, sck, senml, senml-cbor",
                                   name));
      return;
    }
    message.formats.push_back(static_cast<PayloadFormat>(found - std::begin(kFormats)));
  }
  const bool other = std::ranges::any_of(message.formats, [](auto f) { return !IsSenml(f); });
  if (ReadsSenml(message) && other) {
    fields.Fail("format", "SenML goes with no other format: its values are found by name");
  }
  if (Reads(message, PayloadFormat::kJson) && Reads(message, PayloadFormat::kSck)) {
    fields.Fail("format", "json and sck both begin with '{'");
  }
}

std::optional<TimeSpec> ProfileReader::ReadTime(yaml::Fields& outer, const MessageSpec& message) {
  const yaml::Node* node = outer.Child("time");
  if (node == nullptr) return std::nullopt;
  yaml::Fields fields(*node, "time", error_);
  TimeSpec time;
  if (ReadsSenml(message)) {
    time.forms = kStampSenml;
  } else {
    for (const std::string& text : OneOrMore(fields, "at", limits::kPathsPerTimeMax)) {
      StatusOr<Path> path = Path::Parse(text);
      if (!path.ok()) {
        fields.Fail("at", Message(path.status()));
      } else if (!path->plain()) {
        fields.Fail("at", "no placeholder or selector may stand here");
      } else {
        time.at.push_back(*std::move(path));
      }
    }
    for (const std::string& name : OneOrMore(fields, "form", std::size(kForms))) {
      const auto* found = std::ranges::find(kForms, name, &NamedForm::first);
      if (found == std::end(kForms)) {
        fields.Fail("form",
                    Format("\"%s\" is not one of: iso, iso-local, epoch-s, epoch-ms", name));
      } else {
        time.forms = static_cast<uint8_t>(time.forms | found->second);
      }
    }
  }
  if (fields.Has("stamp")) time.end = fields.OneOf("stamp", {"start", "end"}) == 1;
  if (fields.Has("interval")) {
    time.interval = fields.Parse("interval", ParseDuration);
    if (!time.end) fields.Fail("interval", "matters only with `stamp: end`");
  }
  if (fields.Has("whole")) {
    time.whole = fields.Bool("whole");
    if (time.interval <= Millis(0)) fields.Fail("whole", "needs an `interval`");
  }
  fields.Finish();
  return time;
}

void ProfileReader::ReadReading(const yaml::Node& node, MessageSpec& message) {
  yaml::Fields fields(node, "reading", error_);
  ReadingSpec reading;
  reading.metric = fields.Text("metric");
  if (reading.metric == "{metric}") {
    reading.metric.clear();
  } else if (!IsDocumentId(reading.metric)) {
    fields.Fail("metric", "must be the id of a metric, or \"{metric}\"");
  }
  reading.at = ReadPath(fields, "at");
  if (fields.Has("name")) {
    const std::string name = fields.Text("name");
    StatusOr<Pattern> pattern = Pattern::Parse(name);
    if (pattern.ok()) {
      reading.name = *std::move(pattern);
    } else {
      fields.Fail("name", Message(pattern.status()));
    }
  }
  ReadWords(fields, reading);
  ReadNumbers(fields, reading);
  if (fields.Has("time")) reading.time = ReadTime(fields, message);
  fields.Finish();
  CheckPlaces(fields, message, reading);
  if ((reading.at && reading.at->Has(Placeholder::kPart)) ||
      (reading.name && reading.name->Has(Placeholder::kPart))) {
    message.parts_inside = true;
  }
  message.readings.push_back(std::move(reading));
}

void ProfileReader::ReadWords(yaml::Fields& fields, ReadingSpec& reading) {
  if (fields.Has("unit")) reading.unit = ReadShort(fields, "unit", kTextBytesMax);
  reading.unit_at = ReadPlainPath(fields, "unit_at");
  if (fields.Has("units")) reading.units = ReadMap(fields, "units");
  if (fields.Has("text")) reading.text = fields.Bool("text");
  if (!fields.Has("states")) return;
  for (const auto& [text, state] : ReadMap(fields, "states")) {
    if (state != "0" && state != "1") fields.Fail("states", "a text stands for 0 or for 1");
    reading.states.emplace_back(text, state == "1");
  }
  for (const std::string_view key : {"unit", "unit_at", "units", "text", "range", "not", "step",
                                     "rollover"}) {
    if (fields.Has(key)) fields.Fail(key, "means nothing for a state");
  }
}

void ProfileReader::ReadNumbers(yaml::Fields& fields, ReadingSpec& reading) {
  if (fields.Has("default")) {
    reading.default_value = fields.Text("default");
    if (!Decimal::Parse(reading.default_value).ok()) fields.Fail("default", "must be a number");
    if (!reading.at || !reading.at->plain()) {
      fields.Fail("default", "needs a path without placeholder or selector");
    }
  }
  if (fields.Has("range")) {
    const std::vector<Decimal> ends = ReadDecimals(fields, "range", 2);
    if (ends.size() == 2) {
      reading.range = {ends[0], ends[1]};
    } else {
      fields.Fail("range", "must be [lowest, highest]");
    }
  }
  if (fields.Has("not")) reading.faults = ReadDecimals(fields, "not", limits::kWordsPerReadingMax);
  const auto positive = [&](std::string_view key) -> std::optional<Decimal> {
    if (!fields.Has(key)) return std::nullopt;
    const Decimal number = fields.Parse(key, Decimal::Parse);
    if (!number.positive()) fields.Fail(key, "must be a positive number");
    return number;
  };
  reading.step = positive("step");
  reading.rollover = positive("rollover");
}

void ProfileReader::CheckPlaces(yaml::Fields& fields, const MessageSpec& message,
                                const ReadingSpec& reading) {
  const bool senml = ReadsSenml(message);
  const bool fields_payload =
      Reads(message, PayloadFormat::kJson) || Reads(message, PayloadFormat::kSck);
  if (senml != reading.name.has_value()) {
    fields.Fail("name", senml ? "SenML needs the name of its records" : "is for SenML");
  }
  if (fields_payload != reading.at.has_value()) {
    fields.Fail("at", fields_payload ? "json and sck need a path" : "is for json and sck");
  }
  if (reading.unit_at && !fields_payload) fields.Fail("unit_at", "is for json and sck");
  if (reading.at && reading.at->Has(Placeholder::kDevice)) {
    fields.Fail("at", "{device} goes into the topic or the name; use `device` for a field");
  }
  const auto places = [&](Placeholder placeholder) {
    return (message.topic.Has(placeholder) ? 1 : 0) +
           (reading.at && reading.at->Has(placeholder) ? 1 : 0) +
           (reading.name && reading.name->Has(placeholder) ? 1 : 0);
  };
  if (places(Placeholder::kPart) > 1) fields.Fail("metric", "{part} must stand in one place");
  const int metrics = places(Placeholder::kMetric);
  if (reading.metric.empty() && metrics != 1) {
    fields.Fail("metric", "{metric} must stand in one place of topic, path and name");
  }
  if (!reading.metric.empty() && metrics > 0) {
    fields.Fail("metric", "must be \"{metric}\", since topic, path or name say it");
  }
  const int devices = places(Placeholder::kDevice) + (message.device ? 1 : 0);
  if (devices == 0 && profile_.claim_.empty()) {
    fields.Fail("metric", "neither topic nor payload say which device it is");
  }
  if (devices > 0 && !profile_.claim_.empty()) {
    fields.Fail("metric", "the profile's claim already says which device it is");
  }
}

}  // namespace gateway::ingest
