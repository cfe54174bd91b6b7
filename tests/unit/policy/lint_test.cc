#include "gateway/policy/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using testing::IsEmpty;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRollup[] = "bucket: P1D, keep: P730D";

std::vector<std::string> Ids(const std::vector<Finding>& findings) {
  std::vector<std::string> ids;
  for (const Finding& finding : findings) {
    if (std::find(ids.begin(), ids.end(), finding.id) == ids.end()) ids.push_back(finding.id);
  }
  return ids;
}

std::vector<Finding> LintOf(const std::string& charter, const std::string& policy,
                            const std::string& roster) {
  return Lint(CharterOf(charter), PolicyOf(policy), RosterOf(roster));
}

TEST(LintTest, RiversideIsClean) {
  EXPECT_THAT(Ids(LintOf(CharterText(), PolicyText(), RosterText())), IsEmpty());
}

TEST(LintTest, ARollupMayBeAsFineAsWhatIsSharedAndKeptAsLongAsRaw) {
  for (const char* to : {"bucket: PT1H, keep: P30D", "bucket: PT1H, keep: P31D"}) {
    const std::string policy = Replaced(PolicyText(), kRollup, to);
    EXPECT_THAT(Ids(LintOf(CharterText(), policy, RosterText())), IsEmpty()) << to;
  }
  // Midnight in India is half an hour past the hour.
  std::string kolkata = Replaced(PolicyText(), kRollup, "bucket: PT1H, keep: P730D");
  kolkata = Replaced(kolkata, "Europe/London", "Asia/Kolkata");
  const auto found = LintOf(CharterText(), kolkata, RosterText());
  EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const Finding& finding) {
    return finding.id == "L31" && finding.text.find("keep-load-days") != std::string::npos;
  }));
}

TEST(LintTest, APolicyThatNamesNothingIsClean) {
  const std::string policy =
      "schema: commons-policy/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nactivates: 2012-01-01T00:00:00Z\n"
      "expires: 2100-01-01T00:00:00Z\ntime_zone: UTC\nzone_levels: [city]\nzones: []\n"
      "metrics: []\npurposes: []\ncollect: []\nretain: []\nconsent: []\nshare: []\n";
  const std::string roster =
      "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\ngateways: []\nparties: []\n";
  const std::string charter =
      Replaced(Replaced(CharterText(), "[f-coercive]", "[]"), "  zone_min:", "  # zone_min:");
  EXPECT_THAT(Ids(LintOf(charter, policy, roster)), IsEmpty());
}

struct Case {
  const char* name;
  const char* from;
  const char* to;
  const char* want;  // the ids found, in any order
};

// One change to the riverside policy, one id.
constexpr char kDaily[] = "bucket: P1D, zone: neighbourhood";
constexpr char kCollect[] = "  - {id: collect-load, metric: load}\n";

constexpr char kKeepAir[] = "  - {id: keep-pm25";

