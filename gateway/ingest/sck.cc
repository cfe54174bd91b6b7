#include "gateway/ingest/sck.h"

#include <algorithm>
#include <optional>

#include "gateway/ingest/number_text.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::size_t kKeyBytesMax = 8;
constexpr std::size_t kTimeBytesMax = 40;

bool IsAllOf(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<FieldKind> KindOf(std::string_view key, std::string_view value) {
  if (key == "t") {
    if (value.empty() || value.size() > kTimeBytesMax || !IsAllOf(value, "0123456789TZ:.+-")) {
      return std::nullopt;
    }
    return FieldKind::kText;
  }
  if (key.empty() || key.size() > kKeyBytesMax || !IsAllOf(key, "0123456789")) return std::nullopt;
  if (IsJsonNumber(value)) return FieldKind::kNumber;
  if (value == "null" || IsNotANumber(value)) return FieldKind::kNull;
  return std::nullopt;
}

bool Read(std::string_view rest, Fields& fields) {
  if (!rest.starts_with('{') || !rest.ends_with('}') || rest.size() < 2) return false;
  rest = rest.substr(1, rest.size() - 2);
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);

    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos || fields.fields.size() == kFieldsMax) return false;
    const std::string_view key = pair.substr(0, colon);
    const std::string_view value = pair.substr(colon + 1);
    const std::optional<FieldKind> kind = KindOf(key, value);
    const auto same = [&](const Field::Step& step) { return step.key == key; };
    if (!kind || std::any_of(fields.steps.begin(), fields.steps.end(), same)) return false;
    fields.fields.push_back({.first_step = static_cast<uint32_t>(fields.steps.size()),
                             .steps = 1,
                             .kind = *kind,
                             .text = value});
    fields.steps.push_back({.key = key});
  }
  return true;
}

}  // namespace

port::DoorCode ReadSck(std::string_view payload, Fields& fields) {
  fields.Clear();
  if (payload.size() > limits::kPayloadBytesMax) return port::DoorCode::kOversized;
  if (Read(Trim(payload), fields)) return port::DoorCode::kAdmitted;
  fields.Clear();
  return port::DoorCode::kMalformed;
}

}  // namespace gateway::ingest
