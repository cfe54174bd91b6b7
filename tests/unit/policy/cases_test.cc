#include "gateway/policy/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/model/time.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHead[] = "schema: commons-cases/1\ncases:\n";

std::string CaseText(const std::string& request, const std::string& expect) {
  return std::string(kHead) + "  - {name: a case, now: 2013-02-01T00:00:00Z,\n     request: {" + request +
         "},\n     expect: {" + expect + "}}\n";
}

constexpr char kHourly[] =
    "action: release, party: city-hall, purpose: official-stats, metric: load, stat: mean, "
    "zone: neighbourhood, bucket: PT1H, age: P2D";

Documents Riverside() {
  return {CharterOf(CharterText()), PolicyOf(PolicyText()), RosterOf(RosterText())};
}

Case CaseOf(const std::string& request, const std::string& expect) {
  const StatusOr<std::vector<Case>> cases = ParseCases(CaseText(request, expect));
  EXPECT_TRUE(cases.ok()) << cases.status();
  return cases.ok() ? cases->front() : Case();
}

bool Passes(const std::string& request, const std::string& expect) {
  return RunCase(Riverside(), CaseOf(request, expect)).passed;
}

TEST(CasesTest, EveryActionIsAskedWithItsOwnFields) {
  EXPECT_TRUE(Passes(kHourly, "effect: allow, code: OK, rule: load-hourly"));
  EXPECT_TRUE(Passes("action: collect, metric: load, profile: generic",
                     "effect: allow, code: OK, rule: collect-load"));
  EXPECT_TRUE(Passes("action: keep, metric: load, tier: rollup, age: P700D",
                     "effect: allow, code: OK, rule: keep-load-days"));
  EXPECT_TRUE(Passes("action: consent, metric: load, adults: [yes, yes, silent], since: P1D",
                     "effect: deny, code: NO_CONSENT, rule: consent-load"));
  EXPECT_TRUE(Passes("action: answer, party: city-hall, purpose: official-stats",
                     "effect: deny, code: NO_DUTY, rule: none"));
  EXPECT_TRUE(Passes("action: publish, rule: pm25-daily", "effect: deny, code: NO_DUTY, rule: none"));
  EXPECT_TRUE(Passes("action: right", "effect: allow, code: OK, rule: none"));
}

TEST(CasesTest, ARefusalForAnotherReasonOrByAnotherRuleIsAFailure) {
  const std::string evidence = "action: release, party: city-hall, purpose: law-enforcement, "
                               "metric: load, stat: mean, zone: neighbourhood, bucket: PT1H, age: P2D";
  EXPECT_TRUE(Passes(evidence, "effect: deny, code: FORBIDDEN, rule: f-coercive"));
  EXPECT_FALSE(Passes(evidence, "effect: deny, code: NOT_PERMITTED, rule: none"));
  EXPECT_FALSE(Passes(evidence, "effect: deny, code: FORBIDDEN, rule: f-other"));
  EXPECT_FALSE(Passes(evidence, "effect: deny, code: FORBIDDEN, rule: none"));
  EXPECT_FALSE(Passes(kHourly, "effect: allow, code: OK, rules: [load-daily, load-hourly]"));
  // Without the rule a stranger to the file still hears no: only the rule's name tells.
  Documents documents = Riverside();
  documents.policy.forbid.clear();
  const CaseResult result =
      RunCase(documents, CaseOf(evidence, "effect: deny, code: FORBIDDEN, rule: f-coercive"));
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(DecisionText(result.got.allowed, result.got.code, result.got.rules),
            "deny NOT_PERMITTED none");
}

TEST(CasesTest, SeveralRulesMayDecideInAnyOrder) {
  Documents documents = Riverside();
  Forbid again = documents.policy.forbid.front();
  again.id = RuleId("f-again");
  documents.policy.forbid.push_back(again);
  const std::string evidence = "action: release, party: city-hall, purpose: law-enforcement, "
                               "metric: load, stat: mean, zone: neighbourhood, bucket: P1D, age: P2D";
  for (const char* rules : {"[f-again, f-coercive]", "[f-coercive, f-again]"}) {
    const Case test = CaseOf(evidence, std::string("effect: deny, code: FORBIDDEN, rules: ") + rules);
    EXPECT_TRUE(RunCase(documents, test).passed);
    EXPECT_EQ(DecisionText(test.allowed, test.code, test.rules),
              "deny FORBIDDEN f-again f-coercive");
  }
}

TEST(CasesTest, IsAskedAtTheTimeOfTheCase) {
  std::string text = CaseText(kHourly, "effect: deny, code: POLICY_UNAVAILABLE, rule: none");
  text = Replaced(text, "2013-02-01T00:00:00Z", "2011-02-01T00:00:00Z");
  const StatusOr<std::vector<Case>> cases = ParseCases(text);
  ASSERT_TRUE(cases.ok()) << cases.status();
  EXPECT_TRUE(RunCase(Riverside(), cases->front()).passed);
}