TEST(LintTest, RefusesOneThingByItsId) {
  const Case cases[] = {
      {"unknown metric", "collect-load, metric: load", "collect-load, metric: noise", "L20 L14"},
      {"unknown purpose", "purpose: official-stats", "purpose: stats", "L20"},
      {"unknown recipient", "to: [city-hall]", "to: [city-hall, bank]", "L20"},
      {"unknown level", "bucket: P1D, zone: neighbourhood", "bucket: P1D, zone: street",
       "L20 L27"},
      {"unknown parent", "parent: riverside", "parent: atlantis", "L20"},
      {"forbid of an unknown group", "purpose_group: [coercive]",
       "purpose_group: [coercive, corcive]", "L20"},
      {"forbid of an unknown purpose", "purpose_group: [coercive]", "purpose: [policing]", "L20"},
      {"zone twice", "id: harbour,", "id: orchard,", "L21 L20"},
      {"purpose twice", "{id: mobility,", "{id: law-enforcement,", "L21"},
      {"rule id twice", "id: load-daily", "id: load-hourly", "L21"},
      {"rule id twice across kinds", "id: keep-load", "id: collect-load", "L21"},
      {"other commons", "commons: riverside", "commons: lakeside", "L22"},
      {"k_min at the floor - 1", "k_min: 10", "k_min: 4", "L07 L28"},
      {"k_min 0", "k_min: 10", "k_min: 0", "L07 L28"},
      {"top1 above the floor", "top1_max_pct: 30", "top1_max_pct: 41", "L23 L28"},
      {"age below the floor", "age_min: P1D", "age_min: PT59M", "L24"},
      {"bucket that divides no day", "bucket: PT1H", "bucket: PT7M", "L25 L26 L31 L35"},
      {"bucket too short", "bucket: PT1H", "bucket: PT30S", "L25 L35 L37"},
      {"two days", kDaily, "bucket: P2D, zone: neighbourhood", "L25 L31"},
      {"two zone levels", kDaily, "bucket: P1D, zone: district", "L27 L16"},
      {"longer bucket, larger k", "k_min: 10, top1_max_pct: 30}\n  # The same",
       "k_min: 9, top1_max_pct: 30}\n  # The same", "L28"},
      {"longer bucket, smaller share", "top1_max_pct: 30}\n  # The same",
       "top1_max_pct: 31}\n  # The same", "L28"},
      {"kept shorter than a day takes to be decided", "keep: P30D", "keep: P2D", "L36"},
      {"raw without its rollup", "tier: rollup, bucket: P1D, keep: P730D,", "tier: raw, keep: P9D,",
       "L45 L09"},
      {"rollup of what is erased", "then: rollup", "then: erase", "L45"},
      {"rollup without raw", "keep-load, metric: load", "keep-load, metric: pm25", "L45 L09 L14"},
      {"two of one tier", kKeepAir, "  - {id: keep-load-years, metric: load, tier: rollup, "
       "bucket: P1D, keep: P900D, then: erase}\n  - {id: keep-pm25", "L09"},
      {"rollup finer than what is shared", kRollup, "bucket: PT30M, keep: P730D", "L46"},
      {"rollup that divides no day", kRollup, "bucket: PT7H, keep: P730D", "L46"},
      {"rollup of two days", kRollup, "bucket: P2D, keep: P730D", "L46"},
      {"rollup erased before it is made", kRollup, "bucket: P1D, keep: P29D", "L47"},
      {"lo below zero", "lo: 0", "lo: -1", "L30"},
      {"unknown time zone", "Europe/London", "Europe/Riverside", "L31"},
      {"forbidden purpose", "purpose: official-stats", "purpose: law-enforcement", "L02"},
      {"two collect rules", kCollect,
       "  - {id: collect-load, metric: load}\n"
       "  - {id: collect-more, metric: load}\n", "L09"},
      {"overflow", "hi: 25000", "hi: 1000000000000000", "L32"},
      {"activates before issued", "activates: 2012", "activates: 2011", "L33"},
      {"expires at activation", "expires: 2100-01-01", "expires: 2012-01-01", "L33"},
      {"parent not coarser", "level: district", "level: neighbourhood", "L34 L16"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<std::string> want;
    for (std::string_view rest = c.want; !rest.empty();) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      want.emplace_back(rest.substr(0, space));
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    const std::vector<Finding> found =
        LintOf(CharterText(), Replaced(PolicyText(), c.from, c.to), RosterText());
    std::string all;
    for (const Finding& finding : found) all += FormatFinding(finding) + "\n";
    EXPECT_THAT(Ids(found), testing::UnorderedElementsAreArray(want)) << all;
  }
}

// One change to what the riverside policy says of places.
TEST(LintTest, RefusesWhatDoesNotFitAPlace) {
  const Case cases[] = {
      {"household data of a place", "sensitivity: open", "sensitivity: household", "L40"},
      {"open data of a household", "sensitivity: household", "sensitivity: open", "L40"},
      {"a home's meter called a place's", "sensitivity: household, unit_of_privacy: household}",
       "sensitivity: open, unit_of_privacy: place, bucket_min: PT15M}", "L43 L42"},
      {"finer than bucket_min", "bucket_min: PT15M", "bucket_min: PT61M", "L41"},
      {"exactly bucket_min", "bucket_min: PT15M", "bucket_min: PT1H", ""},
      {"k_min of places", "age_min: PT1H}", "age_min: PT1H, k_min: 10}", "L42"},
      {"share of places", "age_min: PT1H}", "age_min: PT1H, top1_max_pct: 30}", "L42 L28"},
      {"min_count of a mean", "age_min: PT1H}", "age_min: PT1H, min_count: 5}", "L42"},
      {"min_count of households", "k_min: 10,", "k_min: 10, min_count: 5,", "L42"},
      {"asking a place", "  - {id: consent-load",
       "  - {id: consent-air, metric: pm25, mode: opt-in, household_rule: all-adults}\n"
       "  - {id: consent-load", "L43"},
      {"a gauge below zero", "resolution: \"0.01\", lo: 0", "resolution: \"0.01\", lo: -40", ""},
      {"a gauge's overflow above", "hi: 999,", "hi: 90000000,", "L32"},
      {"a gauge's overflow below", "resolution: \"0.01\", lo: 0",
       "resolution: \"0.01\", lo: -90000000", "L32"},
      {"a household's gauge", "kind: delta", "kind: gauge", ""},
      {"a household's counter", "kind: delta", "kind: counter", ""},
      {"a counter below zero", "kind: gauge, resolution: \"0.01\", lo: 0",
       "kind: counter, resolution: \"0.01\", lo: -1", "L44"},
      {"an event below zero", "kind: gauge, resolution: \"0.01\", lo: 0",
       "kind: event, resolution: \"0.01\", lo: -1", "L44"},
      {"a water level", "kind: gauge", "kind: level", "L48 L49"},
      {"a level in odd steps", "unit: ug/m3, kind: gauge, resolution: \"0.01\"",
       "unit: dB, kind: level, resolution: \"0.5\"", "L48 L49"},
      {"a sum of levels", "unit: ug/m3, kind: gauge", "unit: dB(A), kind: level", "L49"},
      {"a state in another unit", "kind: gauge", "kind: state", "L48"},
      {"a state of more than all", "unit: ug/m3, kind: gauge", "unit: \"%\", kind: state", "L48"},
      {"a share of time", "unit: ug/m3, kind: gauge, resolution: \"0.01\", lo: 0, hi: 999",
       "unit: \"%\", kind: state, resolution: \"0.01\", lo: 0, hi: 100", ""},
      {"a share of time of one", "unit: ug/m3, kind: gauge, resolution: \"0.01\", lo: 0, hi: 999",
       "unit: \"1\", kind: state, resolution: \"0.001\", lo: 0, hi: 1", ""},
      {"a number of events", "unit: ug/m3, kind: gauge", "unit: ug/m3, kind: event", ""},
      {"a counter forgotten too early", "keep-pm25, metric: pm25, tier: raw, keep: P30D",
       "keep-pm25, metric: pm25, tier: raw, keep: P1D", "L36"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::vector<Finding> found =
        LintOf(CharterText(), Replaced(PolicyText(), c.from, c.to), RosterText());
    std::string ids;
    for (const std::string& id : Ids(found)) ids += (ids.empty() ? "" : " ") + id;
    EXPECT_EQ(ids, c.want);
    for (const Finding& finding : found) EXPECT_TRUE(finding.refuses) << FormatFinding(finding);
  }
}

// Amounts that people leave at a place: a shorter bucket hides at least as much as a longer one.
TEST(LintTest, MinCountIsNotStricterInALongerBucket) {
  struct Row {
    uint64_t hourly, daily;  // 0: none
    std::vector<std::string> want;
  };
  for (const Row& row : {Row{0, 0, {}}, Row{5, 5, {}}, Row{5, 0, {}}, Row{6, 5, {}},
                         Row{0, 5, {"L28"}}, Row{5, 6, {"L28"}}}) {
    SCOPED_TRACE(std::to_string(row.hourly) + " " + std::to_string(row.daily));
    Policy policy = PolicyOf(Replaced(PolicyText(), "kind: gauge", "kind: counter"));
    for (ShareRule& rule : policy.share) {
      const uint64_t min_count = rule.whole_day ? row.daily : row.hourly;
      if (rule.metric == MetricId("pm25") && min_count != 0) rule.min_count = min_count;
    }
    EXPECT_EQ(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))), row.want);
  }
}

