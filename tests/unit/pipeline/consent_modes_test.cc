// Who takes part: opt-out after a notice, a yes that lapses, a no in advance.
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/pipeline/consent.h"
#include "gateway/pipeline/registry_rows.h"
#include "gateway/pipeline/withdrawals.h"
#include "gateway/policy/evaluate.h"
#include "tests/support/prng.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using policy::Voice;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kDay = "2013-01-14T00:00:00Z";
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";
constexpr std::string_view kOptIn = "mode: opt-in, household_rule: all-adults";

// Four homes that have given a grant, and one more, "flat-x", under another consent rule.
class ConsentModesTest : public ::testing::Test {
 protected:
  ConsentModesTest() {
    for (int i = 0; i < 4; ++i) homes_.push_back(commons_.Join("flat-" + std::to_string(i)));
  }
  // From now on by this consent rule. `version` is of the policy.
  void Consent(const std::string& rule, uint64_t version = 2) {
    std::string policy = commons_.PolicyYaml(3, version, HexEncode(PolicyHash()));
    policy.replace(policy.find(kOptIn), kOptIn.size(), rule);
    const Status activated = commons_.Activate({{crypto::kPolicyType, policy}});
    ASSERT_TRUE(activated.ok()) << Message(activated);
  }
  void OptOut(const std::string& notice, uint64_t version = 2) {
    Consent("mode: opt-out, household_rule: any-adult-objects, notice: " + notice, version);
  }
  std::string PolicyHash() {
    return crypto::Blake2b256(commons_.gateway().documents()->policy);
  }
  Member Join(std::string_view policy_seen) {
    Member member = commons_.Invite("flat-x");
    commons_.Confirm(member, policy_seen);
    return member;
  }
  void Advance(std::string_view to) { ASSERT_TRUE(commons_.gateway().AdvanceClock(At(to)).ok()); }
  void Object(const std::string& metric = "") {
    const auto withdrawn = commons_.gateway().WithdrawGrants("flat-x", "", metric);
    ASSERT_TRUE(withdrawn.ok()) << Message(withdrawn.status());
  }
  // How many households are behind the day.
  uint32_t Count(const Member& member) {
    for (const Member& home : homes_) commons_.SendDay(home, kDay, 100);
    commons_.SendDay(member, kDay, 100);
    return Decided();
  }
  uint32_t Decided() {
    Advance(kDue);
    for (const port::DecidedCell& decided : commons_.Cells({.rule = "load-daily"})) {
      return decided.cell.figures.has_value() ? decided.cell.figures->count : 0;
    }
    ADD_FAILURE() << "no daily cell";
    return 0;
  }

  Commons commons_{"2013-01-12T00:00:00Z"};
  std::vector<Member> homes_;
};

TEST_F(ConsentModesTest, OptOutCountsASilentHouseholdThatHadTheNotice) {
  OptOut("P2D");
  EXPECT_EQ(Count(Join(PolicyHash())), 5u);
}

TEST_F(ConsentModesTest, OptOutDoesNotCountItOneSecondSooner) {
  OptOut("P2D");
  Advance("2013-01-12T00:00:01Z");
  EXPECT_EQ(Count(Join(PolicyHash())), 4u);
}

TEST_F(ConsentModesTest, AnAcceptanceThatNamesNoPolicyIsNoNotice) {
  OptOut("P1D");
  EXPECT_EQ(Count(Join("")), 4u);
}

TEST_F(ConsentModesTest, NorIsOneOfAnotherPolicy) {
  const std::string before = PolicyHash();
  OptOut("P1D");
  EXPECT_EQ(Count(Join(before)), 4u);
}

TEST_F(ConsentModesTest, ANoticeOfAnotherConsentRuleIsNone) {
  OptOut("P2D");
  const Member member = Join(PolicyHash());
  OptOut("P1D", 3);
  EXPECT_EQ(Count(member), 4u);
}

TEST_F(ConsentModesTest, ANoticeOutlivesAPolicyThatLeavesTheConsentRuleAlone) {
  OptOut("P2D");
  const Member member = Join(PolicyHash());
  OptOut("P2D", 3);
  commons_.Crash();
  EXPECT_EQ(Count(member), 5u);
}

TEST_F(ConsentModesTest, UnderOptInSilenceIsNoYesWhateverTheNotice) {
  EXPECT_EQ(Count(Join(PolicyHash())), 4u);
}

TEST_F(ConsentModesTest, ANoInAdvanceWinsOverTheNotice) {
  OptOut("P2D");
  const Member member = Join(PolicyHash());
  Object();
  commons_.Crash();
  EXPECT_EQ(Count(member), 4u);
}

