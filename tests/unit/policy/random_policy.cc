#include "tests/unit/policy/random_policy.h"

#include <algorithm>
#include <initializer_list>

#include "gateway/base/check.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kBegin = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
constexpr Millis kDay = days(1);

constexpr const char* kMetrics[] = {"load", "heat", "dust"};
constexpr const char* kStats[] = {"count", "sum", "mean"};
constexpr const char* kLevels[] = {"block", "quarter", "city"};
constexpr const char* kPurposes[] = {"stats", "mobility", "police"};
constexpr const char* kGroups[] = {"coercive", "research"};
constexpr const char* kProfiles[] = {"generic", "sck"};
constexpr const char* kParties[] = {"city-hall", "university", "press"};
constexpr const char* kRecipients[] = {"city-hall", "university", "peers", "members", "public"};

class Dice {
 public:
  explicit Dice(std::mt19937_64& random) : random_(random) {}

  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  bool Percent(std::size_t chance) { return Below(100) < chance; }
  template <typename T>
  T Of(std::initializer_list<T> items) {
    return *(items.begin() + Below(items.size()));
  }
  template <typename Items>
  const auto& In(const Items& items) {
    return *(std::begin(items) + static_cast<std::ptrdiff_t>(Below(std::size(items))));
  }
  // A subset in order, empty only if `may_be_empty`.
  template <std::size_t kCount>
  std::vector<std::string> Some(const char* const (&names)[kCount]) {
    std::vector<std::string> some;
    for (const char* const name : names) {
      if (Percent(40)) some.emplace_back(name);
    }
    if (some.empty()) some.emplace_back(In(names));
    return some;
  }

  Millis Bucket() { return Of<Millis>({minutes(15), hours(1), kDay}); }
  Millis Age() { return Of<Millis>({Millis(0), hours(1), hours(6), kDay}); }
  Millis Keep() { return Of<Millis>({days(3), days(30), days(90)}); }

 private:
  std::mt19937_64& random_;
};

bool OfPlaces(const MetricId& metric) { return metric.value() == "dust"; }

Metric MetricOf(Dice& dice, std::string_view name) {
  Metric metric;
  metric.id = MetricId(std::string(name));
  metric.unit = "Wh";
  metric.resolution = *Decimal::Parse("1");
  metric.hi = 1000;
  metric.interval = minutes(15);
  metric.lateness = hours(1);
  if (OfPlaces(metric.id)) {
    metric.sensitivity = Sensitivity::kOpen;
    metric.owner = OwnerKind::kPlace;
    metric.bucket_min = dice.Of<Millis>({minutes(15), hours(1)});
  } else {
    const bool sensitive = name == "heat" && dice.Percent(50);
    metric.sensitivity = sensitive ? Sensitivity::kSensitive : Sensitivity::kHousehold;
  }
  return metric;
}

ShareRule RandomShare(Dice& dice, const Policy& policy, std::size_t number) {
  ShareRule rule;
  rule.id = RuleId(Format("share-%d", number));
  rule.metric = dice.In(policy.metrics).id;
  rule.stats = dice.Some(kStats);
  rule.bucket = dice.Bucket();
  rule.whole_day = rule.bucket == kDay;
  rule.zone_level = dice.In(policy.zone_levels);
  rule.purpose = dice.In(policy.purposes).id;
  rule.to = dice.Some(kRecipients);
  rule.age_min = dice.Percent(30) ? dice.Age() : hours(1);
  if (OfPlaces(rule.metric)) {
    if (dice.Percent(30)) rule.min_count = dice.Of<uint64_t>({2, 5});
  } else {
    rule.k_min = dice.Percent(10) ? 4 : dice.Of<uint32_t>({5, 10});
    rule.top1_max_pct = dice.Percent(10) ? 45 : dice.Of<uint32_t>({30, 40});
    if (dice.Percent(30)) rule.top2_max_pct = dice.Of<uint32_t>({50, 60});
  }
  if (dice.Percent(30)) rule.round_to = dice.Of<int64_t>({10, 100});
  rule.redistribution = dice.Percent(30);
  if (dice.Percent(20)) rule.valid_from = kBegin + days(dice.Of<int>({0, 10}));
  if (dice.Percent(20)) rule.valid_until = kBegin + days(dice.Of<int>({20, 30}));
  return rule;
}

