#include "gateway/policy/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/policy/compare_fixtures.h"

namespace gateway::policy {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Whether `change` makes the rules tighter, taking it back makes them looser, and both are told as
// one difference that begins like this.
struct Case {
  const char* name;
  const char* subject;
  Change tighter;
};

void ExpectTighter(const std::vector<Case>& cases) {
  const Documents looser = Riverside();
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    const Documents tighter = Changed(looser, each.tighter);
    const Comparison there = Compare(looser, tighter);
    EXPECT_EQ(OrderName(there.order), "tighter");
    ASSERT_FALSE(there.differences.empty());
    EXPECT_THAT(there.differences.front().what, StartsWith(each.subject));
    const Comparison back = Compare(tighter, looser);
    EXPECT_EQ(OrderName(back.order), "looser");
    EXPECT_THAT(back.differences.front().what, StartsWith(each.subject));
  }
}

TEST(CompareTest, EachFieldOfAShareRuleHasItsTighterEnd) {
  const auto load_hourly = [](const std::function<void(ShareRule&)>& change) {
    return [change](Documents& documents) { change(documents.policy.share[0]); };
  };
  constexpr const char* kSubject = "release of load to city-hall for official-stats: ";
  const auto at = [](int month) {
    return Time(std::chrono::sys_days(std::chrono::year(2030) / month / 1));
  };
  ExpectTighter({
      {"k_min", kSubject, load_hourly([](ShareRule& rule) { rule.k_min = 11; })},
      {"top1_max_pct", kSubject, load_hourly([](ShareRule& rule) { rule.top1_max_pct = 29; })},
      {"top2_max_pct", kSubject, load_hourly([](ShareRule& rule) { rule.top2_max_pct = 60; })},
      {"round_to", kSubject, load_hourly([](ShareRule& rule) { rule.round_to = 100; })},
      {"min_count", kSubject, load_hourly([](ShareRule& rule) { rule.min_count = 3; })},
      {"age_min", kSubject, load_hourly([](ShareRule& rule) { rule.age_min = days(2); })},
      {"stats", kSubject, load_hourly([](ShareRule& rule) { rule.stats = {"sum"}; })},
      {"valid from", kSubject, load_hourly([&](ShareRule& rule) { rule.valid_from = at(1); })},
      {"valid from the past on", kSubject,
       [](Documents& d) { d.policy.share[0].valid_from = d.policy.activates; }},
      {"valid until", kSubject, load_hourly([&](ShareRule& rule) { rule.valid_until = at(2); })},
      {"the rule", kSubject, [](Documents& documents) {
         documents.policy.share.erase(documents.policy.share.begin());
       }},
  });
}

TEST(CompareTest, RedistributionIsLooser) {
  const Documents before = Riverside();
  const Documents after =
      Changed(before, [](Documents& d) { d.policy.share[0].redistribution = true; });
  const Comparison comparison = Compare(before, after);
  EXPECT_EQ(comparison.order, Order::kLooser);
  ASSERT_EQ(comparison.differences.size(), 1u);
  EXPECT_EQ(comparison.differences[0].what,
            "release of load to city-hall for official-stats: redistribution true instead of "
            "false");
}

TEST(CompareTest, OtherProductsOfAShareRuleAreIncomparable) {
  const std::vector<std::pair<const char*, Change>> changes = {
      {"bucket", [](Documents& d) { d.policy.share[0].bucket = minutes(30); }},
      {"zone", [](Documents& d) { d.policy.share[0].zone_level = "district"; }},
      {"purpose", [](Documents& d) { d.policy.share[0].purpose = "mobility"; }},
      {"k_min and top1_max_pct", [](Documents& d) {
         d.policy.share[0].k_min = 12;
         d.policy.share[0].top1_max_pct = 35;
       }},
  };
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Compare(Riverside(), Changed(Riverside(), change)).order, Order::kIncomparable);
    EXPECT_EQ(Compare(Changed(Riverside(), change), Riverside()).order, Order::kIncomparable);
  }
}