TEST_F(ConsentModesTest, ANoInTheAfternoonRemovesTheWholeDay) {
  OptOut("P2D");
  const Member member = Join(PolicyHash());
  for (const Member& home : homes_) commons_.SendDay(home, kDay, 100);
  commons_.SendDay(member, kDay, 100);
  Advance("2013-01-14T15:00:00Z");
  Object("load");
  EXPECT_EQ(Decided(), 4u);
}

TEST_F(ConsentModesTest, TakingAGrantBackIsANoToItsMetrics) {
  OptOut("P2D");
  Member member = Join(PolicyHash());
  const std::string grant = commons_.Grant(member);
  ASSERT_EQ(*commons_.gateway().WithdrawGrants("flat-x", grant), 1u);
  EXPECT_EQ(Count(member), 4u);
}

TEST_F(ConsentModesTest, ANoToAMetricOverrulesTheGrantsBeforeIt) {
  Member member = commons_.Join("flat-x");
  Object("load");
  EXPECT_EQ(commons_.gateway().ListGrants("flat-x")->front().state, "given");
  EXPECT_EQ(commons_.gateway().ListGrants("flat-x")->back().state, "objected");
  EXPECT_EQ(Count(member), 4u);
}

TEST_F(ConsentModesTest, AGrantAfterTheNoCountsAgain) {
  Member member = commons_.Join("flat-x");
  Object("load");
  commons_.Grant(member);
  EXPECT_EQ(Count(member), 5u);
}

TEST_F(ConsentModesTest, AndANoAfterThatWins) {
  Member member = commons_.Join("flat-x");
  Object("load");
  commons_.Grant(member);
  Object("load");
  commons_.Restart();
  EXPECT_EQ(Count(member), 4u);
}

TEST_F(ConsentModesTest, AYesLapsesToTheSecond) {
  Consent("mode: opt-in, household_rule: all-adults, reconfirm: P5D");
  Member brief = commons_.Invite("flat-x");
  commons_.Confirm(brief);
  for (Member& home : homes_) {
    commons_.Grant(home, {.from = "2013-01-11T06:00:00Z", .until = "2100-01-01T00:00:00Z"});
  }
  commons_.Grant(brief, {.from = "2013-01-11T05:59:59Z", .until = "2100-01-01T00:00:00Z"});
  EXPECT_EQ(Count(brief), 4u);
}

