#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/model/time.h"
#include "gateway/policy/charter.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseTest, ReadsTheRiversideCharter) {
  const Charter charter = CharterOf(CharterText());
  EXPECT_EQ(charter.commons, "riverside");
  EXPECT_EQ(charter.version, 1u);
  EXPECT_EQ(charter.prev, "");
  EXPECT_EQ(charter.keys.at("bo"), Bo().public_key());
  EXPECT_EQ(charter.policy.threshold, 2u);
  EXPECT_EQ(charter.enrolment.threshold, 1u);
  EXPECT_EQ(charter.floors.k_min, 5u);
  EXPECT_EQ(charter.floors.age_min, std::chrono::hours(1));
  EXPECT_EQ(charter.floors.top1_max_pct, 40u);
  EXPECT_THAT(PublicKeysOf(charter, charter.policy),
              ElementsAre(Ana().public_key(), Bo().public_key(), Chi().public_key()));
  EXPECT_EQ(LabelOf(charter, charter.policy, Chi().public_key()), "chi");
  EXPECT_EQ(LabelOf(charter, charter.policy, std::string(32, 'x')), "");
}

TEST(ParseTest, ReadsTheRiversidePolicy) {
  const Policy policy = PolicyOf(PolicyText());
  EXPECT_EQ(policy.time_zone, "Europe/London");
  EXPECT_EQ(FormatTime(policy.expires), "2100-01-01T00:00:00Z");
  ASSERT_NE(policy.FindMetric(MetricId("load")), nullptr);
  const Metric& load = *policy.FindMetric(MetricId("load"));
  EXPECT_EQ(load.unit, "Wh");
  EXPECT_EQ(load.lo, 0);
  EXPECT_EQ(load.hi, 25000);
  EXPECT_EQ(load.interval, std::chrono::minutes(30));
  EXPECT_EQ(load.lateness, std::chrono::hours(6));
  EXPECT_EQ(policy.FindZone(ZoneId("harbour"))->homes, 22u);
  EXPECT_EQ(policy.CollectRuleFor(load.id)->id, RuleId("collect-load"));
  EXPECT_EQ(policy.RetainRuleFor(load.id)->keep, std::chrono::hours(24 * 30));
  EXPECT_EQ(policy.ConsentRuleFor(load.id)->household_rule, HouseholdRule::kAllAdults);
  const std::vector<const ShareRule*> rules = policy.ShareRulesFor(load.id);
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0]->id, RuleId("load-hourly"));
  EXPECT_FALSE(rules[0]->whole_day);
  EXPECT_EQ(rules[0]->bucket, std::chrono::hours(1));
  EXPECT_TRUE(rules[1]->whole_day);
  EXPECT_EQ(rules[1]->bucket, std::chrono::hours(24));
  EXPECT_EQ(rules[1]->k_min, 10u);
  EXPECT_EQ(rules[1]->top1_max_pct, 30u);
  EXPECT_EQ(rules[1]->age_min, std::chrono::hours(24));
  EXPECT_FALSE(rules[1]->valid_from.has_value());
  EXPECT_TRUE(policy.forbid[0].entrenched);
  EXPECT_EQ(policy.FindMetric(MetricId("noise")), nullptr);
  EXPECT_EQ(policy.CollectRuleFor(MetricId("noise")), nullptr);
}

TEST(ParseTest, ReadsTheKindsAndOwnersOfMetrics) {
  const Policy riverside = PolicyOf(PolicyText());
  const Metric* load = riverside.FindMetric(MetricId("load"));
  const Metric* air = riverside.FindMetric(MetricId("pm25"));
  EXPECT_EQ(load->kind, MetricKind::kDelta);
  EXPECT_EQ(load->owner, OwnerKind::kHousehold);
  EXPECT_EQ(load->sensitivity, Sensitivity::kHousehold);
  EXPECT_EQ(load->bucket_min, Millis(0));
  EXPECT_EQ(air->kind, MetricKind::kGauge);
  EXPECT_EQ(air->owner, OwnerKind::kPlace);
  EXPECT_EQ(air->sensitivity, Sensitivity::kOpen);
  EXPECT_EQ(air->bucket_min, std::chrono::minutes(15));
  EXPECT_EQ(air->hi, 99'900);
  EXPECT_EQ(riverside.ShareRulesFor(MetricId("pm25"))[0]->k_min, 0u);
  const Policy counted =
      PolicyOf(Replaced(Replaced(PolicyText(), "kind: gauge", "kind: counter"),
                        "age_min: PT1H}", "age_min: PT1H, min_count: 500}"));
  EXPECT_EQ(counted.FindMetric(MetricId("pm25"))->kind, MetricKind::kCounter);
  EXPECT_EQ(counted.ShareRulesFor(MetricId("pm25"))[0]->min_count, 500u);
  for (const auto& [name, kind] : {std::pair("level", MetricKind::kLevel),
                                   std::pair("state", MetricKind::kState),
                                   std::pair("event", MetricKind::kEvent)}) {
    const Policy other =
        PolicyOf(Replaced(PolicyText(), "kind: gauge", std::string("kind: ") + name));
    EXPECT_EQ(other.FindMetric(MetricId("pm25"))->kind, kind) << name;
  }
}

TEST(ParseTest, ReadsTheRiversideRoster) {
  const Roster roster = RosterOf(RosterText());
  ASSERT_NE(roster.FindGateway(GatewayId("gw-orchard")), nullptr);
  EXPECT_EQ(roster.FindGateway(GatewayId("gw-orchard"))->zone, ZoneId("orchard"));
  EXPECT_EQ(roster.FindParty(PartyId("city-hall"))->kind, "municipality");
  EXPECT_EQ(roster.FindParty(PartyId("police")), nullptr);
}

TEST(ParseTest, AncestorAtClimbsToTheLevel) {
  const Policy policy = PolicyOf(PolicyText());
  struct Case {
    const char* zone;
    const char* level;
    const char* want;  // "": not found
  };
  const Case cases[] = {{"orchard", "neighbourhood", "orchard"},
                        {"orchard", "district", "waterside"},
                        {"orchard", "city", "riverside"},
                        {"riverside", "neighbourhood", ""},
                        {"orchard", "block", ""},
                        {"nowhere", "city", ""},
                        {"orchard", "street", ""}};
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.zone) + " " + c.level);
    const StatusOr<ZoneId> found = policy.AncestorAt(ZoneId(c.zone), c.level);
    EXPECT_EQ(found.ok() ? found->value() : "", c.want);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kNotFound);
    }
  }
}