TEST(CompareTest, ForbidIsTighterEvenWhereNothingWasAllowed) {
  const Forbid press{.id = RuleId("f-new"), .reason = "no"};
  const auto with = [&](const std::function<void(Forbid&)>& change) {
    return [&press, change](Documents& documents) {
      documents.policy.forbid.push_back(press);
      change(documents.policy.forbid.back());
    };
  };
  ExpectTighter({
      {"purpose", "release of load and pm25 to city-hall, members and 2 more for mobility: ",
       with([](Forbid& forbid) { forbid.purposes = {"mobility"}; })},
      {"to", "release of load and pm25 to peers for mobility and official-stats: ",
       with([](Forbid& forbid) { forbid.to = {"peers"}; })},
      {"metric", "release of load to ", with([](Forbid& forbid) {
         forbid.metrics = {MetricId("load")};
       })},
      {"stats", "release of ", with([](Forbid& forbid) { forbid.stats = {"count"}; })},
      {"zone_below", "release of ", with([](Forbid& forbid) { forbid.zone_below = "city"; })},
      {"bucket_below", "release of ", with([](Forbid& forbid) { forbid.bucket_below = hours(2); })},
      {"age_below", "release of pm25 to city-hall for official-stats: ",
       with([](Forbid& forbid) { forbid.age_below = hours(2); })},
  });
}

TEST(CompareTest, ForbidIsToldForItsOwnMetricOnly) {
  const Documents before = Changed(Riverside(), [](Documents& d) {
    d.policy.metrics.push_back(d.policy.metrics[0]);  // like load but for its name
    d.policy.metrics.back().id = MetricId("gas");
  });
  const Documents after = Changed(before, [](Documents& d) {
    d.policy.forbid.push_back({.id = RuleId("f-new"),
                               .purposes = {"mobility"},
                               .to = {"peers"},
                               .metrics = {MetricId("load")}});
  });
  const Comparison comparison = Compare(before, after);
  ASSERT_EQ(comparison.differences.size(), 1u);
  EXPECT_EQ(comparison.differences[0].what,
            "release of load to peers for mobility: FORBIDDEN by f-new, was NOT_PERMITTED");
}

TEST(CompareTest, GroupOfAPurposeCountsAsFarAsAForbidNamesIt) {
  const Change into_group = [](Documents& d) { d.policy.purposes[1].group = "coercive"; };
  const Change into_other = [](Documents& d) { d.policy.purposes[1].group = "traffic"; };
  EXPECT_EQ(Compare(Riverside(), Changed(Riverside(), into_group)).order, Order::kTighter);
  EXPECT_EQ(Compare(Changed(Riverside(), into_group), Riverside()).order, Order::kLooser);
  EXPECT_EQ(Compare(Riverside(), Changed(Riverside(), into_other)).order, Order::kEqual);
}

TEST(CompareTest, FloorsCountWhereARuleIsBelowThem) {
  const std::vector<std::pair<const char*, Change>> changes = {
      {"k_min", [](Documents& d) { d.charter.floors.k_min = 11; }},
      {"age_min", [](Documents& d) { d.charter.floors.age_min = hours(25); }},
      {"top1_max_pct", [](Documents& d) { d.charter.floors.top1_max_pct = 29; }},
      {"zone_min", [](Documents& d) { d.charter.floors.zone_min_household = "district"; }},
      {"keep_max", [](Documents& d) { d.charter.floors.keep_max = days(29); }},
  };
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Compare(Riverside(), Changed(Riverside(), change)).order, Order::kTighter);
    EXPECT_EQ(Compare(Changed(Riverside(), change), Riverside()).order, Order::kLooser);
  }
  const Change far_below = [](Documents& d) { d.charter.floors.k_min = 9; };
  EXPECT_EQ(Compare(Riverside(), Changed(Riverside(), far_below)).order, Order::kEqual);
}

// Two metrics of which the rules say the same, but the floors do not.
TEST(CompareTest, MetricsOfOtherSensitivityAreNotToldTogether) {
  const Documents before = Changed(Riverside(), [](Documents& d) {
    Metric health = d.policy.metrics[0];
    health.id = MetricId("health");
    health.sensitivity = Sensitivity::kSensitive;
    d.policy.metrics.push_back(health);
    ShareRule rule = d.policy.share[0];
    rule.id = RuleId("health-hourly");
    rule.metric = health.id;
    d.policy.share.erase(d.policy.share.begin() + 1);
    d.policy.share.push_back(rule);
  });
  const Documents after = Changed(before, [](Documents& d) {
    d.policy.share.front().k_min = 11;
    d.policy.share.back().k_min = 11;
  });
  const Comparison comparison = Compare(before, after);
  ASSERT_EQ(comparison.differences.size(), 1u);
  EXPECT_EQ(comparison.differences[0].what,
            "release of load to city-hall for official-stats: k_min 11 instead of 10");
}

