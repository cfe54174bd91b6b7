// What evaluate.h promises, at its limits; tests/oracle/policy.py holds it on random documents.
#include "gateway/policy/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "gateway/model/time.h"
#include "gateway/policy/lint.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using std::chrono::hours;
using testing::Contains;
using testing::HasSubstr;

constexpr Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

// City hall asks for an hour of load that is a day old.
struct Scene {
  Documents documents{CharterOf(CharterText()), PolicyOf(PolicyText()), RosterOf(RosterText())};
  Request request{.party = PartyId("city-hall"),
                  .purpose = "official-stats",
                  .metric = MetricId("load"),
                  .stat = "sum",
                  .zone_level = "neighbourhood",
                  .bucket = hours(1),
                  .age = hours(24)};
  Time now = kNow;

  ShareRule& hourly() { return documents.policy.share[0]; }
  std::string Ask() const {
    const Decision decision = Evaluate(documents, request, now, true);
    EXPECT_EQ(decision.allowed, decision.code == "OK");
    std::string text(decision.code);
    for (const RuleId& rule : decision.rules) text += " " + rule.value();
    return text;
  }
};

std::string Asked(const auto& change) {
  Scene scene;
  change(scene);
  return scene.Ask();
}

// The same where one more forbid says what `change` gives it.
std::string Forbidden(const auto& change) {
  return Asked([&](Scene& scene) {
    Forbid forbid{.id = RuleId("f")};
    change(forbid);
    scene.documents.policy.forbid.push_back(std::move(forbid));
  });
}

std::string ParseError(const std::string& text) {
  return std::string(Message(ParsePolicy(text).status()));
}

TEST(EvaluateTest, ForbidBeatsShareRulesInWhateverOrder) {
  Scene scene;
  Policy& policy = scene.documents.policy;
  policy.forbid.push_back({.id = RuleId("f"), .to = {"press", "city-hall"}, .reason = "r"});
  for (const char* const id : {"a", "b", "z"}) {
    ShareRule again = policy.share[0];
    again.id = RuleId(id);
    policy.share.push_back(std::move(again));
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    std::shuffle(policy.share.begin(), policy.share.end(), random);
    std::shuffle(policy.forbid.begin(), policy.forbid.end(), random);
    std::shuffle(policy.forbid.back().to.begin(), policy.forbid.back().to.end(), random);
    ASSERT_EQ(scene.Ask(), "FORBIDDEN f") << i;
  }
}

TEST(EvaluateTest, ForbidMatchesAtItsLimitAndNotBeyond) {
  EXPECT_EQ(Forbidden([](Forbid& f) { f.bucket_below = hours(1); }), "OK load-hourly");
  EXPECT_EQ(Forbidden([](Forbid& f) { f.bucket_below = hours(1) + Millis(1); }), "FORBIDDEN f");
  EXPECT_EQ(Forbidden([](Forbid& f) { f.age_below = hours(24); }), "OK load-hourly");
  EXPECT_EQ(Forbidden([](Forbid& f) { f.age_below = hours(24) + Millis(1); }), "FORBIDDEN f");
  EXPECT_EQ(Forbidden([](Forbid& f) { f.zone_below = "neighbourhood"; }), "OK load-hourly");
  EXPECT_EQ(Forbidden([](Forbid& f) { f.zone_below = "district"; }), "FORBIDDEN f");
}

TEST(EvaluateTest, ForbidOfOneStatTakesTheWholeRule) {
  EXPECT_EQ(Forbidden([](Forbid& f) { f.stats = {"mean"}; }), "FORBIDDEN f");
}

