// What must hold of every pack that a reader of SenML accepts, whatever its form was.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/ingest/number_text.h"
#include "gateway/ingest/senml.h"
#include "gateway/model/decimal.h"
#include "gateway/model/limits.h"

namespace gateway::fuzz {

inline void CheckRecord(const ingest::SenmlRecord& record) {
  GW_CHECK(!record.name.empty() && record.name.size() <= limits::kSenmlNameBytesMax);
  GW_CHECK(record.time.empty() || Decimal::Parse(record.time).ok());
  GW_CHECK(record.kind != ingest::FieldKind::kNumber || ingest::IsJsonNumber(record.value));
}

// Resolved records are a pack themselves: the same records, and nothing to add to them.
inline std::string AsJson(const std::vector<ingest::SenmlRecord>& records) {
  const auto quoted = [](std::string_view text) { return nlohmann::json(std::string(text)).dump(); };
  std::string pack;
  for (const ingest::SenmlRecord& record : records) {
    pack += (pack.empty() ? "{\"n\":" : ",{\"n\":") + quoted(record.name);
    if (!record.unit.empty()) pack += ",\"u\":" + quoted(record.unit);
    if (!record.time.empty()) pack += ",\"t\":" + std::string(record.time);
    switch (record.kind) {
      case ingest::FieldKind::kNumber: pack += ",\"v\":" + std::string(record.value); break;
      case ingest::FieldKind::kText: pack += ",\"vs\":" + quoted(record.value); break;
      case ingest::FieldKind::kTrue: pack += ",\"vb\":true"; break;
      case ingest::FieldKind::kFalse: pack += ",\"vb\":false"; break;
      case ingest::FieldKind::kNull: pack += ",\"v\":null"; break;
    }
    pack += "}";
  }
  return "[" + pack + "]";
}

inline void CheckPack(const std::vector<ingest::SenmlRecord>& records) {
  GW_CHECK(records.size() <= limits::kObservationsPerMessageMax);
  for (const ingest::SenmlRecord& record : records) CheckRecord(record);
  if (records.empty()) return;  // of data and sums only
  const std::string pack = AsJson(records);
  if (pack.size() > limits::kPayloadBytesMax) return;
  static auto* const reader = new ingest::SenmlReader();
  std::vector<ingest::SenmlRecord> again;
  GW_CHECK(reader->ReadJson(pack, again) == port::DoorCode::kAdmitted);
  GW_CHECK(again.size() == records.size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    GW_CHECK(again[i].name == records[i].name && again[i].unit == records[i].unit &&
             again[i].kind == records[i].kind && again[i].value == records[i].value &&
             again[i].time == records[i].time);
  }
}

}  // namespace gateway::fuzz