TEST(LintTest, ACountersLookBackIsPartOfHowLongReadingsAreNeeded) {
  Policy policy = PolicyOf(Replaced(PolicyText(), "kind: delta", "kind: counter"));
  policy.retain[0].keep = std::chrono::hours(25 + 6 + 24 + 1);  // the last hour: two intervals
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))), IsEmpty());
  policy.retain[0].keep -= Millis(1);
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))),
              ElementsAre("L36"));
}

TEST(LintTest, ReadingsAreNeededUntilTheRuleThatWaitsLongestMayBeDecided) {
  Policy policy = PolicyOf(PolicyText());
  policy.retain[0].keep = std::chrono::hours(25 + 6 + 48);
  ShareRule& last = policy.share[1];  // not the metric's first
  ASSERT_EQ(last.metric, policy.retain[0].metric);
  last.age_min = std::chrono::hours(48);
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))), IsEmpty());
  last.age_min += Millis(1);
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))),
              ElementsAre("L36"));
}

TEST(LintTest, RefusesASharedMetricWithoutCollectRetainOrConsent) {
  const Policy whole = PolicyOf(PolicyText());
  const auto ids = [&](const Policy& policy) {
    return Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText())));
  };
  Policy policy = whole;
  policy.collect.clear();
  EXPECT_THAT(ids(policy), ElementsAre("L14"));
  policy = whole;
  policy.retain.clear();
  EXPECT_THAT(ids(policy), ElementsAre("L14"));
  policy = whole;
  policy.consent.clear();
  EXPECT_THAT(ids(policy), ElementsAre("L14"));
}

