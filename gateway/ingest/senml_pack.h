// What the two forms of SenML have in common: labels, their types, and how records are resolved
// (RFC 8428 §4.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ingest/fields.h"
#include "gateway/model/decimal.h"

namespace gateway::ingest {

// Numbered as in CBOR (RFC 8428 §6).
enum class SenmlLabel : int8_t {
  kBaseSum = -6, kBaseValue, kBaseUnit, kBaseTime, kBaseName, kBaseVersion,
  kName, kUnit, kValue, kString, kBoolean, kSum, kTime, kUpdate, kData,
};

// "bn", "vs", …; empty if there is none of that name.
std::optional<SenmlLabel> FindSenmlLabel(std::string_view name);

// Thread-compatible.
class SenmlPack {
 public:
  // Begins a pack whose records go to `records`; views given out before end here.
  void Begin(std::vector<SenmlRecord>& records);

  // Each returns false if the pack is malformed.
  // Sets a label of the record in hand; `text` must live until EndRecord.
  bool Set(SenmlLabel label, FieldKind kind, std::string_view text);
  bool EndRecord();

 private:
  struct Raw {
    uint16_t seen = 0;  // bit per label, from kBaseSum on
    FieldKind value_kind = FieldKind::kNull;
    std::string_view name, unit, value;  // value: of v, vb and vs
    std::optional<Decimal> time;
  };

  bool Has(SenmlLabel label) const;
  std::optional<std::string_view> Keep(std::string_view a, std::string_view b = {});
  bool ResolveValue(SenmlRecord& record);
  bool ResolveTime(SenmlRecord& record);

  std::vector<SenmlRecord>* records_ = nullptr;
  Raw raw_;
  std::string_view base_name_, base_unit_;
  std::optional<Decimal> base_time_, base_value_;
  bool base_sum_ = false;
  std::string texts_;  // of a fixed capacity, so that views into it stay
};

}  // namespace gateway::ingest