Forbid RandomForbid(Dice& dice, const Policy& policy, std::size_t number) {
  Forbid forbid;
  forbid.id = RuleId(Format("forbid-%d", number));
  forbid.reason = "so it was decided";
  forbid.entrenched = dice.Percent(20);
  if (dice.Percent(30)) forbid.purpose_groups = {dice.In(kGroups)};
  if (dice.Percent(40)) forbid.purposes = {dice.In(policy.purposes).id};
  if (dice.Percent(40)) forbid.to = dice.Some(kRecipients);
  if (dice.Percent(30)) forbid.metrics = {dice.In(policy.metrics).id};
  if (dice.Percent(20)) forbid.stats = dice.Some(kStats);
  if (dice.Percent(20)) forbid.zone_below = dice.In(policy.zone_levels);
  if (dice.Percent(20)) forbid.bucket_below = dice.Bucket();
  const bool says_nothing = forbid.purpose_groups.empty() && forbid.purposes.empty() &&
                            forbid.to.empty() && forbid.metrics.empty() && forbid.stats.empty() &&
                            forbid.zone_below.empty() && forbid.bucket_below == Millis(0);
  if (dice.Percent(20) || says_nothing) forbid.age_below = hours(dice.Of<int>({1, 6}));
  return forbid;
}

Duty RandomDuty(Dice& dice, const Policy& policy, std::size_t number) {
  Duty duty;
  duty.id = RuleId(Format("duty-%d", number));
  duty.within = days(dice.Of<int>({1, 3}));
  if (!policy.share.empty() && dice.Percent(50)) {
    duty.kind = DutyKind::kPublish;
    duty.rule = dice.In(policy.share).id;
  } else {
    duty.to = dice.Some(kParties);
    duty.purposes = {dice.In(policy.purposes).id};
  }
  return duty;
}

Coarsening RandomCoarsening(Dice& dice) {
  Coarsening coarsen;
  if (dice.Percent(30)) coarsen.step = dice.Of<int64_t>({5, 10});
  if (dice.Percent(30)) coarsen.every = minutes(dice.Of<int>({15, 60}));
  return coarsen;
}

ConsentRule RandomConsent(Dice& dice, const MetricId& metric) {
  ConsentRule rule;
  rule.id = RuleId("consent-" + metric.value());
  rule.metric = metric;
  if (dice.Percent(40)) {
    rule.mode = ConsentMode::kOptOut;
    rule.household_rule = HouseholdRule::kAnyAdultObjects;
    rule.notice = days(dice.Of<int>({7, 14}));
  }
  if (dice.Percent(40)) rule.reconfirm = days(dice.Of<int>({10, 365}));
  return rule;
}

void AddMetricRules(Dice& dice, const MetricId& metric, Policy& policy) {
  if (dice.Percent(90)) {
    policy.collect.push_back({.id = RuleId("collect-" + metric.value()),
                              .metric = metric,
                              .profile = dice.Percent(30) ? dice.In(kProfiles) : "",
                              .coarsen = RandomCoarsening(dice)});
  }
  if (dice.Percent(90)) {
    policy.retain.push_back(
        {.id = RuleId("keep-" + metric.value()), .metric = metric, .keep = dice.Keep()});
    if (dice.Percent(40)) {
      policy.retain.back().then = RetainThen::kRollup;
      policy.retain.push_back({.id = RuleId("roll-" + metric.value()),
                               .metric = metric,
                               .tier = RetainTier::kRollup,
                               .keep = dice.Keep(),
                               .whole_day = true,
                               .bucket = kDay});
    }
  }
  if (!OfPlaces(metric) && dice.Percent(90)) policy.consent.push_back(RandomConsent(dice, metric));
}

Charter RandomCharter(Dice& dice) {
  Charter charter;
  charter.commons = "riverside";
  charter.version = 1;
  charter.expires = kBegin + days(365);
  charter.keys = {{"ana", Ana().public_key()}, {"bo", Bo().public_key()}};
  const Role role{.keys = {"ana", "bo"}, .threshold = 2, .tighten = 2};
  charter.charter = charter.policy = charter.roster = charter.enrolment = role;
  charter.policy.tighten = 1;
  charter.floors.k_min = dice.Percent(80) ? 5 : 2;
  charter.floors.age_min = dice.Percent(80) ? Millis(0) : Millis(hours(1));
  charter.floors.top1_max_pct = 40;
  if (dice.Percent(20)) charter.floors.zone_min_household = dice.In(kLevels);
  if (dice.Percent(20)) charter.floors.zone_min_sensitive = dice.In(kLevels);
  if (dice.Percent(30)) charter.floors.keep_max = dice.Keep();
  charter.delays = {days(14), days(14), days(42), days(28)};
  if (dice.Percent(30)) charter.entrenched = {"forbid-0"};
  charter.grace = days(7);
  return charter;
}

