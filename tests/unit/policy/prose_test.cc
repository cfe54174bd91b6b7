// What riverside's documents read like in each language. To write the golden texts anew, and then
// read them:
//   COMMONS_WRITE_GOLDEN=1 build/release/bin/policy_test --gtest_filter='ProseTest.*Golden*'
#include "gateway/policy/prose.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/prose_languages.h"

namespace gateway::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string GoldenPath(std::string_view language) {
  return Format("tests/unit/policy/prose_golden/%s.txt", language);
}

std::string Riverside(std::string_view language) {
  const Charter charter = CharterOf(CharterText());
  const Policy policy = PolicyOf(PolicyText());
  const Roster roster = RosterOf(RosterText());
  return Prose({.charter = &charter, .policy = &policy, .roster = &roster}, LanguageOf(language));
}

// English, of riverside's policy with one change.
std::string English(std::string_view from, std::string_view to, bool with_charter = false) {
  const Charter charter = CharterOf(CharterText());
  const Policy policy = PolicyOf(Replaced(PolicyText(), from, to));
  const ProseSource source{
      .charter = with_charter ? &charter : nullptr, .policy = &policy, .roster = nullptr};
  return Prose(source, LanguageOf("en"));
}

TEST(ProseTest, RiversideReadsAsTheGoldenTexts) {
  for (const std::string_view language : kLanguages) {
    const std::string path = GoldenPath(language);
    if (std::getenv("COMMONS_WRITE_GOLDEN") != nullptr) {
      std::ofstream(std::string(GATEWAY_SOURCE_DIR) + "/" + path) << Riverside(language);
    }
    EXPECT_EQ(Riverside(language), SourceText(path));
  }
}

