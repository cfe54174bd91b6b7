#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/model/time.h"
#include "gateway/policy/evaluate.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

Documents Riverside() {
  return {CharterOf(CharterText()), PolicyOf(PolicyText()), RosterOf(RosterText())};
}

Request Hourly() {
  return {.action = Action::kRelease, .party = PartyId("city-hall"), .purpose = "official-stats",
          .metric = MetricId("load"), .stat = "mean", .zone_level = "neighbourhood",
          .bucket = std::chrono::hours(1), .age = std::chrono::hours(48)};
}

// "share load-hourly: allows it"
std::vector<std::string> TraceOf(const Documents& documents, const Request& request) {
  Trace trace;
  Evaluate(documents, request, *ParseTime("2013-02-01T00:00:00Z"), true, &trace);
  std::vector<std::string> texts;
  for (const TraceStep& step : trace) {
    texts.push_back(Format("%s %s: %s", step.step, step.rule.value(), step.clause));
    if (!step.rule.empty()) {
      EXPECT_GT(step.line, 0) << texts.back();
    }
  }
  return texts;
}

TEST(TraceTest, SaysOfEveryRuleOfTheMetricWhatItSays) {
  EXPECT_THAT(TraceOf(Riverside(), Hourly()),
              ElementsAre("party : \"city-hall\" may ask",
                          "purpose : \"official-stats\" is on the list",
                          "forbid f-coercive: purpose: is about something else",
                          "share load-hourly: allows it",
                          "share load-daily: bucket P1D, zone neighbourhood: it is another that is "
                          "asked for"));
}

TEST(TraceTest, NamesTheClauseThatIsForSomethingElse) {
  Request request = Hourly();
  request.purpose = "mobility";
  EXPECT_THAT(TraceOf(Riverside(), request),
              Contains("share load-hourly: purpose: is for something else"));
  request = Hourly();
  request.party = PartyId("members");
  EXPECT_THAT(TraceOf(Riverside(), request),
              Contains("share load-hourly: to: is for something else"));
  Documents documents = Riverside();
  documents.policy.share[0].stats = {"count"};
  EXPECT_THAT(TraceOf(documents, Hourly()),
              Contains("share load-hourly: stats: is for something else"));
  EXPECT_THAT(TraceOf(documents, Hourly()), Not(Contains(StartsWith("share pm25-hourly"))));
}

TEST(TraceTest, NamesWhatOfAForbidIsAboutSomethingElse) {
  const auto spared = [](Forbid forbid) {
    Documents documents = Riverside();
    forbid.id = RuleId("f");
    forbid.line = 1;
    documents.policy.forbid = {std::move(forbid)};
    for (const std::string& text : TraceOf(documents, Hourly())) {
      if (text.starts_with("forbid f: ")) return text.substr(10);
    }
    return std::string();
  };
  EXPECT_EQ(spared({.to = {"members"}}), "to: is about something else");
  EXPECT_EQ(spared({.metrics = {MetricId("pm25")}}), "metric: is about something else");
  EXPECT_EQ(spared({.stats = {"sum"}}), "stats: is about something else");
  EXPECT_EQ(spared({.zone_below = "block"}), "zone_below: is about something else");
  EXPECT_EQ(spared({.bucket_below = std::chrono::hours(1)}), "bucket_below: is about something else");
  EXPECT_EQ(spared({.age_below = std::chrono::hours(1)}), "age_below: is about share rules, below");
  EXPECT_EQ(spared({.stats = {"mean"}, .reason = "no means"}), "forbids it: no means");
}

TEST(TraceTest, SaysWhenNobodyCouldBeAsked) {
  Request request{.action = Action::kConsent, .metric = MetricId("pm25")};
  EXPECT_THAT(TraceOf(Riverside(), request),
              ElementsAre("names : metric \"pm25\": there is none, or nobody to ask"));
}

}  // namespace
}  // namespace gateway::policy