TEST(CompareTest, CollectingKeepingAndConsentHaveTheirTighterEnds) {
  ExpectTighter({
      {"no collect rule", "collecting load: ",
       [](Documents& d) { d.policy.collect.erase(d.policy.collect.begin()); }},
      {"coarsen.step", "collecting load: ",
       [](Documents& d) { d.policy.collect[0].coarsen.step = 10; }},
      {"coarsen.every", "collecting load: ",
       [](Documents& d) { d.policy.collect[0].coarsen.every = hours(1); }},
      {"keep", "keeping load: ",
       [](Documents& d) { d.policy.retain[0].keep -= std::chrono::seconds(1); }},
      {"keep of rollups", "keeping rollups of load: ",
       [](Documents& d) { d.policy.retain[1].keep = days(100); }},
      {"no rollups", "keeping rollups of load: ",
       [](Documents& d) { d.policy.retain.erase(d.policy.retain.begin() + 1); }},
      {"reconfirm", "consent to load: ",
       [](Documents& d) { d.policy.consent[0].reconfirm = days(365); }},
      {"no consent rule", "consent to load: ", [](Documents& d) { d.policy.consent.clear(); }},
  });
}

TEST(CompareTest, AnyProfileIsLooserThanOne) {
  const auto profile = [](const char* name) {
    return Changed(Riverside(), [name](Documents& d) { d.policy.collect[0].profile = name; });
  };
  EXPECT_EQ(Compare(profile("generic"), profile("")).order, Order::kLooser);
  EXPECT_EQ(Compare(profile("generic"), profile("sck")).order, Order::kIncomparable);
}

TEST(CompareTest, SilenceThatCountsAsYesIsLooser) {
  const auto opt_out = [](Millis notice) {
    return [notice](Documents& d) {
      d.policy.consent[0].mode = ConsentMode::kOptOut;
      d.policy.consent[0].household_rule = HouseholdRule::kAnyAdultObjects;
      d.policy.consent[0].notice = notice;
    };
  };
  const Documents opt_in = Riverside();
  const Comparison comparison = Compare(opt_in, Changed(opt_in, opt_out(days(14))));
  EXPECT_EQ(comparison.order, Order::kLooser);
  EXPECT_EQ(Compare(Changed(opt_in, opt_out(days(14))), Changed(opt_in, opt_out(days(28)))).order,
            Order::kTighter);
}

TEST(CompareTest, DutiesAreLooserWhenTheyAreFewerOrLater) {
  ExpectTighter({
      {"answer sooner", "duty to answer city-hall about official-stats: ",
       [](Documents& d) { d.policy.duty[0].within = days(2); }},
      {"publish sooner", "duty to publish pm25-daily: ",
       [](Documents& d) { d.policy.duty[1].within = days(1); }},
      {"answer more", "duty to answer city-hall about mobility: ",
       [](Documents& d) { d.policy.duty[0].purposes.push_back("mobility"); }},
  });
  const Change none = [](Documents& d) { d.policy.duty.clear(); };
  EXPECT_EQ(Compare(Riverside(), Changed(Riverside(), none)).order, Order::kLooser);
}

// What one adds and the other takes away must not cancel out.
TEST(CompareTest, TighterHereAndLooserThereIsIncomparable) {
  const Documents after = Changed(Riverside(), [](Documents& d) {
    d.policy.share[0].k_min = 8;
    d.policy.retain[0].keep = days(10);
  });
  const Comparison comparison = Compare(Riverside(), after);
  EXPECT_EQ(comparison.order, Order::kIncomparable);
  ASSERT_EQ(comparison.differences.size(), 2u);
  EXPECT_EQ(comparison.differences[0].order, Order::kLooser);
  EXPECT_EQ(comparison.differences[1].order, Order::kTighter);
}

