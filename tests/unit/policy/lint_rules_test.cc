#include "gateway/policy/lint_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

struct Case {
  const char* name;
  const char* from;
  const char* to;
  const char* want;  // "L02", "L02 L20", "warning L02"
};

std::string Found(const std::vector<Finding>& findings) {
  std::string ids;
  for (const Finding& finding : findings) {
    const std::string id = (finding.refuses ? "" : "warning ") + finding.id;
    if (ids.find(id) == std::string::npos) ids += (ids.empty() ? "" : " ") + id;
  }
  return ids;
}

std::string All(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& finding : findings) all += FormatFinding(finding) + "\n";
  return all;
}

constexpr char kForbid[] = "forbid:\n";

TEST(LintRulesTest, FindsWhatIsWrongInThePolicy) {
  const Case cases[] = {
      {"a forbid of a recipient", kForbid,
       "forbid:\n  - {id: f, to: [city-hall], metric: [load], reason: r}\n", "L02"},
      {"of another metric", kForbid,
       "forbid:\n  - {id: f, to: [peers], metric: [load], reason: r}\n", ""},
      {"of young data", kForbid, "forbid:\n  - {id: f, age_below: PT1H, reason: r}\n", ""},
      {"of data an hour old", kForbid, "forbid:\n  - {id: f, age_below: PT61M, reason: r}\n",
       "L02"},
      {"of short buckets", kForbid, "forbid:\n  - {id: f, bucket_below: PT61M, reason: r}\n",
       "L02"},
      {"of fine zones", kForbid, "forbid:\n  - {id: f, zone_below: district, reason: r}\n", "L02"},
      {"of zones finer than what is shared", kForbid,
       "forbid:\n  - {id: f, zone_below: neighbourhood, reason: r}\n", ""},
      {"of a statistic", kForbid, "forbid:\n  - {id: f, stats: [mean], reason: r}\n", "L02"},
      {"of one recipient among two", "to: [city-hall]", "to: [city-hall, members]", ""},
      {"of no metric", kForbid, "forbid:\n  - {id: f, metric: [gas], reason: r}\n", "L20"},
      {"of no recipient", kForbid, "forbid:\n  - {id: f, to: [police], reason: r}\n", "L20"},
      {"opt-in by one for all", "household_rule: all-adults", "household_rule: any-adult-objects",
       "L50"},
      {"opt-out with every adult", "mode: opt-in", "mode: opt-out, notice: P14D", "L50"},
      {"opt-out", "mode: opt-in, household_rule: all-adults",
       "mode: opt-out, notice: P14D, household_rule: any-adult-objects", ""},
      {"sensitive", "sensitivity: household", "sensitivity: sensitive", "L64"},
      {"public benefit", "#ProvideOfficialStatistics", "#PublicBenefit", "L06"},
      {"any purpose at all", "#ProvideOfficialStatistics", "#Purpose", "L06"},
      {"public, not to be passed on", "to: [city-hall]", "to: [public]", "L60"},
      {"public", "to: [city-hall], age_min: P1D",
       "to: [public], redistribution: true, age_min: P1D", ""},
      {"two largest below one", "top1_max_pct: 30", "top1_max_pct: 30, top2_max_pct: 29",
       "L61"},
      {"two largest as one", "k_min: 10, top1_max_pct: 30}\n  # The same",
       "k_min: 10, top1_max_pct: 30, top2_max_pct: 30}\n  # The same", ""},
      {"two largest of places", "age_min: PT1H}", "age_min: PT1H, top2_max_pct: 50}", "L61"},
      {"days rounded, hours not", "bucket: P1D, zone: neighbourhood,",
       "bucket: P1D, zone: neighbourhood, round_to: 100,", "L28"},
      {"hours rounded, days not", "bucket: PT1H, zone: neighbourhood,",
       "bucket: PT1H, zone: neighbourhood, round_to: 100,", ""},
      {"a duty too soon", kForbid,
       "duty:\n  - {id: d, kind: publish, rule: load-daily, within: PT30H}\nforbid:\n", "L04"},
      {"a duty just in time", kForbid,
       "duty:\n  - {id: d, kind: publish, rule: load-daily, within: PT31H}\nforbid:\n", ""},
      {"a duty to publish nothing", kForbid,
       "duty:\n  - {id: d, kind: publish, rule: load-weekly, within: P9D}\nforbid:\n", "L20"},
      {"a duty to answer nobody", kForbid,
       "duty:\n  - {id: d, kind: answer, to: [bank], purpose: [mobility], within: P3D}\nforbid:\n",
       "L20"},
      {"a duty to answer for nothing", kForbid,
       "duty:\n  - {id: d, kind: answer, to: [city-hall], purpose: [profit], within: P3D}\n"
       "forbid:\n",
       "L20"},
      {"a duty's id is a rule's", kForbid,
       "duty:\n  - {id: load-daily, kind: publish, rule: load-daily, within: P9D}\nforbid:\n",
       "L21"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::vector<Finding> found = Lint(CharterOf(CharterText()),
                                            PolicyOf(Replaced(PolicyText(), c.from, c.to)),
                                            RosterOf(RosterText()));
    EXPECT_EQ(Found(found), c.want) << All(found);
  }
}

TEST(LintRulesTest, FindsWhatIsWrongInTheCharter) {
  const Case cases[] = {
      {"six days", "looser: P14D", "looser: P6D", "warning L62"},
      {"a way round", "incomparable: P14D", "incomparable: P13D", "L62"},
      {"entrenched is not shorter", "entrenched: P42D", "entrenched: P13D", "L62"},
      {"nor is the charter", "charter: P28D", "charter: P13D", "L62"},
      {"tighten above the threshold", "tighten: 1", "tighten: 3", "GOV-4"},
      {"an objection that makes it easier", "threshold: 3, extra", "threshold: 1, extra", "L65"},
      {"an objection nobody can overcome", "threshold: 3, extra", "threshold: 4, extra", "L65"},
      {"one that no charter could overcome", "charter: {keys: [ana, bo, chi], threshold: 2}",
       "charter: {keys: [ana, bo], threshold: 2}", "L65"},
      {"an assembly of few", "quorum_pct: 50", "quorum_pct: 49", "L65"},
      {"an assembly in a hurry", "notice: P60D", "notice: P41D", "L65"},
      {"a level there is not", "household: neighbourhood", "household: street", "L20"},
      {"a zone too fine", "household: neighbourhood", "household: district", "L64"},
      {"an entrenched rule there is not", "entrenched: [f-coercive]", "entrenched: [f-live]",
       "warning L20"},
      {"kept too long", "  zone_min:", "  keep_max: P729D\n  zone_min:", "L63"},
      {"kept as long as may be", "  zone_min:", "  keep_max: P730D\n  zone_min:", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::vector<Finding> found = Lint(CharterOf(Replaced(CharterText(), c.from, c.to)),
                                            PolicyOf(PolicyText()), RosterOf(RosterText()));
    EXPECT_EQ(Found(found), c.want) << All(found);
  }
}

std::string Advised(const std::string& policy, const std::string& roster) {
  return Found(Advise(PolicyOf(policy), RosterOf(roster)));
}

TEST(AdviseTest, ForbidsThatAddNothingAreNamed) {
  const auto with = [](const char* forbid) {
    return Advised(Replaced(Replaced(PolicyText(), "2100-01-01", "2013-01-01"), kForbid,
                            Format("forbid:\n  - {id: f, %s, reason: r}\n", forbid)),
                   Replaced(RosterText(), "kind: municipality",
                            Format("kind: municipality, agreement: \"b2:%s\"",
                                   std::string(64, 'a'))));
  };
  EXPECT_EQ(with("metric: [load]"), "");
  EXPECT_EQ(with("purpose: [law-enforcement]"), "warning L03");
  EXPECT_EQ(with("purpose_group: [coercive], metric: [load]"), "warning L03");
  EXPECT_EQ(with("purpose_group: [coercive], age_below: PT9H"), "warning L03");
  EXPECT_EQ(with("purpose: [law-enforcement, mobility]"), "warning L03");  // covers f-coercive
  EXPECT_EQ(with("purpose: [mobility]"), "");
}

TEST(AdviseTest, OfTwoForbidsThatSayTheSameOneIsNamed) {
  Policy policy = PolicyOf(PolicyText());
  policy.expires = policy.activates + std::chrono::hours(400 * 24);
  policy.forbid.push_back(policy.forbid[0]);
  policy.forbid[1].id = RuleId("again");
  Roster roster = RosterOf(RosterText());
  roster.parties.clear();
  EXPECT_EQ(Advise(policy, roster).size(), 1u);
}

TEST(AdviseTest, RulesThatStandForMoreThanAYearAreNamed) {
  const std::string agreed = Replaced(RosterText(), "kind: municipality",
                                      Format("kind: municipality, agreement: \"b2:%s\"",
                                             std::string(64, 'a')));
  EXPECT_EQ(Advised(PolicyText(), agreed), "warning L11");
  EXPECT_EQ(Advised(Replaced(PolicyText(), "2100-01-01", "2013-02-04"), agreed), "");
  EXPECT_EQ(Advised(Replaced(PolicyText(), "2100-01-01", "2013-02-05"), agreed), "warning L11");
}

TEST(AdviseTest, ARecipientWithoutAnAgreementIsNamed) {
  const std::string policy = Replaced(PolicyText(), "2100-01-01", "2013-01-01");
  EXPECT_EQ(Advised(policy, RosterText()), "warning L12");
  EXPECT_EQ(Advised(policy, Replaced(RosterText(), "{id: city-hall", "{id: lab")), "");
}

TEST(LintRulesTest, ALevelIsNotRounded) {
  std::string policy = Replaced(PolicyText(), "unit: ug/m3, kind: gauge", "unit: dB(A), kind: level");
  for (int i = 0; i < 2; ++i) {
    policy = Replaced(policy, "metric: pm25, stats: [count, sum, mean], bucket",
                      "metric: pm25, stats: [count, mean], round_to: 5, bucket");
  }
  EXPECT_EQ(Found(Lint(CharterOf(CharterText()), PolicyOf(policy), RosterOf(RosterText()))), "L66");
}

TEST(LintRulesTest, OneForbiddenRecipientAmongOthersIsAWarning) {
  std::string policy = Replaced(PolicyText(), "to: [city-hall]", "to: [city-hall, members]");
  policy = Replaced(policy, kForbid,
                    "forbid:\n  - {id: f, to: [members], metric: [load], reason: r}\n");
  EXPECT_EQ(Found(Lint(CharterOf(CharterText()), PolicyOf(policy), RosterOf(RosterText()))),
            "warning L02");
}

TEST(LintRulesTest, NarrowPurposesOfAnyVersionAreTold) {
  for (const char* broad : {"https://w3id.org/dpv#PublicBenefit", "http://w3id.org/dpv#Marketing",
                            "https://w3id.org/dpv/2.0#ResearchAndDevelopment"}) {
    EXPECT_TRUE(HasNarrowerPurposes(broad)) << broad;
  }
  for (const char* leaf :
       {"https://w3id.org/dpv#ProvideOfficialStatistics", "https://w3id.org/dpv#ScientificResearch",
        "https://w3id.org/dpv/sector/law#LawEnforcement", "https://example.org/#PublicBenefit",
        "PublicBenefit", ""}) {
    EXPECT_FALSE(HasNarrowerPurposes(leaf)) << leaf;
  }
}

}  // namespace
}  // namespace gateway::policy