// Three share rules in the place of two: what they must have in common.
TEST(LintTest, RefusesRulesThatWouldUndoEachOther) {
  struct Row {
    const char* name;
    Millis bucket;
    bool whole_day;
    uint32_t k_min, top1_max_pct;
    std::vector<std::string> want;
  };
  constexpr auto kHour = std::chrono::hours(1);
  const Row rows[] = {
      {"the same again", kHour, false, 10, 30, {}},
      {"one bucket, larger k", kHour, false, 11, 30, {"L29"}},
      {"one bucket, smaller k", kHour, false, 9, 30, {"L29", "L28"}},
      {"one bucket, larger share", kHour, false, 10, 31, {"L29", "L28"}},
      {"the day again, larger k", 24 * kHour, true, 11, 30, {"L29", "L28"}},
      {"a third length", std::chrono::minutes(30), false, 10, 30, {"L26"}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Policy policy = PolicyOf(PolicyText());
    ShareRule third = policy.share[0];
    third.id = RuleId("third");
    third.bucket = row.bucket;
    third.whole_day = row.whole_day;
    third.k_min = row.k_min;
    third.top1_max_pct = row.top1_max_pct;
    policy.share.push_back(third);
    const std::vector<std::string> ids =
        Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText())));
    EXPECT_THAT(ids, testing::UnorderedElementsAreArray(row.want));
  }
}

TEST(LintTest, RefusesBucketsThatOverlapWithoutNesting) {
  Policy policy = PolicyOf(PolicyText());
  policy.time_zone = "UTC";
  policy.share[0].bucket = std::chrono::hours(2);
  policy.share[1].bucket = std::chrono::hours(3);
  policy.share[1].whole_day = false;
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))),
              ElementsAre("L26"));
  policy.share[1].bucket = std::chrono::hours(4);
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))), IsEmpty());
}