TEST(CompareTest, RosterCountsByItsParties) {
  const Change public_rule = [](Documents& d) { d.policy.share[3].to = {"public"}; };
  const Documents before = Changed(Riverside(), public_rule);
  const Documents after = Changed(before, [](Documents& d) {
    d.policy.forbid.clear();  // else what is forbidden to everybody is news for the newcomer
    d.roster.parties.push_back({.id = PartyId("press"), .kind = "press"});
  });
  const Comparison comparison =
      Compare(Changed(before, [](Documents& d) { d.policy.forbid.clear(); }), after);
  EXPECT_EQ(comparison.order, Order::kLooser);
  ASSERT_EQ(comparison.differences.size(), 1u);
  EXPECT_EQ(comparison.differences[0].what,
            "release of pm25 to press for official-stats: allowed by pm25-daily, was "
            "UNKNOWN_PARTY");
}

TEST(CompareTest, WitnessIsTheSimplestRequest) {
  const Documents before = Changed(
      Riverside(), [](Documents& d) { d.policy.share.erase(d.policy.share.begin() + 1); });
  const Documents after =
      Changed(before, [](Documents& d) { d.policy.share[0].age_min = days(2); });
  const Comparison comparison = Compare(before, after);
  ASSERT_EQ(comparison.differences.size(), 1u);
  EXPECT_EQ(comparison.differences[0].what,
            "release of load to city-hall for official-stats: TOO_EARLY by load-hourly, was "
            "allowed by load-hourly");
  ASSERT_TRUE(comparison.differences[0].witness.has_value());
  const Request& witness = *comparison.differences[0].witness;
  EXPECT_EQ(witness.party, PartyId("city-hall"));
  EXPECT_EQ(witness.stat, "sum");
  EXPECT_EQ(witness.zone_level, "neighbourhood");
  EXPECT_EQ(witness.bucket, hours(1));
  EXPECT_EQ(witness.age, days(1));
  EXPECT_EQ(comparison.differences[0].at, after.policy.activates);
}

TEST(CompareTest, PublicRuleIsToldAsOneDifference) {
  const Change many = [](Documents& d) {
    for (int i = 0; i < 50; ++i) d.roster.parties.push_back({.id = PartyId(Format("party-%d", i))});
    d.policy.share[2].to = {"public"};
    d.policy.share[3].to = {"public"};
  };
  const Documents before = Changed(Riverside(), many);
  const Documents after = Changed(before, [](Documents& d) { d.policy.share[3].min_count = 4; });
  const Comparison comparison = Compare(before, after);
  ASSERT_EQ(comparison.differences.size(), 1u);
  EXPECT_EQ(comparison.differences[0].what,
            "release of pm25 to city-hall, members and 52 more for official-stats: min_count 4 "
            "instead of 0");
}

TEST(CompareTest, NamesDatesReasonsAndHomesAreNoDifference) {
  const Documents before = Changed(Riverside(), [](Documents& d) { d.policy.forbid.clear(); });
  const Documents after = Changed(before, [](Documents& d) {
    d.policy.version = 2;
    d.policy.expires += days(100);
    d.policy.share[0].id = RuleId("renamed");
    d.policy.share[0].line = 1;
    d.policy.zones[2].homes = 99;
    d.policy.zone_levels.insert(d.policy.zone_levels.begin(), "room");
    for (Zone& zone : d.policy.zones) ++zone.level;
    d.policy.purposes.push_back({"health", "https://w3id.org/dpv#Health", ""});
    d.policy.zones.push_back({.id = ZoneId("new-street"), .level = 1});
    d.charter.grace = days(1);
  });
  EXPECT_EQ(Compare(before, after).order, Order::kEqual);
  EXPECT_THAT(Compare(before, after).differences, IsEmpty());
  const Documents reason =
      Changed(Riverside(), [](Documents& d) { d.policy.forbid[0].reason = "another"; });
  EXPECT_EQ(Compare(Riverside(), reason).order, Order::kEqual);
}