TEST(EvaluateTest, ForbidToThePublicLeavesTheRuleToWhomItNames) {
  const auto to_public = [](Forbid& f) { f.to = {"public"}; };
  EXPECT_EQ(Forbidden(to_public), "OK load-hourly");
  const auto asked = [&](const char* party) {
    return Asked([&](Scene& scene) {
      scene.hourly().to = {"public", "city-hall"};
      scene.documents.roster.parties.push_back({.id = PartyId("press")});
      scene.documents.policy.forbid.push_back({.id = RuleId("f"), .to = {"public"}});
      scene.request.party = PartyId(party);
    });
  };
  EXPECT_EQ(asked("city-hall"), "OK load-hourly");
  EXPECT_EQ(asked("press"), "FORBIDDEN f");
  EXPECT_EQ(asked("public"), "FORBIDDEN f");
  EXPECT_EQ(asked("members"), "FORBIDDEN f");
}

TEST(EvaluateTest, ForbidThatCannotBeJudgedForbids) {
  EXPECT_EQ(Forbidden([](Forbid& f) { f.zone_below = "parish"; }), "FORBIDDEN f");
  // The rule's own level is unknown: the forbid takes the rule, and none is left.
  EXPECT_EQ(Asked([](Scene& scene) {
              scene.documents.policy.share.erase(scene.documents.policy.share.begin() + 1);
              scene.hourly().zone_level = "parish";
              scene.documents.policy.forbid.push_back(
                  {.id = RuleId("f"), .zone_below = "building"});
            }),
            "FORBIDDEN f");
}

TEST(EvaluateTest, ForbidCountsBeforeFloorsAndFloorsEvenOfWhatItTook) {
  const auto asked = [](std::size_t rules_below, std::vector<std::string> forbidden_to) {
    Scene scene;
    scene.documents.policy.share[1].bucket = hours(1);
    for (std::size_t i = 0; i < rules_below; ++i) scene.documents.policy.share[i].k_min = 4;
    scene.documents.policy.forbid.push_back(
        {.id = RuleId("f"), .to = std::move(forbidden_to), .age_below = hours(30)});
    scene.documents.policy.share[1].age_min = hours(30);
    scene.request.age = hours(30);
    return scene.Ask();
  };
  EXPECT_EQ(asked(0, {"city-hall"}), "OK load-daily");
  EXPECT_EQ(asked(1, {"city-hall"}), "FLOOR load-hourly");
  EXPECT_EQ(asked(2, {"press"}), "FLOOR load-daily load-hourly");
  EXPECT_EQ(Asked([](Scene& scene) {
              scene.hourly().k_min = 4;
              scene.documents.policy.forbid.push_back({.id = RuleId("f"), .to = {"city-hall"}});
            }),
            "FORBIDDEN f");
}

TEST(EvaluateTest, AnEmptyListOrAWildcardIsNoShareRule) {
  const std::string policy = PolicyText();
  EXPECT_THAT(ParseError(Replaced(policy, "to: [city-hall]", "to: []")), HasSubstr("to: "));
  EXPECT_THAT(ParseError(Replaced(policy, "stats: [count, sum, mean]", "stats: []")),
              HasSubstr("stats: "));
  EXPECT_THAT(ParseError(Replaced(policy, "stats: [count, sum, mean]", "stats: [\"*\"]")),
              HasSubstr("\"*\" is not one of"));
  EXPECT_THAT(ParseError(Replaced(policy, "metric: load, stats", "metric: \"*\", stats")),
              HasSubstr("metric: "));
  EXPECT_THAT(ParseError(Replaced(policy, "purpose: official-stats, to", "to")),
              HasSubstr("purpose"));
  std::vector<std::string> ids;
  for (const Finding& finding :
       Lint(CharterOf(CharterText()), PolicyOf(Replaced(policy, "to: [city-hall]", "to: [\"*\"]")),
            RosterOf(RosterText()))) {
    ids.push_back(finding.id);
  }
  EXPECT_THAT(ids, Contains("L20"));
}