TEST(CasesTest, RefusesWhatMeansNothingWithItsPlace) {
  struct Refusal {
    const char* name;
    std::string text;
    const char* want;
  };
  const std::string right = "effect: allow, code: OK, rule: none";
  const Refusal refusals[] = {
      {"schema", "schema: commons-policy/1\ncases: []\n", "line 1 column 9: cases: schema: must be"},
      {"no cases", "schema: commons-cases/1\n", "line 1 column 1: cases: cases: missing"},
      {"unknown key", CaseText("action: right, colour: red", right),
       "line 4 column 31: request: colour: unknown key"},
      {"ignored field", CaseText("action: collect, metric: load, zone: city", right),
       "line 4 column 53: request: zone: the action collect does not look at it"},
      {"missing field", CaseText("action: collect", right),
       "line 4 column 15: request: metric: missing"},
      {"unknown action", CaseText("action: read", right), "request: action: \"read\" is not one of"},
      {"a day in hours", CaseText(Replaced(kHourly, "PT1H", "PT24H"), right),
       "request: bucket: write P1D"},
      {"no bucket", CaseText(Replaced(kHourly, "PT1H", "PT0S"), right), "request: bucket: must be"},
      {"adults", CaseText("action: consent, metric: load, adults: [maybe], since: P1D", right),
       "request: adults: \"maybe\" is not one of: yes, silent, no"},
      {"no rule", CaseText("action: right", "effect: allow, code: OK"),
       "line 5 column 14: expect: rule: name what decides"},
      {"two ways", CaseText("action: right", "effect: allow, code: OK, rule: none, rules: [a]"),
       "expect: rule: name what decides"},
      {"no rules", CaseText("action: right", "effect: allow, code: OK, rules: []"),
       "expect: rules: empty list"},
      {"unknown code", CaseText("action: right", "effect: deny, code: FORBIDEN, rule: a"),
       "line 5 column 35: expect: code: \"FORBIDEN\" is no code"},
      {"allowed with a refusal", CaseText("action: right", "effect: allow, code: FLOOR, rule: a"),
       "expect: code: OK is the code of what is allowed"},
      {"refused with OK", CaseText("action: right", "effect: deny, code: OK, rule: a"),
       "expect: code: OK is the code of what is allowed"},
      {"no time", Replaced(CaseText("action: right", right), ", now: 2013-02-01T00:00:00Z", ""),
       "line 3 column 5: case: now: missing"},
      {"one name twice",
       CaseText("action: right", right) + CaseText("action: right", right).substr(sizeof kHead - 1),
       "line 6 column 12: case: name: another case is called so"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const StatusOr<std::vector<Case>> cases = ParseCases(refusal.text);
    EXPECT_EQ(cases.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(cases.status())), HasSubstr(refusal.want));
  }
}

std::vector<std::string> Untested(const Documents& documents, const std::vector<Case>& cases) {
  std::vector<CaseResult> results;
  for (const Case& test : cases) results.push_back(RunCase(documents, test));
  std::vector<std::string> texts;
  for (const Finding& finding : LintCoverage(documents.policy, results)) {
    EXPECT_EQ(finding.id, "L10");
    EXPECT_TRUE(finding.refuses);
    EXPECT_GT(finding.line, 0);
    texts.push_back(finding.text);
  }
  return texts;
}

TEST(CasesTest, ARuleThatDecidesNoCaseThatPassedIsUntested) {
  Documents documents = Riverside();
  Policy& policy = documents.policy;
  policy.collect.resize(1);
  policy.retain.clear();
  policy.consent.clear();
  policy.share.resize(1);
  policy.duty.push_back({.id = RuleId("answer-city"), .to = {"city-hall"},
                         .purposes = {"official-stats"}, .within = Millis(1), .line = 7});
  policy.retain.push_back({.id = RuleId("keep-load"), .metric = MetricId("load"), .keep = Millis(9),
                           .line = 7});
  const Case collect = CaseOf("action: collect, metric: load", "effect: allow, code: OK, rule: collect-load");
  const Case share = CaseOf(kHourly, "effect: allow, code: OK, rule: load-hourly");
  const Case wrong = CaseOf(kHourly, "effect: allow, code: OK, rule: load-daily");
  EXPECT_THAT(Untested(documents, {collect, wrong}),
              ElementsAre(HasSubstr("\"keep-load\""), HasSubstr("\"load-hourly\""),
                          HasSubstr("\"f-coercive\""), HasSubstr("\"answer-city\"")));
  const Case keep = CaseOf("action: keep, metric: load, tier: raw, age: P1D",
                           "effect: deny, code: NOT_KEPT, rule: keep-load");
  const Case answer = CaseOf("action: answer, party: city-hall, purpose: official-stats",
                             "effect: allow, code: OK, rule: answer-city");
  const Case evidence = CaseOf(Replaced(kHourly, "official-stats", "law-enforcement"),
                               "effect: deny, code: FORBIDDEN, rule: f-coercive");
  EXPECT_THAT(Untested(documents, {collect, share, keep, answer, evidence}), IsEmpty());
}

}  // namespace
}  // namespace gateway::policy