Policy RandomPolicy(Dice& dice) {
  Policy policy;
  policy.commons = "riverside";
  policy.version = 1;
  policy.issued = policy.activates = kBegin;
  policy.expires = kBegin + days(365);
  policy.time_zone = "Europe/London";
  policy.zone_levels.assign(std::begin(kLevels), std::end(kLevels));
  policy.zones = {{.id = ZoneId("mill-lane"), .level = 1, .parent = ZoneId("riverside")},
                  {.id = ZoneId("riverside"), .level = 2}};
  for (const std::string& name : dice.Some(kMetrics)) {
    policy.metrics.push_back(MetricOf(dice, name));
    policy.metric_lines.push_back(0);
    AddMetricRules(dice, policy.metrics.back().id, policy);
  }
  for (const std::string& name : dice.Some(kPurposes)) {
    const std::string group = dice.Percent(40) ? dice.In(kGroups) : "";
    policy.purposes.push_back({name, "https://w3id.org/dpv#" + name, group});
  }
  const std::size_t shares = 1 + dice.Below(4);
  for (std::size_t i = 0; i < shares; ++i) policy.share.push_back(RandomShare(dice, policy, i));
  const std::size_t forbids = dice.Below(3);
  for (std::size_t i = 0; i < forbids; ++i) policy.forbid.push_back(RandomForbid(dice, policy, i));
  const std::size_t duties = dice.Below(3);
  for (std::size_t i = 0; i < duties; ++i) policy.duty.push_back(RandomDuty(dice, policy, i));
  return policy;
}

template <typename Items>
void DropOne(Dice& dice, Items& items) {
  if (items.empty()) return;
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(dice.Below(items.size())));
}

// The fields of one share rule again, but not what it is about.
void ChangeShare(Dice& dice, Policy& policy) {
  if (policy.share.empty()) return;
  ShareRule& rule = policy.share[dice.Below(policy.share.size())];
  const ShareRule other = RandomShare(dice, policy, 0);
  switch (dice.Below(9)) {
    case 0: rule.stats = other.stats; break;
    case 1: rule.to = other.to; break;
    case 2: rule.age_min = other.age_min; break;
    case 3: rule.round_to = other.round_to; break;
    case 4: rule.redistribution = other.redistribution; break;
    case 5: rule.valid_until = other.valid_until; break;
    case 6: rule.zone_level = other.zone_level; break;
    case 7: rule.valid_from = other.valid_from; break;
    default:
      if (OfPlaces(rule.metric)) {
        rule.min_count = dice.Of<std::optional<uint64_t>>({std::nullopt, 2, 5});
      } else {
        rule.k_min = dice.Of<uint32_t>({4, 5, 10});
        rule.top1_max_pct = dice.Of<uint32_t>({30, 40, 45});
      }
  }
}

void ChangeOnce(Dice& dice, Documents& documents) {
  Policy& policy = documents.policy;
  switch (dice.Below(14)) {
    case 0: DropOne(dice, policy.share); break;
    case 1: policy.share.push_back(RandomShare(dice, policy, policy.share.size() + 10)); break;
    case 2: DropOne(dice, policy.forbid); break;
    case 3: policy.forbid.push_back(RandomForbid(dice, policy, policy.forbid.size() + 10)); break;
    case 4: DropOne(dice, policy.duty); break;
    case 5: policy.duty.push_back(RandomDuty(dice, policy, policy.duty.size() + 10)); break;
    case 6: DropOne(dice, policy.collect); break;
    case 7: if (!policy.retain.empty()) policy.retain.front().keep = dice.Keep(); break;
    case 8:
      if (!policy.consent.empty()) {
        policy.consent.front() = RandomConsent(dice, policy.consent.front().metric);
      }
      break;
    case 9: policy.purposes.front().group = dice.Percent(50) ? dice.In(kGroups) : ""; break;
    case 10: documents.charter.floors = RandomCharter(dice).floors; break;
    case 11: DropOne(dice, documents.roster.parties); break;
    case 12: if (policy.purposes.size() > 1) DropOne(dice, policy.purposes); break;
    default: ChangeShare(dice, policy); break;
  }
}

}  // namespace

