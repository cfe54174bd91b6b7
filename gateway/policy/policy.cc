#include "gateway/policy/policy.h"

#include <algorithm>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/policy/reader.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Fields;
__extension__ using Wide = __int128;

constexpr Millis kDay = std::chrono::hours(24);
constexpr uint64_t kHomesMax = 10'000'000;
constexpr uint64_t kMinCountMax = 1'000'000'000;
constexpr int64_t kBoundMax = 1'000'000'000'000'000;  // of a reading, in units
constexpr std::size_t kLevelsMax = 16;
constexpr std::size_t kTextBytesMax = 256;

StatusOr<Decimal> ReadResolution(std::string_view text) {
  const StatusOr<Decimal> parsed = Decimal::Parse(text);
  if (parsed.ok() && parsed->positive() && parsed->ToString() == text) return parsed;
  return InvalidArgument("must be a positive decimal number without exponent, like \"0.01\"");
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

int64_t ReadBound(Fields& fields, std::string_view key, const Decimal& resolution) {
  const int64_t value = fields.Int(key, -kBoundMax, kBoundMax);
  if (!resolution.positive()) return 0;  // An error is set already.
  const std::optional<int64_t> steps = StepsOf(value, resolution);
  if (!steps) fields.Fail(key, "must be a whole number of steps of the resolution, below 2^62");
  return steps.value_or(0);
}

Millis ReadPositive(Fields& fields, std::string_view key) {
  const Millis length = fields.Parse(key, ParseDuration);
  if (length <= Millis(0)) fields.Fail(key, "must be longer than nothing");
  return length;
}

std::string ReadText(Fields& fields, std::string_view key) {
  std::string text = fields.Text(key);
  if (text.empty() || text.size() > kTextBytesMax) {
    fields.Fail(key, Format("must have 1 to %d bytes", kTextBytesMax));
  }
  return text;
}

Metric ReadMetric(Fields& fields) {
  Metric metric;
  metric.id = ReadIdField<MetricId>(fields, "id");
  metric.unit = ReadText(fields, "unit");
  metric.kind = static_cast<MetricKind>(
      fields.OneOf("kind", {"delta", "gauge", "counter", "level", "state", "event"}));
  metric.resolution = fields.Parse("resolution", ReadResolution);
  metric.lo = ReadBound(fields, "lo", metric.resolution);
  metric.hi = ReadBound(fields, "hi", metric.resolution);
  if (metric.hi < metric.lo) fields.Fail("hi", "must not be below lo");
  metric.interval = ReadPositive(fields, "interval");
  metric.lateness = fields.Parse("lateness", ParseDuration);
  metric.sensitivity =
      static_cast<Sensitivity>(fields.OneOf("sensitivity", {"household", "open"}));
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

// What protects households is needed unless the metric is known to be of places. What does not fit
// the metric is read nevertheless: lint names it (L42).
void ReadSafeguards(Fields& fields, const Policy& policy, ShareRule& rule) {
  const Metric* metric = policy.FindMetric(rule.metric);
  const bool of_places = metric != nullptr && metric->owner == OwnerKind::kPlace;
  if (!of_places || fields.Has("k_min")) {
    rule.k_min =
        static_cast<uint32_t>(fields.Uint("k_min", of_places ? 1 : 0, limits::kHouseholdsMax));
  }
  if (!of_places || fields.Has("top1_max_pct")) {
    rule.top1_max_pct = static_cast<uint32_t>(fields.Uint("top1_max_pct", 1, 100));
  }
  if (fields.Has("min_count")) rule.min_count = fields.Uint("min_count", 1, kMinCountMax);
}

void ReadBucket(Fields& fields, bool& whole_day, Millis& bucket) {
  const std::string text = fields.Text("bucket");
  bucket = ReadPositive(fields, "bucket");
  whole_day = text == "P1D";
  if (bucket == kDay && !whole_day) {
    fields.Fail("bucket", "write P1D: a day is the commons' civil day, not 24 h of UTC");
  }
}

RetainRule ReadRetainRule(Fields& fields) {
  RetainRule rule;
  rule.line = fields.line();
  rule.id = ReadIdField<RuleId>(fields, "id");
  rule.metric = ReadIdField<MetricId>(fields, "metric");
  rule.tier = static_cast<RetainTier>(fields.OneOf("tier", {"raw", "rollup"}));
  rule.keep = ReadPositive(fields, "keep");
  if (rule.tier == RetainTier::kRollup) {
    ReadBucket(fields, rule.whole_day, rule.bucket);
    fields.OneOf("then", {"erase"});
    return rule;
  }
  if (fields.Has("bucket")) fields.Fail("bucket", "only for tier: rollup");
  rule.then = static_cast<RetainThen>(fields.OneOf("then", {"erase", "rollup"}));
  return rule;
}

ShareRule ReadShareRule(Fields& fields, const Policy& policy, Status& error) {
  ShareRule rule;
  rule.line = fields.line();
  rule.id = ReadIdField<RuleId>(fields, "id");
  rule.metric = ReadIdField<MetricId>(fields, "metric");
  rule.stats = fields.Texts("stats", Fields::Empty::kRefused, 3);
  for (const std::string& stat : rule.stats) {
    if (stat != "count" && stat != "sum" && stat != "mean") {
      fields.Fail("stats", Format("\"%s\" is not one of: count, sum, mean", stat));
    }
  }
  ReadBucket(fields, rule.whole_day, rule.bucket);
  rule.zone_level = fields.Text("zone");
  rule.purpose = fields.Parse("purpose", ReadId);
  rule.to = fields.Texts("to", Fields::Empty::kRefused, limits::kRulesMax);
  rule.age_min = fields.Parse("age_min", ParseDuration);
  ReadSafeguards(fields, policy, rule);
  if (fields.Has("valid")) {
    if (const yaml::Node* node = fields.Child("valid")) {
      Fields valid(*node, "valid", error);
      if (valid.Has("from")) rule.valid_from = valid.Parse("from", ReadTime);
      if (valid.Has("until")) rule.valid_until = valid.Parse("until", ReadTime);
      if (rule.valid_from && rule.valid_until && *rule.valid_until <= *rule.valid_from) {
        valid.Fail("until", "must be later than from");
      }
      valid.Finish();
    }
  }
  return rule;
}

Forbid ReadForbid(Fields& fields) {
  Forbid forbid;
  forbid.line = fields.line();
  forbid.id = ReadIdField<RuleId>(fields, "id");
  if (fields.Has("purpose_group")) {
    forbid.purpose_groups =
        fields.Texts("purpose_group", Fields::Empty::kRefused, limits::kRulesMax);
  }
  if (fields.Has("purpose")) {
    forbid.purposes = fields.Texts("purpose", Fields::Empty::kRefused, limits::kRulesMax);
  }
  if (forbid.purpose_groups.empty() && forbid.purposes.empty()) {
    fields.Fail("purpose_group", "name a purpose_group or a purpose to forbid");
  }
  forbid.entrenched = fields.Bool("entrenched");
  forbid.reason = ReadText(fields, "reason");
  return forbid;
}

template <typename T>
const T* FindById(const std::vector<T>& items, const auto& id) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.id == id; });
  return found == items.end() ? nullptr : &*found;
}