TEST(ProseTest, OnlyWhatIsGivenIsSaid) {
  const Policy policy = PolicyOf(PolicyText());
  const std::string text =
      Prose({.charter = nullptr, .policy = &policy, .roster = nullptr}, LanguageOf("en"));
  EXPECT_THAT(text, HasSubstr("# Policy of “riverside”, version 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("# Charter of")));
  EXPECT_THAT(text, Not(HasSubstr("# Participants of")));
  EXPECT_THAT(text, HasSubstr("They may go to “city-hall”.\n"));
}

TEST(ProseTest, TheRosterSaysWhatARecipientIs) {
  EXPECT_THAT(Riverside("fr"), HasSubstr("«\u00a0city-hall\u00a0» (commune)."));
}

TEST(ProseTest, EachSafeguardIsAConditionOfItsOwn) {
  const std::string text = English("k_min: 10, top1_max_pct: 30}",
                                   "k_min: 10, top1_max_pct: 30, top2_max_pct: 45, round_to: 100,"
                                   " redistribution: true}");
  EXPECT_THAT(text, HasSubstr("They leave only if at least 10 households contributed.\n"));
  EXPECT_THAT(text, HasSubstr("They leave only if no single household makes up more than 30 % of "
                              "the sum.\n"));
  EXPECT_THAT(text, HasSubstr("They leave only if the two largest households together make up no "
                              "more than 45 % of the sum.\n"));
  EXPECT_THAT(text, HasSubstr("Sums are rounded to the nearest multiple of 100 Wh, and means are "
                              "made of the rounded sums.\n"));
  EXPECT_THAT(text, HasSubstr("Whoever receives them may pass them on.\n"));
}

TEST(ProseTest, AmountsAreSaidInTheMetricsUnitAndNotInSteps) {
  const std::string text =
      English("to: [city-hall], age_min: PT1H}", "to: [city-hall], age_min: PT1H, min_count: 250}");
  EXPECT_THAT(text,
              HasSubstr("Where a sum is below 2.5 ug/m3, nothing is shown but “fewer than 2.5 "
                        "ug/m3”."));
}

TEST(ProseTest, APlacesRuleSaysThatNoHouseholdsAreCounted) {
  EXPECT_THAT(Riverside("en"), HasSubstr("the mean per place"));
  EXPECT_THAT(Riverside("en"), HasSubstr("need no least number of households"));
}

TEST(ProseTest, ACollectRuleWithoutRetainRuleSaysThatNothingComesIn) {
  const std::string rule =
      "  - {id: keep-pm25, metric: pm25, tier: raw, keep: P30D, then: erase}\n";
  EXPECT_THAT(English(rule, ""), HasSubstr("so they are refused"));
  EXPECT_THAT(English("P730D", "P731D"), Not(HasSubstr("so they are refused")));
}

TEST(ProseTest, AShareRuleBelowTheCharterSaysThatNothingLeaves) {
  const std::string sentence =
      "The rule goes below what the charter demands: nothing leaves by this rule.";
  EXPECT_THAT(English("k_min: 10", "k_min: 4", true), HasSubstr(sentence));
  EXPECT_THAT(English("k_min: 10", "k_min: 4", false), Not(HasSubstr(sentence)));
  EXPECT_THAT(English("k_min: 10", "k_min: 5", true), Not(HasSubstr(sentence)));
}

TEST(ProseTest, ARecipientWhoIsForbiddenIsNamedAtTheRule) {
  EXPECT_THAT(
      English("forbid:\n",
              "forbid:\n  - {id: f-city, to: [city-hall], metric: [load], "
              "reason: \"not the city\"}\n"),
      HasSubstr("  - The prohibition “f-city” excludes “city-hall”, who gets nothing by this "
                "rule.\n"));
}

TEST(ProseTest, WhoeverIsForbiddenAPublicFigureIsNamedToo) {
  const std::string text = Replaced(PolicyText(), "to: [city-hall]", "to: [public]");
  const Policy policy = PolicyOf(Replaced(
      text, "forbid:\n", "forbid:\n  - {id: f-gw, to: [peers], reason: \"not among us\"}\n"));
  EXPECT_THAT(Prose({.charter = nullptr, .policy = &policy, .roster = nullptr}, LanguageOf("en")),
              HasSubstr("“f-gw” excludes the other gateways, who"));
}

TEST(ProseTest, APartyThatTheRuleNamesKeepsWhatThePublicIsDenied) {
  const std::string text = Replaced(PolicyText(), "to: [city-hall]", "to: [public, city-hall]");
  const Policy policy = PolicyOf(Replaced(
      text, "forbid:\n", "forbid:\n  - {id: f-all, to: [public], reason: \"only the city\"}\n"));
  const std::string prose =
      Prose({.charter = nullptr, .policy = &policy, .roster = nullptr}, LanguageOf("en"));
  EXPECT_THAT(prose, HasSubstr("“f-all” excludes the public, who"));
  EXPECT_THAT(prose, Not(HasSubstr("“f-all” excludes “city-hall”")));
}

TEST(ProseTest, AProhibitionOfOneThingSaysThisAndOneOfMoreSaysAll) {
  EXPECT_THAT(Riverside("en"), HasSubstr("No figure leaves to which this applies:\n"));
  EXPECT_THAT(English("purpose_group: [coercive]", "purpose_group: [coercive], bucket_below: P1D"),
              HasSubstr("No figure leaves to which all of this applies:\n"));
}

TEST(ProseTest, ARuleThatTheCharterListsIsSaidToBeEntrenched) {
  EXPECT_THAT(English("entrenched: true,", "", false), Not(HasSubstr("This rule is entrenched")));
  EXPECT_THAT(English("entrenched: true,", "", true), HasSubstr("This rule is entrenched"));
}

TEST(ProseTest, KeepingLongerThanTheCharterAllowsIsSaidToEndEarlier) {
  const Charter charter = CharterOf(
      Replaced(CharterText(), "top1_max_pct: 40 ", "top1_max_pct: 40\n  keep_max: P60D "));
  const Policy policy = PolicyOf(PolicyText());
  const std::string text =
      Prose({.charter = &charter, .policy = &policy, .roster = nullptr}, LanguageOf("en"));
  EXPECT_THAT(text, HasSubstr("  - The charter allows less: nothing is kept longer than 60 days."));
}

TEST(ProseTest, AnEmptyPolicySaysThatNothingHappens) {
  const Policy policy = PolicyOf(R"(schema: commons-policy/1
commons: empty
version: 1
prev: ""
issued: 2026-01-01T00:00:00Z
activates: 2026-01-01T00:00:00Z
expires: 2027-01-01T00:00:00Z
time_zone: UTC
zone_levels: [block]
zones: []
metrics: []
purposes: []
collect: []
retain: []
consent: []
share: []
)");
  const std::string text =
      Prose({.charter = nullptr, .policy = &policy, .roster = nullptr}, LanguageOf("en"));
  for (const std::string sentence :
       {"Nothing is measured.", "Nothing may come in.", "Nothing is kept.", "No figure leaves."}) {
    EXPECT_THAT(text, HasSubstr(sentence + "\n"));
  }
}

}  // namespace
}  // namespace gateway::policy
