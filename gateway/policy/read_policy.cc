#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/read_rules.h"
#include "gateway/policy/reader.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Fields;

constexpr uint64_t kHomesMax = 10'000'000;
constexpr int64_t kBoundMax = 1'000'000'000'000'000;  // of a reading, in units
constexpr std::size_t kLevelsMax = 16;

StatusOr<Decimal> ReadResolution(std::string_view text) {
  const StatusOr<Decimal> parsed = Decimal::Parse(text);
  if (parsed.ok() && parsed->positive() && parsed->ToString() == text) return parsed;
  return InvalidArgument("must be a positive decimal number without exponent, like \"0.01\"");
}

Metric ReadMetric(Fields& fields) {
  Metric metric;
  metric.id = ReadIdField<MetricId>(fields, "id");
  metric.unit = ReadText(fields, "unit");
  metric.kind = static_cast<MetricKind>(
      fields.OneOf("kind", {"delta", "gauge", "counter", "level", "state", "event"}));
  metric.resolution = fields.Parse("resolution", ReadResolution);
  metric.lo = ReadSteps(fields, "lo", -kBoundMax, metric.resolution);
  metric.hi = ReadSteps(fields, "hi", -kBoundMax, metric.resolution);
  if (metric.hi < metric.lo) fields.Fail("hi", "must not be below lo");
  metric.interval = ReadPositive(fields, "interval");
  metric.lateness = fields.Parse("lateness", ParseDuration);
  metric.sensitivity =
      static_cast<Sensitivity>(fields.OneOf("sensitivity", {"household", "open", "sensitive"}));
  const bool of_places = fields.OneOf("unit_of_privacy", {"household", "place"}) == 1;
  metric.owner = of_places ? OwnerKind::kPlace : OwnerKind::kHousehold;
  if (of_places) {
    metric.bucket_min = ReadPositive(fields, "bucket_min");
  } else if (fields.Has("bucket_min")) {
    fields.Fail("bucket_min", "only for unit_of_privacy: place");
  }
  return metric;
}

Zone ReadZone(Fields& fields, const Policy& policy) {
  Zone zone;
  zone.line = fields.line();
  zone.id = ReadIdField<ZoneId>(fields, "id");
  const std::string level = fields.Text("level");
  const std::optional<uint32_t> index = policy.LevelIndex(level);
  if (!index) fields.Fail("level", Format("\"%s\" is not one of zone_levels", level));
  zone.level = index.value_or(0);
  if (fields.Has("parent")) zone.parent = ReadIdField<ZoneId>(fields, "parent");
  if (fields.Has("homes")) zone.homes = static_cast<uint32_t>(fields.Uint("homes", 0, kHomesMax));
  return zone;
}

void ReadVocabulary(Fields& fields, Policy& policy, Status& error) {
  policy.zone_levels = fields.Texts("zone_levels", Fields::Empty::kRefused, kLevelsMax);
  ReadList(fields, "zones", "zone", error,
           [&](Fields& item) { policy.zones.push_back(ReadZone(item, policy)); });
  ReadList(fields, "metrics", "metric", error, [&](Fields& item) {
    policy.metric_lines.push_back(item.line());
    policy.metrics.push_back(ReadMetric(item));
  });
  ReadList(fields, "purposes", "purpose", error, [&](Fields& item) {
    policy.purposes.push_back({item.Parse("id", ReadId), ReadText(item, "iri"),
                               item.Has("group") ? item.Parse("group", ReadId) : "",
                               item.line()});
  });
}

}  // namespace

StatusOr<Policy> ParsePolicy(std::string_view yaml) {
  ASSIGN_OR_RETURN(const yaml::Node root, yaml::Parse(yaml));
  Status error;
  Policy policy;
  Fields fields(root, "policy", error);
  Head head = ReadHead(fields, "commons-policy/1");
  policy.commons = std::move(head.commons);
  policy.version = head.version;
  policy.prev = std::move(head.prev);
  policy.issued = fields.Parse("issued", ReadTime);
  policy.activates = fields.Parse("activates", ReadTime);
  policy.expires = fields.Parse("expires", ReadTime);
  policy.time_zone = ReadText(fields, "time_zone");
  ReadVocabulary(fields, policy, error);
  ReadRules(fields, policy, error);
  fields.Finish();
  RETURN_IF_ERROR(error);
  return policy;
}

}  // namespace gateway::policy