template <typename T>
const T* FindByMetric(const std::vector<T>& items, const MetricId& metric) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const T& item) { return item.metric == metric; });
  return found == items.end() ? nullptr : &*found;
}

// Reads a list of mappings, each with `read`.
void ReadList(Fields& fields, std::string_view key, std::string_view what, Status& error,
              const auto& read) {
  for (const yaml::Node& node : fields.Items(key, limits::kRulesMax)) {
    Fields item(node, what, error);
    read(item);
    item.Finish();
    if (!error.ok()) return;
  }
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

void ReadRules(Fields& fields, Policy& policy, Status& error) {
  ReadList(fields, "collect", "collect rule", error, [&](Fields& item) {
    policy.collect.push_back({ReadIdField<RuleId>(item, "id"),
                              ReadIdField<MetricId>(item, "metric"),
                              item.Parse("profile", ReadId), item.line()});
  });
  ReadList(fields, "retain", "retain rule", error, [&](Fields& item) {
    policy.retain.push_back(ReadRetainRule(item));
  });
  ReadList(fields, "consent", "consent rule", error, [&](Fields& item) {
    if (item.Has("mode") && item.Text("mode") != "opt-in") {
      item.Fail("mode", "only opt-in is supported: silence is not a yes");
    }
    item.OneOf("mode", {"opt-in"});
    const auto household_rule = static_cast<HouseholdRule>(
        item.OneOf("household_rule", {"all-adults", "any-adult-objects"}));
    policy.consent.push_back({ReadIdField<RuleId>(item, "id"),
                              ReadIdField<MetricId>(item, "metric"), household_rule,
                              item.line()});
  });
  ReadList(fields, "share", "share rule", error,
           [&](Fields& item) { policy.share.push_back(ReadShareRule(item, policy, error)); });
  if (!fields.Has("forbid")) return;
  ReadList(fields, "forbid", "forbid rule", error,
           [&](Fields& item) { policy.forbid.push_back(ReadForbid(item)); });
}

}  // namespace