TEST(LintTest, RefusesMoreCellsThanALedgerEntryHolds) {
  Policy policy = PolicyOf(PolicyText());
  policy.metrics[0].interval = std::chrono::minutes(1);
  policy.share[0].bucket = std::chrono::minutes(3);  // 500 cells on the longest day, and the day
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))), IsEmpty());
  policy.share[0].bucket = std::chrono::minutes(2);
  EXPECT_THAT(Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText()))),
              ElementsAre("L37"));
}

TEST(LintTest, RefusesBucketsThatMidnightWouldCut) {
  struct Row {
    const char* zone;
    Millis bucket;
    bool fits;
  };
  const Row rows[] = {{"Europe/London", std::chrono::hours(1), true},
                      {"Europe/London", std::chrono::hours(2), false},  // summer time
                      {"UTC", std::chrono::hours(2), true},
                      {"Asia/Kolkata", std::chrono::hours(1), false},  // +05:30
                      {"Asia/Kolkata", std::chrono::minutes(30), true},
                      {"Asia/Kathmandu", std::chrono::minutes(30), false},  // +05:45
                      {"Asia/Kathmandu", std::chrono::minutes(15), true}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.zone);
    Policy policy = PolicyOf(PolicyText());
    policy.time_zone = row.zone;
    std::erase_if(policy.share,
                  [](const ShareRule& rule) { return rule.metric != MetricId("load"); });
    policy.share[0].bucket = row.bucket;
    const std::vector<std::string> ids =
        Ids(Lint(CharterOf(CharterText()), policy, RosterOf(RosterText())));
    EXPECT_EQ(std::count(ids.begin(), ids.end(), "L31"), row.fits ? 0 : 1);
  }
}

TEST(LintTest, FloorsBindAtTheirLimit) {
  // The air's figures are an hour old; here only the households' ones matter.
  std::string policy = PolicyText();
  for (int i = 0; i < 2; ++i) policy = Replaced(policy, "age_min: PT1H", "age_min: P1D");
  const auto ids = [&](const char* from, const char* to) {
    return Ids(LintOf(Replaced(CharterText(), from, to), policy, RosterText()));
  };
  EXPECT_THAT(ids("k_min: 5", "k_min: 10"), IsEmpty());
  EXPECT_THAT(ids("k_min: 5", "k_min: 11"), ElementsAre("L07"));
  EXPECT_THAT(ids("age_min: PT1H", "age_min: P1D"), IsEmpty());
  EXPECT_THAT(ids("age_min: PT1H", "age_min: P1DT1S"), ElementsAre("L24"));
  EXPECT_THAT(ids("top1_max_pct: 40", "top1_max_pct: 30"), IsEmpty());
  EXPECT_THAT(ids("top1_max_pct: 40", "top1_max_pct: 29"), ElementsAre("L23"));
}

TEST(LintTest, FortyPercentAndTwoHouseholdsBindWhateverTheCharterSays) {
  Charter charter = CharterOf(CharterText());
  charter.floors.k_min = 0;
  charter.floors.top1_max_pct = 100;
  Policy policy = PolicyOf(PolicyText());
  std::erase_if(policy.share, [](const ShareRule& rule) { return rule.metric != MetricId("load"); });
  for (ShareRule& rule : policy.share) rule.k_min = 2;
  for (ShareRule& rule : policy.share) rule.top1_max_pct = 40;
  EXPECT_THAT(Ids(Lint(charter, policy, RosterOf(RosterText()))), IsEmpty());
  for (ShareRule& rule : policy.share) rule.k_min = 1;
  EXPECT_THAT(Ids(Lint(charter, policy, RosterOf(RosterText()))), ElementsAre("L07"));
  for (ShareRule& rule : policy.share) rule.k_min = 2;
  for (ShareRule& rule : policy.share) rule.top1_max_pct = 41;
  EXPECT_THAT(Ids(Lint(charter, policy, RosterOf(RosterText()))), ElementsAre("L23"));
}