Documents RandomDocuments(std::mt19937_64& random) {
  Dice dice(random);
  Documents documents;
  documents.charter = RandomCharter(dice);
  documents.policy = RandomPolicy(dice);
  Roster& roster = documents.roster;
  roster.commons = "riverside";
  roster.version = 1;
  roster.issued = kBegin;
  roster.expires = kBegin + days(365);
  roster.gateways.push_back({.id = GatewayId("gw-mill-lane"), .zone = ZoneId("mill-lane")});
  for (const std::string& name : dice.Some(kParties)) {
    roster.parties.push_back({.id = PartyId(name), .kind = "municipality"});
  }
  return documents;
}

Documents RandomChange(Documents documents, std::mt19937_64& random) {
  Dice dice(random);
  const std::size_t changes = 1 + dice.Below(3);
  for (std::size_t i = 0; i < changes; ++i) ChangeOnce(dice, documents);
  return documents;
}

Request RandomRequest(const Documents& documents, std::mt19937_64& random) {
  Dice dice(random);
  const Policy& policy = documents.policy;
  Request request;
  const auto sometimes_unknown = [&](std::string name) { return dice.Percent(3) ? "none" : name; };
  request.action = dice.Percent(70) ? Action::kRelease : static_cast<Action>(dice.Below(7));
  request.party = PartyId(sometimes_unknown(dice.Percent(70) ? dice.In(kRecipients) : "press"));
  request.purpose = dice.Percent(2) ? "" : sometimes_unknown(dice.In(kPurposes));
  request.metric = MetricId(sometimes_unknown(dice.In(kMetrics)));
  request.stat = sometimes_unknown(dice.In(kStats));
  request.zone_level = sometimes_unknown(dice.In(kLevels));
  request.bucket = dice.Bucket();
  // Of a rule, most times: three random draws out of five names would seldom meet one.
  if (!policy.share.empty() && dice.Percent(75)) {
    const ShareRule& rule = dice.In(policy.share);
    request.metric = rule.metric;
    request.purpose = rule.purpose;
    request.rule = rule.id;
    if (dice.Percent(80)) request.zone_level = rule.zone_level;
    if (dice.Percent(80)) request.bucket = rule.bucket;
    if (dice.Percent(60)) request.party = PartyId(dice.In(rule.to));
  } else {
    request.rule = RuleId("share-9");
  }
  if (dice.Percent(10)) request.bucket += dice.Of<Millis>({seconds(-1), seconds(1)});
  request.tier = dice.Percent(50) ? RetainTier::kRaw : RetainTier::kRollup;
  request.age = request.action == Action::kKeep ? dice.Keep() : dice.Age();
  if (dice.Percent(30)) request.age += seconds(1);
  if (dice.Percent(30) && request.age > Millis(0)) request.age -= seconds(1);
  if (dice.Percent(50)) request.profile = dice.Percent(90) ? dice.In(kProfiles) : "none";
  const std::size_t adults = dice.Below(3);
  for (std::size_t i = 0; i < adults; ++i) {
    request.adults.push_back(dice.Of({Voice::kYes, Voice::kYes, Voice::kSilent, Voice::kNo}));
  }
  request.since = days(dice.Of<int>({0, 7, 10, 14, 365}));
  if (dice.Percent(30)) request.since += seconds(1);
  return request;
}

Time RandomTime(const Documents& documents, std::mt19937_64& random) {
  Dice dice(random);
  std::vector<Time> times = {kBegin, kBegin + days(15), kBegin + days(100)};
  for (const ShareRule& rule : documents.policy.share) {
    if (rule.valid_from) times.push_back(*rule.valid_from);
    if (rule.valid_until) times.push_back(*rule.valid_until);
  }
  const Time time = dice.In(times);
  return time + dice.Of<Millis>({seconds(-1), seconds(0), seconds(0), seconds(1)});
}

}  // namespace gateway::policy