const Metric* Policy::FindMetric(const MetricId& id) const { return FindById(metrics, id); }
const Zone* Policy::FindZone(const ZoneId& id) const { return FindById(zones, id); }
const Purpose* Policy::FindPurpose(std::string_view id) const { return FindById(purposes, id); }
const ShareRule* Policy::FindShareRule(const RuleId& id) const { return FindById(share, id); }

const CollectRule* Policy::CollectRuleFor(const MetricId& metric) const {
  return FindByMetric(collect, metric);
}
const RetainRule* Policy::RetainRuleFor(const MetricId& metric, RetainTier tier) const {
  const auto found = std::find_if(retain.begin(), retain.end(), [&](const RetainRule& rule) {
    return rule.metric == metric && rule.tier == tier;
  });
  return found == retain.end() ? nullptr : &*found;
}
const ConsentRule* Policy::ConsentRuleFor(const MetricId& metric) const {
  return FindByMetric(consent, metric);
}

std::vector<const ShareRule*> Policy::ShareRulesFor(const MetricId& metric) const {
  std::vector<const ShareRule*> rules;
  for (const ShareRule& rule : share) {
    if (rule.metric == metric) rules.push_back(&rule);
  }
  return rules;
}

std::optional<uint32_t> Policy::LevelIndex(std::string_view level) const {
  const auto found = std::find(zone_levels.begin(), zone_levels.end(), level);
  if (found == zone_levels.end()) return std::nullopt;
  return static_cast<uint32_t>(found - zone_levels.begin());
}

StatusOr<ZoneId> Policy::AncestorAt(const ZoneId& zone, std::string_view level) const {
  const std::optional<uint32_t> wanted = LevelIndex(level);
  if (!wanted) return NotFound("zone level \"%s\": not one of zone_levels", level);
  const Zone* at = FindZone(zone);
  if (at == nullptr) return NotFound("zone \"%s\": not in the policy", zone.value());
  // Each step must get coarser, so that a circle of parents ends too.
  while (at->level < *wanted) {
    const Zone* parent = at->parent.empty() ? nullptr : FindZone(at->parent);
    if (parent == nullptr || parent->level <= at->level) break;
    at = parent;
  }
  if (at->level == *wanted) return at->id;
  return NotFound("zone \"%s\": lies in no zone of level %s", zone.value(), level);
}

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
