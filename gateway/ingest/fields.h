// A payload as a flat list of scalars, whatever its format was: what profiles select from.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::ingest {

enum class FieldKind : uint8_t {
  kNumber,  // `text` is a number of RFC 8259's grammar, as it was written
  kText,    // unescaped
  kTrue,
  kFalse,
  kNull,    // null, and a bare nan or inf of a broken printf
};

// Views end with the buffers of the reader that made them.
struct Field {
  // Keys and array indices from the root, at most kFieldDepthMax; empty for a bare value.
  struct Step {
    std::string_view key;  // of an object; empty with an index
    int32_t index = -1;    // of an array's element; -1 with a key
  };
  uint32_t first_step = 0, steps = 0;  // in Fields::steps
  FieldKind kind = FieldKind::kNull;
  std::string_view text;
};

struct Fields {
  std::vector<Field> fields;  // in the order of the payload
  std::vector<Field::Step> steps;
  void Clear() {
    fields.clear();
    steps.clear();
  }
};

inline constexpr std::size_t kFieldDepthMax = 16;
inline constexpr std::size_t kFieldsMax = 512;

// One resolved record of a SenML pack (RFC 8428 §4.6): base fields are applied, and nothing of it
// is a double.
struct SenmlRecord {
  std::string_view name;   // bn + n
  std::string_view unit;   // "" if there is none
  FieldKind kind = FieldKind::kNumber;  // of the value: v (with bv), vb, vs
  std::string_view value;  // decimal text, exact
  // Decimal seconds. Not set: now. Below 2^28: relative to now, negative ones included.
  std::string_view time;
};

}  // namespace gateway::ingest
