#include "gateway/pipeline/duties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;

constexpr std::string_view kDay = "2013-01-14T00:00:00Z";

class DutiesTest : public ::testing::Test {
 protected:
  DutiesTest() {
    policy_.share.resize(1);
    policy_.share[0].id = RuleId("used-daily");
    policy_.share[0].metric = MetricId("used");
    policy_.duty = {{.id = RuleId("d-publish"),
                     .kind = policy::DutyKind::kPublish,
                     .to = {},
                     .purposes = {},
                     .rule = RuleId("used-daily"),
                     .within = hours(48)},
                    {.id = RuleId("d-answer"),
                     .kind = policy::DutyKind::kAnswer,
                     .to = {"city-hall"},
                     .purposes = {"stats"},
                     .rule = RuleId(),
                     .within = hours(72)}};
    day_ = {At(kDay), At(kDay) + hours(24)};
    key_ = {.start = day_.start, .metric = MetricId("used"), .zone = ZoneId("north")};
  }
  std::string Publish(Time now) { return duties_->Describe(policy_, days_, now)[0]; }
  std::string AnswerState(Time now) { return duties_->Describe(policy_, days_, now)[1]; }
  void Look(Time now) { ASSERT_TRUE(duties_->Look(policy_, days_, now).ok()); }
  void Ask(bool answered, Time now, const std::string& party = "city-hall",
           const std::string& purpose = "stats") {
    duties_->Asked(policy_, PartyId(party), purpose, answered, now);
  }
  // As a restart does; what no checkpoint wrote is lost.
  void Reload() {
    duties_ = std::make_unique<Duties>(kept_.vault());
    ASSERT_TRUE(duties_->Load().ok());
  }
  void Checkpoint() {
    store::Batch batch;
    ASSERT_TRUE(duties_->WriteTo(batch).ok());
    ASSERT_TRUE(kept_.vault().Commit(batch).ok());
    duties_->Written();
  }

  Kept kept_{"  - {id: r-used, metric: used, tier: raw, keep: P30D, then: erase}\n", 0, false};
  policy::Policy policy_;
  Window day_;
  DayKey key_;
  OpenDays days_;
  std::unique_ptr<Duties> duties_ = std::make_unique<Duties>(kept_.vault());
};

TEST_F(DutiesTest, ADayThatIsDecidedInTimeFulfilsTheDuty) {
  EXPECT_EQ(Publish(day_.start), "d-publish: not-set");
  days_.Open(key_, day_);
  EXPECT_EQ(Publish(day_.end - Millis(1)), "d-publish: not-set");  // it is not over
  EXPECT_EQ(Publish(day_.end), "d-publish: pending");
  Look(day_.end + hours(48));
  duties_->Decided(policy_, key_, day_, day_.end + hours(48));
  days_.Close(key_);
  EXPECT_EQ(Publish(day_.end + hours(48)), "d-publish: fulfilled");
  EXPECT_EQ(duties_->missed(), 0u);
}

TEST_F(DutiesTest, ADayThatIsLateIsMissedOnceWhateverHappensThen) {
  days_.Open(key_, day_);
  const Time late = day_.end + hours(48) + Millis(1);
  Look(late);
  Look(late + hours(1));
  EXPECT_EQ(Publish(late), "d-publish: violated, missed 1, last 2013-01-14T00:00:00Z");
  Reload();
  Look(late + hours(2));
  EXPECT_EQ(duties_->missed(), 1u);
  duties_->Decided(policy_, key_, day_, late + hours(3));
  days_.Close(key_);
  Look(late + hours(4));
  EXPECT_EQ(duties_->missed(), 1u);
  EXPECT_EQ(Publish(late), "d-publish: violated, missed 1, last 2013-01-14T00:00:00Z");
}

TEST_F(DutiesTest, TheNextDayInTimeFulfilsItAgainAndTheMissStaysCounted) {
  days_.Open(key_, day_);
  Look(day_.end + hours(49));
  days_.Close(key_);
  const Window next{day_.end, day_.end + hours(24)};
  DayKey key = key_;
  key.start = next.start;
  duties_->Decided(policy_, key, next, next.end + hours(30));
  EXPECT_EQ(Publish(next.end), "d-publish: fulfilled, missed 1, last 2013-01-14T00:00:00Z");
}

