#include "gateway/policy/reader.h"

#include "gateway/base/bytes.h"
#include "gateway/model/ids.h"
#include "gateway/model/time.h"

namespace gateway::policy {
namespace {

constexpr uint64_t kVersionMax = 1'000'000'000;
constexpr std::size_t kHashBytes = 32;

StatusOr<std::string> ReadPrev(std::string_view text) {
  if (text.empty()) return std::string();
  StatusOr<std::string> hash = HexDecode(text);
  if (hash.ok() && hash->size() == kHashBytes) return hash;
  return InvalidArgument(
      "must be \"\" or the BLAKE2b-256 of the previous version in 64 hex digits");
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

}  // namespace gateway::policy