TEST(ParseTest, AncestorAtEndsOnACircleOfParents) {
  Policy policy = PolicyOf(PolicyText());
  for (Zone& zone : policy.zones) zone.parent = zone.id;
  EXPECT_FALSE(policy.AncestorAt(ZoneId("orchard"), "city").ok());
}

TEST(ParseTest, BoundsBecomeStepsOfTheResolutionExactly) {
  struct Case {
    const char* resolution;
    const char* hi;
    int64_t want;  // -1: refused
  };
  const Case cases[] = {{"\"1\"", "25000", 25000},
                        {"\"0.5\"", "25000", 50000},
                        {"\"0.001\"", "25000", 25000000},
                        {"\"1000\"", "25000", 25},
                        {"\"0.3\"", "25000", -1},
                        {"\"30000\"", "25000", -1},
                        {"\"0.3\"", "3", 10},
                        {"\"0.000000000001\"", "1000000000000000", -1}};
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.resolution) + " " + c.hi);
    const StatusOr<Policy> policy =
        ParsePolicy(Replaced(Replaced(PolicyText(), "resolution: \"1\"",
                                      std::string("resolution: ") + c.resolution),
                             "hi: 25000", std::string("hi: ") + c.hi));
    EXPECT_EQ(policy.ok() ? policy->metrics[0].hi : -1, c.want) << policy.status();
  }
}

TEST(ParseTest, ReadsTheValidityOfARule) {
  const Policy policy = PolicyOf(
      Replaced(PolicyText(), "k_min: 10, top1_max_pct: 30}",
               "k_min: 10, top1_max_pct: 30, valid: {from: 2013-01-01T00:00:00Z}}"));
  ASSERT_TRUE(policy.share[0].valid_from.has_value());
  EXPECT_EQ(FormatTime(*policy.share[0].valid_from), "2013-01-01T00:00:00Z");
  EXPECT_FALSE(policy.share[0].valid_until.has_value());
}

struct Refusal {
  const char* from;
  const char* to;
  const char* want;  // regular expression
};

void ExpectRefused(const Refusal& c, const Status& status) {
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(status)),
              ContainsRegex("^line [1-9][0-9]* column [1-9][0-9]*: .*" + std::string(c.want)));
}