TEST(EvaluateTest, PurposeIsNeededAndOfTheClosedList) {
  EXPECT_EQ(Asked([](Scene& s) { s.request.purpose = ""; }), "PURPOSE_REQUIRED");
  EXPECT_EQ(Asked([](Scene& s) { s.request.purpose = "official"; }), "UNKNOWN_PURPOSE");
  EXPECT_EQ(Asked([](Scene& s) {
              s.request.purpose = "https://w3id.org/dpv#ProvideOfficialStatistics";
            }),
            "UNKNOWN_PURPOSE");
  EXPECT_EQ(Asked([](Scene& s) { s.request.purpose = "mobility"; }), "NOT_PERMITTED");
}

TEST(EvaluateTest, EveryNameMustExist) {
  EXPECT_EQ(Asked([](Scene& s) { s.request.party = PartyId("press"); }), "UNKNOWN_PARTY");
  EXPECT_EQ(Asked([](Scene& s) { s.request.party = PartyId(""); }), "UNKNOWN_PARTY");
  EXPECT_EQ(Asked([](Scene& s) { s.request.metric = MetricId("noise"); }), "BAD_REQUEST");
  EXPECT_EQ(Asked([](Scene& s) { s.request.stat = "median"; }), "BAD_REQUEST");
  EXPECT_EQ(Asked([](Scene& s) { s.request.zone_level = "street"; }), "BAD_REQUEST");
  EXPECT_EQ(Asked([](Scene& s) { s.request.bucket = Millis(0); }), "BAD_REQUEST");
}

TEST(EvaluateTest, AnActionThatNobodyKnowsIsRefused) {
  EXPECT_EQ(Asked([](Scene& s) { s.request.action = static_cast<Action>(7); }), "BAD_REQUEST");
}

TEST(EvaluateTest, ZoneBucketAgeAndValidityHoldAtTheirLimitsAndNotAMomentBeyond) {
  const Millis ms(1);
  EXPECT_EQ(Asked([](Scene&) {}), "OK load-hourly");
  EXPECT_EQ(Asked([](Scene& s) { s.request.zone_level = "block"; }),
            "GRANULARITY load-daily load-hourly");
  EXPECT_EQ(Asked([](Scene& s) { s.request.zone_level = "district"; }),
            "GRANULARITY load-daily load-hourly");
  for (const Millis bucket : {hours(1) - ms, hours(1) + ms, Millis(hours(2))}) {
    EXPECT_EQ(Asked([&](Scene& s) { s.request.bucket = bucket; }),
              "GRANULARITY load-daily load-hourly");
  }
  EXPECT_EQ(Asked([=](Scene& s) { s.request.age -= ms; }), "TOO_EARLY load-hourly");
  EXPECT_EQ(Asked([=](Scene& s) { s.request.age += ms; }), "OK load-hourly");
  const auto valid = [](Time from, Time until) {
    return Asked([=](Scene& s) {
      s.hourly().valid_from = from;
      s.hourly().valid_until = until;
      s.request.stat = "count";
      s.documents.policy.share.erase(s.documents.policy.share.begin() + 1);
    });
  };
  EXPECT_EQ(valid(kNow, kNow + ms), "OK load-hourly");
  EXPECT_EQ(valid(kNow - ms, kNow), "EXPIRED_RULE load-hourly");
  EXPECT_EQ(valid(kNow + ms, kNow + 2 * ms), "EXPIRED_RULE load-hourly");
}

