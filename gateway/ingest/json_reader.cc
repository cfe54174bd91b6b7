#include "gateway/ingest/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/ingest/number_text.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
using port::DoorCode;

}  // namespace

struct JsonReader::Impl {
  Impl() { GW_CHECK(parser.allocate(limits::kPayloadBytesMax) == simdjson::SUCCESS); }

  DoorCode Walk(ondemand::value value);
  DoorCode WalkObject(ondemand::object object);
  DoorCode WalkArray(ondemand::array array);
  DoorCode TakeScalar(ondemand::value value, std::string_view token);
  DoorCode Child(Field::Step step, ondemand::value value);
  DoorCode Add(FieldKind kind, std::string_view text);

  ondemand::parser parser;
  std::array<char, limits::kPayloadBytesMax + simdjson::SIMDJSON_PADDING> buffer{};
  Fields* fields = nullptr;
  std::vector<Field::Step> path;       // to where the walk is
  std::vector<std::string_view> keys;  // of the objects that it is in
  std::size_t nodes = 0;
};

DoorCode JsonReader::Impl::Add(FieldKind kind, std::string_view text) {
  if (fields->fields.size() == kFieldsMax) return DoorCode::kOversized;
  fields->fields.push_back({.first_step = static_cast<uint32_t>(fields->steps.size()),
                            .steps = static_cast<uint32_t>(path.size()),
                            .kind = kind,
                            .text = text});
  fields->steps.insert(fields->steps.end(), path.begin(), path.end());
  return DoorCode::kAdmitted;
}

// simdjson does not look at scalars that nobody converts, so their text is checked here.
DoorCode JsonReader::Impl::TakeScalar(ondemand::value value, std::string_view token) {
  if (token.starts_with('"')) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return DoorCode::kMalformed;
    return Add(FieldKind::kText, text);
  }
  if (IsJsonNumber(token)) return Add(FieldKind::kNumber, token);
  if (token == "true") return Add(FieldKind::kTrue, token);
  if (token == "false") return Add(FieldKind::kFalse, token);
  if (token == "null" || IsNotANumber(token)) return Add(FieldKind::kNull, token);
  return DoorCode::kMalformed;
}

DoorCode JsonReader::Impl::Child(Field::Step step, ondemand::value value) {
  if (++nodes > limits::kJsonNodesMax) return DoorCode::kOversized;
  if (path.size() == kFieldDepthMax) return DoorCode::kMalformed;
  path.push_back(step);
  const DoorCode code = Walk(value);
  path.pop_back();
  return code;
}

DoorCode JsonReader::Impl::WalkObject(ondemand::object object) {
  const std::size_t mine = keys.size();
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS) {
      return DoorCode::kMalformed;
    }
    for (std::size_t i = mine; i < keys.size(); ++i) {
      if (keys[i] == key) return DoorCode::kMalformed;
    }
    keys.push_back(key);
    const DoorCode code = Child({.key = key, .index = -1}, value);
    if (code != DoorCode::kAdmitted) return code;
  }
  keys.resize(mine);
  return DoorCode::kAdmitted;
}

DoorCode JsonReader::Impl::WalkArray(ondemand::array array) {
  int32_t index = 0;
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value) != simdjson::SUCCESS) return DoorCode::kMalformed;
    const DoorCode code = Child({.key = {}, .index = index++}, value);
    if (code != DoorCode::kAdmitted) return code;
  }
  return DoorCode::kAdmitted;
}

DoorCode JsonReader::Impl::Walk(ondemand::value value) {
  const std::string_view token = Trim(value.raw_json_token());
  if (token.starts_with('{')) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return DoorCode::kMalformed;
    return WalkObject(object);
  }
  if (token.starts_with('[')) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return DoorCode::kMalformed;
    return WalkArray(array);
  }
  return TakeScalar(value, token);
}

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::~JsonReader() = default;

DoorCode JsonReader::Read(std::string_view payload, Fields& fields) {
  fields.Clear();
  if (payload.size() > limits::kPayloadBytesMax) return DoorCode::kOversized;
  Impl& self = *impl_;
  std::ranges::copy(payload, self.buffer.begin());  // also of no bytes, unlike memcpy
  std::memset(self.buffer.data() + payload.size(), 0, simdjson::SIMDJSON_PADDING);
  self.fields = &fields;
  self.path.clear();
  self.keys.clear();
  self.nodes = 0;
  ondemand::document document;
  if (self.parser.iterate(self.buffer.data(), payload.size(), self.buffer.size()).get(document) !=
      simdjson::SUCCESS) {
    return DoorCode::kMalformed;
  }
  DoorCode code = DoorCode::kMalformed;
  ondemand::object object;
  ondemand::array array;
  const bool is_array = Trim(payload).starts_with('[');
  if (is_array && document.get_array().get(array) == simdjson::SUCCESS) {
    code = self.WalkArray(array);
  } else if (!is_array && document.get_object().get(object) == simdjson::SUCCESS) {
    code = self.WalkObject(object);
  }
  if (code != DoorCode::kAdmitted) return code;
  // Out of bounds is where a reader stands that has consumed everything.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? DoorCode::kAdmitted
                                                                        : DoorCode::kMalformed;
}

}  // namespace gateway::ingest