TEST(LintTest, RefusesCharterThresholdsThatMeanNothing) {
  const Case cases[] = {
      {"threshold 0", "threshold: 2", "threshold: 0", "GOV-4"},
      {"threshold above the keys", "threshold: 2", "threshold: 4", "GOV-4"},
      {"unknown label", "[ana, bo, chi], threshold: 1", "[ana, dee], threshold: 1", "L20"},
      {"enrolment by nobody", "threshold: 1", "threshold: 0", "GOV-4"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(Ids(LintCharter(CharterOf(Replaced(CharterText(), c.from, c.to)))),
                ElementsAre(c.want));
  }
}

TEST(LintTest, OneKeyUnderTwoLabelsIsOneVote) {
  Charter charter = CharterOf(CharterText());
  charter.objection.reset();
  charter.keys["bo"] = charter.keys["ana"];
  EXPECT_THAT(Ids(LintCharter(charter)), ElementsAre("GOV-3"));
  charter.keys["chi"] = charter.keys["ana"];
  EXPECT_THAT(Ids(LintCharter(charter)), ElementsAre("GOV-3", "GOV-4"));
}

TEST(LintTest, RefusesARosterThatDoesNotFit) {
  const Case cases[] = {
      {"zone of a gateway", "zone: orchard}", "zone: atlantis}", "L20"},
      {"gateway twice", "id: gw-orchard", "id: gw-harbour", "L21"},
      {"party twice", "kind: municipality}",
       "kind: municipality}\n  - {id: city-hall, kind: utility}", "L21"},
      {"party called public", "kind: municipality}",
       "kind: municipality}\n  - {id: public, kind: utility}", "L21"},
      {"other commons", "commons: riverside", "commons: lakeside", "L22"},
      {"expires when issued", "expires: 2100-01-01", "expires: 2012-01-01", "L33"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::vector<Finding> found =
        LintOf(CharterText(), PolicyText(), Replaced(RosterText(), c.from, c.to));
    EXPECT_THAT(Ids(found), ElementsAre(c.want));
    for (const Finding& finding : found) EXPECT_EQ(finding.document, "roster");
  }
}

TEST(LintTest, WarnsWithoutRefusing) {
  const std::vector<Finding> homes =
      LintOf(CharterText(), Replaced(PolicyText(), "homes: 7", "homes: 0"), RosterText());
  EXPECT_THAT(Ids(homes), ElementsAre("L16"));
  EXPECT_FALSE(homes[0].refuses);
  const std::vector<Finding> interval =
      LintOf(CharterText(), Replaced(PolicyText(), "interval: PT30M", "interval: PT25M"),
             RosterText());
  EXPECT_THAT(Ids(interval), ElementsAre("L35"));
  EXPECT_FALSE(interval[0].refuses);
}

TEST(LintTest, AFindingSaysWhereAndWhat) {
  const std::string policy = Replaced(PolicyText(), "k_min: 10", "k_min: 4");
  const std::vector<Finding> found = LintOf(CharterText(), policy, RosterText());
  ASSERT_EQ(found.size(), 2u);  // L07 at the hours, and L28: the days are now stricter.
  const std::string head = policy.substr(0, policy.find("  - {id: load-hourly"));
  EXPECT_EQ(found[0].line, 1 + std::count(head.begin(), head.end(), '\n'));
  EXPECT_EQ(FormatFinding(found[0]),
            "policy line " + std::to_string(found[0].line) +
                ": L07: share rule \"load-hourly\": k_min 4 is below the charter's floor of 5 "
                "households");
  EXPECT_EQ(found[1].id, "L28");
  EXPECT_GT(found[1].line, found[0].line);
}

}  // namespace
}  // namespace gateway::policy