TEST_F(ConsentModesTest, WhatCannotBeObjectedToIsNamed) {
  const Member member = commons_.Join("flat-x");
  EXPECT_EQ(commons_.gateway().WithdrawGrants("flat-x", "", "noise").status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(
      commons_.gateway().WithdrawGrants("flat-x", std::string(32, 'x'), "load").status().code(),
      StatusCode::kInvalidArgument);
}

// Files of before there were objections open.
TEST(ConsentRowsTest, AHouseholdOfVersion3IsRead) {
  Household household{.id = HouseholdId("flat-0"), .zone = ZoneId("north"), .adult_keys = {"k"}};
  std::string row = EncodeHousehold(household);
  row.resize(row.size() - 3);  // no objections, no notices, no votes
  row[1] = 3;
  const auto read = DecodeHousehold(row, "testville");
  ASSERT_TRUE(read.ok()) << Message(read.status());
  EXPECT_EQ(read->adult_keys, household.adult_keys);
  row[1] = 2;
  EXPECT_EQ(DecodeHousehold(row, "testville").status().code(), StatusCode::kDataLoss);
}

TEST(ConsentRowsTest, ObjectionsAndNoticesReadBack) {
  Household household{.id = HouseholdId("flat-0"), .zone = ZoneId("north")};
  household.objections = {{.metric = "", .at = At(kDay), .grants = 2, .number = 1},
                          {.metric = "load", .at = At(kDue), .grants = 3, .number = 4}};
  household.notices = {{"a", At(kDay)}, {"b", At(kDue)}};
  const auto read = DecodeHousehold(EncodeHousehold(household), "testville");
  ASSERT_TRUE(read.ok()) << Message(read.status());
  ASSERT_EQ(read->objections.size(), 2u);
  EXPECT_EQ(read->objections[1].metric, "load");
  EXPECT_EQ(read->objections[1].at, At(kDue));
  EXPECT_EQ(read->objections[1].grants, 3u);
  EXPECT_EQ(read->objections[1].number, 4u);
  EXPECT_EQ(read->notices, household.notices);
}

// Random households, made of voices that Evaluate is asked about too.
class VoicesTest : public ::testing::Test {
 protected:
  VoicesTest() {
    policy::Policy& policy = documents_.policy;
    policy.commons = "testville";
    policy.zone_levels = {"neighbourhood"};
    policy.metrics = {Metric{.id = MetricId("load")}};
    policy.purposes = {{.id = "stats", .iri = "i", .group = "", .line = 0}};
    rule_.id = RuleId("share");
    rule_.metric = MetricId("load");
    rule_.zone_level = "neighbourhood";
    rule_.purpose = "stats";
    rule_.to = {"city"};
    policy.consent = {policy::ConsentRule{.id = RuleId("c"), .metric = MetricId("load")}};
  }
  policy::ConsentRule& consent() { return documents_.policy.consent.front(); }

  GrantRecord Given(const std::string& adult, Millis age) const {
    GrantRecord record;
    record.grant.commons = "testville";
    record.grant.grantor_pk = adult;
    record.grant.metrics = {"load"};
    record.grant.purposes = {"i"};
    record.grant.recipients = {"city"};
    record.grant.not_before = until_ - age;
    record.grant.not_after = until_;
    return record;
  }
  // One that says nothing: too late, too short, or about something else.
  GrantRecord Idle(const std::string& adult, testing::Prng& prng) const {
    GrantRecord record = Given(adult, until_ - from_ + seconds(prng.Between(0, 9)));
    const uint64_t flaw = prng.Below(3);
    if (flaw == 0) record.grant.not_before = from_ + seconds(1);
    if (flaw == 1) record.grant.not_after = until_ - seconds(1);
    if (flaw == 2) record.grant.metrics = {"heat"};
    if (flaw == 2 && prng.Percent(50)) record.withdrawn_at = until_;
    return record;
  }
  bool Says(const std::vector<Voice>& adults, Millis since, policy::ConsentMode mode) {
    policy::Documents documents = documents_;
    documents.policy.consent.front().mode = mode;
    return policy::EvaluateRules(documents,
                                 {.action = policy::Action::kConsent,
                                  .metric = MetricId("load"),
                                  .adults = adults,
                                  .since = since},
                                 until_)
        .allowed;
  }

  policy::Documents documents_;
  policy::ShareRule rule_;
  const Time from_ = At(kDay), until_ = At(kDue);
};

TEST_F(VoicesTest, AHouseholdCountsExactlyIfEvaluateSaysSo) {
  testing::Prng prng(17);
  int counted = 0;
  constexpr int kHouseholds = 40'000;
  for (int i = 0; i < kHouseholds && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    const bool opt_out = prng.Percent(50);
    consent().mode = opt_out ? policy::ConsentMode::kOptOut : policy::ConsentMode::kOptIn;
    consent().notice = opt_out ? Millis(seconds(prng.Between(1, 4))) : Millis(0);
    const Millis day = until_ - from_;
    consent().reconfirm.reset();
    if (prng.Percent(50)) consent().reconfirm = day + seconds(prng.Between(0, 8));

    Household household{.adults = static_cast<uint32_t>(prng.Between(1, 3)),
                        .confirmed_at = Time{}};
    std::vector<Voice> voices;
    Millis oldest_yes{0};
    for (uint32_t a = 0; a < household.adults; ++a) {
      const std::string adult(1, static_cast<char>('a' + a));
      household.adult_keys.push_back(adult);
      if (prng.Percent(30)) household.grants.push_back(Idle(adult, prng));
      const uint64_t draw = prng.Below(10);
      voices.push_back(draw < 6 ? Voice::kYes : draw < 8 ? Voice::kSilent : Voice::kNo);
      if (voices.back() == Voice::kYes) {
        const Millis age = day + seconds(prng.Between(0, 8));
        household.grants.push_back(Given(adult, age));
        oldest_yes = std::max(oldest_yes, age);
      } else if (voices.back() == Voice::kNo && prng.Percent(50)) {
        household.grants.push_back(Given(adult, day));
        household.grants.back().withdrawn_at = until_;
      } else if (voices.back() == Voice::kNo) {
        Object(prng.Percent(50) ? "load" : "", from_, household);
        household.objections.back().grants = 0;  // before any grant
      }
    }
    if (prng.Percent(20)) Object("heat", from_, household);
    Millis notice{0};
    if (prng.Percent(70)) {
      notice = seconds(prng.Between(0, 5));
      household.notices[ConsentFingerprint(consent())] = from_ - notice;
    }

    std::vector<Voice> without_yes = voices;
    std::ranges::replace(without_yes, Voice::kYes, Voice::kSilent);
    const bool expected =
        Says(voices, oldest_yes, policy::ConsentMode::kOptIn) ||
        (opt_out && Says(without_yes, notice, policy::ConsentMode::kOptOut));
    ASSERT_EQ(HouseholdGrants(household, rule_, documents_.policy, from_, until_, Time::min()), expected);
    counted += expected ? 1 : 0;
    // An unconfirmed one never does.
    household.confirmed_at.reset();
    ASSERT_FALSE(HouseholdGrants(household, rule_, documents_.policy, from_, until_, Time::min()));
  }
  EXPECT_GT(counted, kHouseholds / 10);
  EXPECT_LT(counted, kHouseholds * 9 / 10);
}

// Of two adults one brings a yes after the household's no: the other may be who said it.
TEST_F(VoicesTest, OneAdultsYesDoesNotEndAnObjection) {
  Household household{.adults = 2, .confirmed_at = Time{}, .adult_keys = {"a", "b"}};
  household.grants = {Given("a", hours(80)), Given("b", hours(80))};
  ASSERT_TRUE(HouseholdGrants(household, rule_, documents_.policy, from_, until_, Time::min()));
  Object("load", from_, household);
  household.grants.push_back(Given("a", hours(80)));
  EXPECT_FALSE(HouseholdGrants(household, rule_, documents_.policy, from_, until_, Time::min()));
  household.grants.push_back(Given("b", hours(80)));
  EXPECT_TRUE(HouseholdGrants(household, rule_, documents_.policy, from_, until_, Time::min()));
}

TEST_F(VoicesTest, EveryAdultMustHaveHadTheNotice) {
  Rules rules;
  consent().mode = policy::ConsentMode::kOptOut;
  consent().notice = hours(1);
  rules.documents = documents_;
  rules.since[RuleId("c")] = from_ - hours(10);
  const auto accepted = [&](Time at, const std::string& seen) {
    policy::Acceptance acceptance;
    acceptance.at = at;
    acceptance.policy_seen = seen;
    return acceptance;
  };
  struct Case {
    const char* name;
    std::vector<policy::Acceptance> acceptances;
    std::optional<Time> want;
  };
  const Time since = from_ - hours(10);
  for (const Case& c :
       {Case{"both", {accepted(since, "h"), accepted(since + hours(1), "h")}, since + hours(1)},
        Case{"one had none", {accepted(since, "h"), accepted(since, "")}, std::nullopt},
        Case{"one had another", {accepted(since, "i"), accepted(since, "h")}, std::nullopt},
        Case{"one before the rule", {accepted(since - seconds(1), "h"), accepted(since, "h")},
             std::nullopt},
        Case{"one in the future", {accepted(since, "h"), accepted(from_ + seconds(1), "h")},
             std::nullopt},
        Case{"nobody", {}, std::nullopt}}) {
    Household household;
    NoteNotices(rules, "h", c.acceptances, from_, household);
    const auto noted = household.notices.find(ConsentFingerprint(consent()));
    EXPECT_EQ(noted != household.notices.end(), c.want.has_value()) << c.name;
    if (c.want.has_value() && noted != household.notices.end()) {
      EXPECT_EQ(noted->second, *c.want) << c.name;
    }
  }
}

// The list beside the database, and a household as an older backup has it.
TEST_F(VoicesTest, WhatARestoreTakesAwayTheListBringsBack) {
  Kept kept("  - {id: r-used, metric: used, tier: raw, keep: P30D, then: erase}\n", 0, false);
  const store::Vault& vault = kept.vault();
  Household household{.subject = SubjectId::FromBytes(std::string(16, 's'))};
  const Household before = household;
  const auto grant = [&](char id) {
    GrantRecord record = Given("a", hours(80));
    record.grant.id = std::string(32, id);
    return record;
  };
  household.grants.push_back(grant('1'));
  ASSERT_TRUE(Object("load", from_, household));
  EXPECT_FALSE(Object("load", until_, household));  // nothing came since
  household.grants.push_back(grant('2'));
  ASSERT_TRUE(Object("load", until_, household));
  const std::set<std::string> list = PseudonymsOf(vault, household);

  Household restored = before;
  ASSERT_TRUE(RestoreObjections(vault, list, &documents_.policy, until_, restored));
  ASSERT_EQ(restored.objections.size(), 1u);
  EXPECT_EQ(restored.objections[0].metric, "load");
  EXPECT_EQ(restored.objections[0].number, 2u);
  EXPECT_FALSE(RestoreObjections(vault, list, &documents_.policy, until_, restored));
  // Grants of before the objection that come again do not end it; a new one does.
  for (const char id : {'1', '2', '3'}) {
    restored.grants.push_back(grant(id));
    OverruleAgain(vault, list, restored);
  }
  EXPECT_EQ(restored.objections[0].grants, 2u);
  // Of another household the list says nothing.
  Household other{.subject = SubjectId::FromBytes(std::string(16, 't'))};
  EXPECT_FALSE(RestoreObjections(vault, list, &documents_.policy, until_, other));
}

}  // namespace
}  // namespace gateway::pipeline