TEST(ParseTest, RefusesAMalformedPolicyWithItsPosition) {
  const Refusal cases[] = {
      {"commons-policy/1", "commons-policy/2", "schema: .* not one of"},
      {"commons: riverside", "commons: River", "commons: must be a name"},
      {"version: 1", "version: 0", "version: 0 is outside"},
      {"version: 1", "version: 01", "version: must be a whole number"},
      {"version: 1", "version: 2", "prev: must be"},
      {"prev: \"\"", "prev: \"ab\"", "prev: must be"},
      {"issued: 2012-01-01T00:00:00Z", "issued: 2012-01-01", "issued: must be a time"},
      {"issued: 2012-01-01T00:00:00Z", "issued: 2012-01-01T01:00:00+01:00", "issued: must be"},
      {"time_zone: Europe/London", "time_zon: x", "time_zone: missing"},
      {"expires: 2100", "extra: 1\nexpires: 2100", "extra: unknown key"},
      {"kind: delta", "kind: index",
       "kind: \"index\" is not one of: delta, gauge, counter, level, state, event"},
      {"unit_of_privacy: household", "unit_of_privacy: person",
       "unit_of_privacy: \"person\" is not one of: household, place"},
      {"sensitivity: household", "sensitivity: secret", "sensitivity: \"secret\" is not one of"},
      {", bucket_min: PT15M", "", "bucket_min: missing"},
      {"bucket_min: PT15M", "bucket_min: PT0S", "bucket_min: must be longer"},
      {"unit_of_privacy: household", "unit_of_privacy: household, bucket_min: PT1H",
       "bucket_min: only for unit_of_privacy: place"},
      {"age_min: PT1H", "age_min: PT1H, min_count: 0", "min_count: 0 is outside"},
      {"age_min: PT1H", "age_min: PT1H, k_min: 0", "k_min: 0 is outside"},
      {"resolution: \"1\"", "resolution: \"0\"", "resolution: must be a positive"},
      {"resolution: \"1\"", "resolution: \"1e3\"", "resolution: must be a positive"},
      {"resolution: \"1\"", "resolution: \"01\"", "resolution: must be a positive"},
      {"lo: 0", "lo: 30000", "hi: must not be below lo"},
      {"lo: 0", "lo: 0.5", "lo: must be a whole number"},
      {"interval: PT30M", "interval: PT0S", "interval: must be longer"},
      {"interval: PT30M", "interval: P1Y", "interval: duration"},
      {"level: city", "level: country", "level: \"country\" is not one of zone_levels"},
      {"homes: 40", "homes: -1", "homes: must be a whole number"},
      {"mode: opt-in", "mode: opt-out", "notice: missing"},
      {"all-adults", "one-adult", "household_rule: \"one-adult\" is not one of"},
      {"tier: raw", "tier: hourly", "tier: "},
      {"tier: raw,", "tier: raw, bucket: P1D,", "bucket: "},
      {"bucket: P1D, keep: P730D", "bucket: PT24H, keep: P730D", "bucket: "},
      {"then: erase", "then: rollup", "then: "},
      {"stats: [count, sum, mean]", "stats: []", "stats: empty list"},
      {"stats: [count, sum, mean]", "stats: [count, max]", "stats: \"max\" is not one of"},
      {"to: [city-hall]", "to: []", "to: empty list"},
      {"to: [city-hall]", "to: city-hall", "to: must be a list"},
      {"bucket: P1D", "bucket: PT24H", "bucket: write P1D"},
      {"k_min: 10", "k_min: \"10\"", "k_min: must be a whole number"},
      {"k_min: 10", "k_min: 10, k_min: 2", "key \"k_min\" again"},
      {"k_min: 10, ", "", "k_min: missing"},
      {"top1_max_pct: 30", "top1_max_pct: 101", "top1_max_pct: 101 is outside"},
      {"purpose_group: [coercive], ", "", "id: name what is forbidden"},
      {"purpose_group: [coercive]", "purpose_group: []", "purpose_group: empty list"},
      {"entrenched: true", "entrenched: yes", "entrenched: must be true or false"},
  };
  for (const Refusal& c : cases) {
    SCOPED_TRACE(std::string(c.from) + " -> " + c.to);
    ExpectRefused(c, ParsePolicy(Replaced(PolicyText(), c.from, c.to)).status());
  }
}

TEST(ParseTest, RefusesAMalformedCharterWithItsPosition) {
  const Refusal cases[] = {
      {"ana: \"ed25519:", "ana: \"rsa:", "keys: ana: "},
      {"ana: \"ed25519:", "Ana: \"ed25519:", "label must be a name"},
      {"enrolment: {keys", "greeting: {keys", "enrolment: missing"},
      {"threshold: 2", "threshold: two", "threshold: must be a whole number"},
      {"[ana, bo, chi]", "[ana, ana]", "keys: \"ana\" stands here twice"},
      {"[ana, bo, chi]", "[]", "keys: empty list"},
      {"k_min: 5", "k_min: 1", "k_min: 1 is outside"},
      {"age_min: PT1H", "age_min: 3600", "age_min: duration"},
      {"top1_max_pct: 40", "top1_max_pct: 0", "top1_max_pct: 0 is outside"},
  };
  for (const Refusal& c : cases) {
    SCOPED_TRACE(std::string(c.from) + " -> " + c.to);
    ExpectRefused(c, ParseCharter(Replaced(CharterText(), c.from, c.to)).status());
  }
}

TEST(ParseTest, RefusesAMalformedRosterWithItsPosition) {
  const Refusal cases[] = {
      {"{id: gw-orchard, zone: orchard}", "{id: gw-orchard}", "gateway: zone: missing"},
      {"{id: gw-orchard, zone: orchard}", "gw-orchard", "gateway: must be a mapping"},
      {"kind: municipality", "kind: City Hall", "kind: must be a name"},
      {"kind: municipality", "kind: municipality, key: x", "party: key: unknown key"},
  };
  for (const Refusal& c : cases) {
    SCOPED_TRACE(std::string(c.from) + " -> " + c.to);
    ExpectRefused(c, ParseRoster(Replaced(RosterText(), c.from, c.to)).status());
  }
}

TEST(ParseTest, TheFilledPositionIsExact) {
  const StatusOr<Policy> policy = ParsePolicy("schema: commons-policy/1\ncommons: x\nversion: 0\n");
  EXPECT_THAT(std::string(Message(policy.status())),
              HasSubstr("line 3 column 10: policy: version"));
}

}  // namespace
}  // namespace gateway::policy