// FORBIDDEN is tighter than the refusal of a name that does not exist.
TEST(CompareTest, NewNamesThatAreForbiddenAtOnceAreTighter) {
  const Documents level = Changed(Riverside(), [](Documents& d) {
    d.policy.zone_levels.push_back("country");
  });
  EXPECT_EQ(Compare(Riverside(), level).order, Order::kTighter);
  const Documents purpose = Changed(Riverside(), [](Documents& d) {
    d.policy.purposes.push_back({"spying", "https://x", "coercive"});
  });
  EXPECT_EQ(Compare(Riverside(), purpose).order, Order::kTighter);
  EXPECT_EQ(Compare(purpose, Riverside()).order, Order::kLooser);
}

TEST(CompareTest, VocabularyIsComparedAsItStands) {
  const std::vector<std::pair<const char*, Change>> changes = {
      {"time_zone: UTC instead of Europe/London", [](Documents& d) { d.policy.time_zone = "UTC"; }},
      {"zone_levels: in another order",
       [](Documents& d) { std::swap(d.policy.zone_levels[0], d.policy.zone_levels[1]); }},
      {"zone orchard: dropped", [](Documents& d) { d.policy.zones.pop_back(); }},
      {"zone orchard: level block instead of neighbourhood",
       [](Documents& d) { d.policy.zones.back().level = 2; }},
      {"zone orchard: parent riverside instead of waterside",
       [](Documents& d) { d.policy.zones.back().parent = ZoneId("riverside"); }},
      {"metric load: another unit", [](Documents& d) { d.policy.metrics[0].unit = "kWh"; }},
      {"metric load: another kind",
       [](Documents& d) { d.policy.metrics[0].kind = MetricKind::kCounter; }},
      {"metric load: another resolution",
       [](Documents& d) { d.policy.metrics[0].resolution = *Decimal::Parse("10"); }},
      {"metric load: another lo", [](Documents& d) { d.policy.metrics[0].lo = -1; }},
      {"metric load: another hi", [](Documents& d) { d.policy.metrics[0].hi = 1; }},
      {"metric load: another interval",
       [](Documents& d) { d.policy.metrics[0].interval = minutes(15); }},
      {"metric load: another lateness",
       [](Documents& d) { d.policy.metrics[0].lateness = hours(1); }},
      {"metric load: another sensitivity",
       [](Documents& d) { d.policy.metrics[0].sensitivity = Sensitivity::kOpen; }},
      {"purpose mobility: iri https://x instead of https://w3id.org/dpv#ImproveTransportMobility",
       [](Documents& d) { d.policy.purposes[1].iri = "https://x"; }},
      {"consent to load: another household_rule", [](Documents& d) {
         d.policy.consent[0].household_rule = HouseholdRule::kAnyAdultObjects;
       }},
  };
  for (const auto& [what, change] : changes) {
    const Comparison comparison = Compare(Riverside(), Changed(Riverside(), change));
    ASSERT_FALSE(comparison.differences.empty()) << what;
    EXPECT_EQ(comparison.differences[0].what, what);
    EXPECT_EQ(comparison.differences[0].order, Order::kIncomparable) << what;
    EXPECT_FALSE(comparison.differences[0].witness.has_value()) << what;
  }
}

TEST(CompareTest, PlaceThatIsMadeAHouseholdIsIncomparable) {
  const Documents after = Changed(Riverside(), [](Documents& d) {
    d.policy.metrics[1].owner = OwnerKind::kHousehold;
  });
  EXPECT_EQ(Compare(Riverside(), after).differences[0].what,
            "metric pm25: another unit_of_privacy");
}

TEST(CompareTest, FinestBucketsHaveTheirTighterEnd) {
  ExpectTighter({
      {"bucket_min", "metric pm25: bucket_min ",
       [](Documents& d) { d.policy.metrics[1].bucket_min = minutes(30); }},
  });
  const Documents finer =
      Changed(Riverside(), [](Documents& d) { d.policy.retain[1].bucket = hours(1); });
  const Comparison comparison = Compare(Riverside(), finer);
  EXPECT_EQ(comparison.order, Order::kLooser);
  EXPECT_EQ(comparison.differences[0].what, "keeping rollups of load: bucket PT1H instead of P1D");
}

}  // namespace
}  // namespace gateway::policy
