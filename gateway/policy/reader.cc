#include "gateway/policy/reader.h"

#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/model/ids.h"
#include "gateway/model/time.h"

namespace gateway::policy {
namespace {

constexpr uint64_t kVersionMax = 1'000'000'000;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kTextBytesMax = 256;
constexpr int64_t kUnitsMax = 1'000'000'000'000'000;
__extension__ using Wide = __int128;

StatusOr<std::string> ReadPrev(std::string_view text) {
  if (text.empty()) return std::string();
  StatusOr<std::string> hash = HexDecode(text);
  if (hash.ok() && hash->size() == kHashBytes) return hash;
  return InvalidArgument(
      "must be \"\" or the BLAKE2b-256 of the previous version in 64 hex digits");
}

// How many steps of `resolution` make `value`, or nothing unless it is a whole number of them
// below 2^62.
std::optional<int64_t> StepsOf(int64_t value, const Decimal& resolution) {
  constexpr std::size_t kPlacesMax = 18;
  Wide numerator = value;
  Wide denominator = 0;
  const std::string text = resolution.ToString();
  const std::size_t point = text.find('.');
  const std::size_t places = point == std::string::npos ? 0 : text.size() - point - 1;
  if (places > kPlacesMax || text.size() > 2 * kPlacesMax) return std::nullopt;
  for (const char c : text) {
    if (c != '.') denominator = denominator * 10 + (c - '0');
  }
  for (std::size_t i = 0; i < places; ++i) numerator *= 10;
  constexpr Wide kStepsMax = static_cast<Wide>(1) << 62;
  if (denominator == 0 || numerator % denominator != 0) return std::nullopt;
  const Wide steps = numerator / denominator;
  if (steps >= kStepsMax || steps <= -kStepsMax) return std::nullopt;
  return static_cast<int64_t>(steps);
}

}  // namespace

StatusOr<std::string> ReadId(std::string_view text) {
  if (IsDocumentId(text)) return std::string(text);
  return InvalidArgument("must be a name of 1 to 48 of a-z, 0-9 and -, and begin with a letter");
}

StatusOr<Time> ReadTime(std::string_view text) {
  const StatusOr<Time> time = ParseTime(text);
  if (time.ok() && FormatTime(*time) == text && *time == FloorTo(*time, std::chrono::seconds(1))) {
    return time;
  }
  return InvalidArgument("must be a time of the form 2013-01-14T00:30:00Z");
}

Head ReadHead(yaml::Fields& fields, std::string_view schema) {
  fields.OneOf("schema", {schema});
  Head head;
  head.commons = fields.Parse("commons", ReadId);
  head.version = fields.Uint("version", 1, kVersionMax);
  head.prev = fields.Parse("prev", ReadPrev);
  if ((head.version == 1) != head.prev.empty()) {
    fields.Fail("prev",
                "must be \"\" for version 1, and the hash of the previous version after it");
  }
  return head;
}

Millis ReadPositive(yaml::Fields& fields, std::string_view key) {
  const Millis length = fields.Parse(key, ParseDuration);
  if (length <= Millis(0)) fields.Fail(key, "must be longer than nothing");
  return length;
}

std::string ReadText(yaml::Fields& fields, std::string_view key) {
  std::string text = fields.Text(key);
  if (text.empty() || text.size() > kTextBytesMax) {
    fields.Fail(key, Format("must have 1 to %d bytes", kTextBytesMax));
  }
  return text;
}

int64_t ReadSteps(yaml::Fields& fields, std::string_view key, int64_t min,
                  const Decimal& resolution) {
  const int64_t value = fields.Int(key, min, kUnitsMax);
  if (!resolution.positive()) return 0;  // An error is set already, or lint says the rest.
  const std::optional<int64_t> steps = StepsOf(value, resolution);
  if (!steps) fields.Fail(key, "must be a whole number of steps of the resolution, below 2^62");
  return steps.value_or(0);
}

}  // namespace gateway::policy
