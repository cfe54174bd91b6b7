#include "gateway/ingest/senml.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "gateway/base/check.h"
#include "gateway/ingest/cbor.h"
#include "gateway/ingest/json_strict.h"
#include "gateway/ingest/number_text.h"
#include "gateway/ingest/senml_pack.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
using port::DoorCode;

// Reads a scalar; a label's value is nothing else.
bool ReadScalar(ondemand::value value, FieldKind& kind, std::string_view& text) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  const std::string_view token = Trim(value.raw_json_token());
  switch (type) {
    case ondemand::json_type::string:
      kind = FieldKind::kText;
      return value.get_string().get(text) == simdjson::SUCCESS;
    case ondemand::json_type::number:
      kind = FieldKind::kNumber;
      text = token;
      return IsJsonNumber(token);
    case ondemand::json_type::boolean:
      kind = token == "true" ? FieldKind::kTrue : FieldKind::kFalse;
      return token == "true" || token == "false";
    case ondemand::json_type::null:
      kind = FieldKind::kNull;
      return token == "null";
    case ondemand::json_type::array:
    case ondemand::json_type::object:
      return false;
  }
  return false;
}

bool ReadRecord(ondemand::object object, SenmlPack& pack) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS) {
      return false;
    }
    if (const std::optional<SenmlLabel> label = FindSenmlLabel(key)) {
      FieldKind kind = FieldKind::kNull;
      std::string_view text;
      if (!ReadScalar(value, kind, text) || !pack.Set(*label, kind, text)) return false;
    } else if (key.ends_with('_') || !IsWellFormed(value, 2)) {
      return false;
    }
  }
  return pack.EndRecord();
}

std::optional<FieldKind> KindOf(CborKind kind, SenmlLabel label) {
  switch (kind) {
    case CborKind::kNumber: return FieldKind::kNumber;
    case CborKind::kNotANumber:
    case CborKind::kNull: return FieldKind::kNull;
    case CborKind::kTrue: return FieldKind::kTrue;
    case CborKind::kFalse: return FieldKind::kFalse;
    // Data is bytes here; nothing else is.
    case CborKind::kText:
      return label == SenmlLabel::kData ? std::nullopt : std::optional(FieldKind::kText);
    case CborKind::kBytes:
      return label == SenmlLabel::kData ? std::optional(FieldKind::kText) : std::nullopt;
    case CborKind::kArray:
    case CborKind::kMap:
    case CborKind::kEnd: return std::nullopt;
  }
  return std::nullopt;
}

// The table of integers is closed (RFC 8428 §6).
std::optional<SenmlLabel> FindLabel(std::string_view number) {
  int label = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), label);
  if (error != std::errc() || end != number.data() + number.size() ||
      label < static_cast<int>(SenmlLabel::kBaseSum) ||
      label > static_cast<int>(SenmlLabel::kData)) {
    return std::nullopt;
  }
  return static_cast<SenmlLabel>(label);
}

}  // namespace

struct SenmlReader::Impl {
  Impl() { GW_CHECK(parser.allocate(limits::kPayloadBytesMax) == simdjson::SUCCESS); }

  DoorCode ReadJson(std::string_view payload);
  DoorCode ReadCbor(std::string_view payload);
  bool ReadCborRecord(CborReader& reader);

  ondemand::parser parser;
  std::array<char, limits::kPayloadBytesMax + simdjson::SIMDJSON_PADDING> buffer{};
  SenmlPack pack;
  // Texts of the record in hand, where the reader of CBOR would lose them.
  std::array<std::string, 4> held;
};

DoorCode SenmlReader::Impl::ReadJson(std::string_view payload) {
  std::ranges::copy(payload, buffer.begin());  // also of no bytes, unlike memcpy
  std::memset(buffer.data() + payload.size(), 0, simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  ondemand::array array;
  if (parser.iterate(buffer.data(), payload.size(), buffer.size()).get(document) !=
          simdjson::SUCCESS ||
      document.get_array().get(array) != simdjson::SUCCESS) {
    return DoorCode::kMalformed;
  }
  std::size_t count = 0;
  for (auto element : array) {
    if (count++ == limits::kObservationsPerMessageMax) return DoorCode::kOversized;
    ondemand::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS || !ReadRecord(object, pack)) {
      return DoorCode::kMalformed;
    }
  }
  // Out of bounds is where a reader stands that has consumed everything.
  const bool all = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return all && count > 0 ? DoorCode::kAdmitted : DoorCode::kMalformed;
}

bool SenmlReader::Impl::ReadCborRecord(CborReader& reader) {
  CborItem key, value;
  std::size_t texts = 0;
  while (reader.Next(key)) {
    if (key.kind == CborKind::kEnd) return pack.EndRecord();
    if (key.kind == CborKind::kText) {
      // An extension. The labels of the table have no names here.
      if (key.text.ends_with('_') || FindSenmlLabel(key.text)) return false;
      if (!reader.Next(value) || !reader.Skip(value)) return false;
      continue;
    }
    const std::optional<SenmlLabel> label =
        key.kind == CborKind::kNumber ? FindLabel(key.text) : std::nullopt;
    if (!label || !reader.Next(value)) return false;
    const std::optional<FieldKind> kind = KindOf(value.kind, *label);
    if (!kind) return false;
    std::string_view text = value.text;
    if (*label == SenmlLabel::kName || *label == SenmlLabel::kUnit ||
        *label == SenmlLabel::kValue || *label == SenmlLabel::kString) {
      if (texts == held.size()) return false;  // one of them twice
      text = held[texts++].assign(text);
    }
    if (!pack.Set(*label, *kind, text)) return false;
  }
  return false;
}

DoorCode SenmlReader::Impl::ReadCbor(std::string_view payload) {
  CborReader reader(payload);
  CborItem item;
  if (!reader.Next(item) || item.kind != CborKind::kArray) return DoorCode::kMalformed;
  for (std::size_t count = 0; reader.Next(item); ++count) {
    if (item.kind == CborKind::kEnd) {
      const bool all = !reader.Next(item) && reader.error() == CborError::kNone;
      return all && count > 0 ? DoorCode::kAdmitted : DoorCode::kMalformed;
    }
    if (count == limits::kObservationsPerMessageMax) return DoorCode::kOversized;
    if (item.kind != CborKind::kMap || !ReadCborRecord(reader)) return DoorCode::kMalformed;
  }
  return DoorCode::kMalformed;
}

SenmlReader::SenmlReader() : impl_(std::make_unique<Impl>()) {}
SenmlReader::~SenmlReader() = default;

DoorCode SenmlReader::ReadJson(std::string_view payload, std::vector<SenmlRecord>& records) {
  records.clear();
  if (payload.size() > limits::kPayloadBytesMax) return DoorCode::kOversized;
  impl_->pack.Begin(records);
  const DoorCode code = impl_->ReadJson(payload);
  if (code != DoorCode::kAdmitted) records.clear();
  return code;
}

DoorCode SenmlReader::ReadCbor(std::string_view payload, std::vector<SenmlRecord>& records) {
  records.clear();
  if (payload.size() > limits::kPayloadBytesMax) return DoorCode::kOversized;
  impl_->pack.Begin(records);
  const DoorCode code = impl_->ReadCbor(payload);
  if (code != DoorCode::kAdmitted) records.clear();
  return code;
}

}  // namespace gateway::ingest