TEST_F(DutiesTest, DaysOfOtherMetricsAreNotItsBusiness) {
  key_.metric = MetricId("warm");
  days_.Open(key_, day_);
  Look(day_.end + hours(100));
  EXPECT_EQ(Publish(day_.end + hours(100)), "d-publish: not-set");
}

TEST_F(DutiesTest, AQuestionAnsweredAtOnceFulfilsTheDuty) {
  Ask(true, At(kDay));
  EXPECT_EQ(AnswerState(At(kDay)), "d-answer: fulfilled");
}

TEST_F(DutiesTest, AnUnansweredQuestionWaitsForALaterAnswer) {
  Ask(false, At(kDay));
  EXPECT_EQ(AnswerState(At(kDay)), "d-answer: pending");
  Ask(false, At(kDay) + hours(71));  // the first one counts
  Look(At(kDay) + hours(72));
  Ask(true, At(kDay) + hours(72));
  EXPECT_EQ(AnswerState(At(kDay)), "d-answer: fulfilled");
}

TEST_F(DutiesTest, AQuestionThatStaysUnansweredIsMissedOnce) {
  Ask(false, At(kDay));
  Checkpoint();
  Reload();
  const Time late = At(kDay) + hours(72) + Millis(1);
  Look(late);
  EXPECT_EQ(AnswerState(late), "d-answer: violated, missed 1, last 2013-01-14T00:00:00Z");
  Reload();
  Look(late + hours(1));
  Ask(false, late + hours(1));
  Ask(true, late + hours(2));
  EXPECT_EQ(duties_->missed(), 1u);
  Ask(true, late + hours(3));
  EXPECT_EQ(AnswerState(late), "d-answer: fulfilled, missed 1, last 2013-01-14T00:00:00Z");
}

TEST_F(DutiesTest, AnAnswerThatComesTooLateIsAMissToo) {
  Ask(false, At(kDay));
  Ask(true, At(kDay) + hours(73));
  EXPECT_EQ(duties_->missed(), 1u);
}

TEST_F(DutiesTest, OtherPartiesAndPurposesAreOwedNothing) {
  Ask(false, At(kDay), "bank");
  Ask(false, At(kDay), "city-hall", "marketing");
  Look(At(kDay) + hours(1'000));
  EXPECT_EQ(AnswerState(At(kDay) + hours(1'000)), "d-answer: not-set");
}

TEST_F(DutiesTest, WhatThePolicyOwesNoMoreIsForgotten) {
  Ask(false, At(kDay));
  policy_.duty.pop_back();
  Look(At(kDay) + hours(1'000));
  EXPECT_EQ(duties_->missed(), 0u);
}

TEST(DutiesStatusTest, StatusNamesEachDutyAndItsState) {
  Commons commons;
  std::string policy = commons.PolicyYaml(
      3, 2, HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy)));
  policy += "duty:\n  - {id: d-publish, kind: publish, rule: load-daily, within: P2D}\n"
            "  - {id: d-answer, kind: answer, to: [city-hall], purpose: [official-stats], "
            "within: P3D}\n";
  const Status activated = commons.Activate({{crypto::kPolicyType, policy}});
  ASSERT_TRUE(activated.ok()) << Message(activated);
  EXPECT_THAT(commons.gateway().GetStatus()->duties,
              ElementsAre("d-publish: not-set", "d-answer: not-set"));
  for (int i = 0; i < 3; ++i) {
    commons.SendDay(commons.Join("flat-" + std::to_string(i)), kDay, 100);
  }
  commons.gateway().NoteQuestion(PartyId("city-hall"), "official-stats", false);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-15T00:00:00Z")).ok());
  EXPECT_THAT(commons.gateway().GetStatus()->duties,
              ElementsAre("d-publish: pending", "d-answer: pending"));
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-20T00:00:00Z")).ok());
  EXPECT_THAT(commons.gateway().GetStatus()->duties,
              ElementsAre("d-publish: fulfilled",
                          "d-answer: violated, missed 1, last 2013-01-13T00:00:00Z"));
  commons.Restart();
  EXPECT_EQ(commons.gateway().figures().gauges.duties_missed, 1u);
}

}  // namespace
}  // namespace gateway::pipeline