TEST(EvaluateTest, FloorsHoldAtTheirLimitsAndNotBeyond) {
  const auto with = [](auto change) {
    return Asked([&](Scene& s) { change(s.documents.charter.floors, s.hourly()); });
  };
  EXPECT_EQ(with([](Floors& f, ShareRule&) { f.k_min = 10; }), "OK load-hourly");
  EXPECT_EQ(with([](Floors&, ShareRule& r) { r.k_min = 4; }), "FLOOR load-hourly");
  EXPECT_EQ(with([](Floors&, ShareRule& r) { r.top1_max_pct = 40; }), "OK load-hourly");
  EXPECT_EQ(with([](Floors&, ShareRule& r) { r.top1_max_pct = 41; }), "FLOOR load-hourly");
  EXPECT_EQ(with([](Floors& f, ShareRule&) { f.age_min = hours(24); }), "OK load-hourly");
  EXPECT_EQ(with([](Floors&, ShareRule& r) { r.age_min = hours(1) - Millis(1); }),
            "FLOOR load-hourly");
  EXPECT_EQ(with([](Floors& f, ShareRule&) { f.zone_min_household = "district"; }),
            "FLOOR load-daily load-hourly");
  EXPECT_EQ(with([](Floors& f, ShareRule&) { f.zone_min_sensitive = "city"; }), "OK load-hourly");
}

TEST(EvaluateTest, KeepAndReconfirmAreAboutWhatIsOlder) {
  Scene scene;
  scene.request = {.action = Action::kKeep, .metric = MetricId("load")};
  const Millis keep = scene.documents.policy.retain[0].keep;
  const auto kept = [&](Millis age) {
    scene.request.age = age;
    return scene.Ask();
  };
  EXPECT_EQ(kept(keep), "OK keep-load");
  EXPECT_EQ(kept(keep + Millis(1)), "NOT_KEPT keep-load");
  scene.documents.charter.floors.keep_max = keep - Millis(1);
  EXPECT_EQ(kept(keep - Millis(1)), "OK keep-load");
  EXPECT_EQ(kept(keep), "NOT_KEPT keep-load");
  scene.request = {.action = Action::kConsent, .metric = MetricId("load"), .adults = {Voice::kYes}};
  scene.documents.policy.consent[0].reconfirm = hours(24);
  scene.request.since = hours(24);
  EXPECT_EQ(scene.Ask(), "OK consent-load");
  scene.request.since += Millis(1);
  EXPECT_EQ(scene.Ask(), "NO_CONSENT consent-load");
}

TEST(EvaluateTest, OptOutCountsOnlyAfterItsNotice) {
  Scene scene;
  ConsentRule& rule = scene.documents.policy.consent[0];
  rule.mode = ConsentMode::kOptOut;
  rule.household_rule = HouseholdRule::kAnyAdultObjects;
  rule.notice = hours(24 * 14);
  const auto consents = [&](std::vector<Voice> adults, Millis since) {
    scene.request = {.action = Action::kConsent, .metric = MetricId("load"),
                     .adults = std::move(adults), .since = since};
    return scene.Ask();
  };
  using enum Voice;
  EXPECT_EQ(consents({kSilent, kYes}, rule.notice), "OK consent-load");
  EXPECT_EQ(consents({kSilent, kYes}, rule.notice - Millis(1)), "NO_CONSENT consent-load");
  EXPECT_EQ(consents({kYes, kYes}, Millis(0)), "OK consent-load");
  EXPECT_EQ(consents({kYes, kNo}, rule.notice), "NO_CONSENT consent-load");
  EXPECT_EQ(consents({}, rule.notice), "NO_CONSENT");
}

TEST(EvaluateTest, RightsCannotBeForbiddenAndNoExpiryStopsThem) {
  Scene scene;
  scene.documents.policy.forbid.push_back({.id = RuleId("f")});  // of everything
  scene.documents.policy.share.clear();
  scene.now = scene.documents.policy.expires + hours(24 * 400);
  EXPECT_EQ(scene.Ask(), "POLICY_UNAVAILABLE");
  scene.request = {.action = Action::kRight};
  EXPECT_EQ(scene.Ask(), "OK");
  EXPECT_TRUE(Evaluate(scene.documents, scene.request, scene.now, false).allowed);
  // No text could say it either.
  const std::string forbid = "{id: f-coercive, purpose_group: [coercive],";
  EXPECT_THAT(ParseError(Replaced(PolicyText(), forbid, forbid + " action: [right],")),
              HasSubstr("action"));
}

}  // namespace
}  // namespace gateway::policy
