#include "gateway/ingest/subscriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::ingest {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kNotAuthorized = 0x87;
const Subscriptions::TimePoint kNow{seconds(1'000)};

std::vector<std::string> Texts(const std::vector<Subscriptions::Step>& steps) {
  std::vector<std::string> texts;
  for (const auto& step : steps) texts.push_back((step.subscribe ? "+ " : "- ") + step.filter);
  return texts;
}

std::vector<Subscriptions::Step> Answer(Subscriptions& subscriptions, int reason = 1) {
  const auto steps = subscriptions.Due(kNow);
  for (const auto& step : steps) subscriptions.Answered(step.id, reason, kNow);
  return steps;
}

TEST(CoversTest, FollowsTheRulesOfMqtt) {
  struct Case {
    const char* wide;
    const char* narrow;
    bool want;
  };
  for (const Case& c : std::vector<Case>{
           {"a/b", "a/b", true},        {"a/+", "a/b", true},       {"a/+", "a/+", true},
           {"a/b", "a/+", false},       {"a/#", "a", true},         {"a/#", "a/b/c", true},
           {"a/#", "a/+/c", true},      {"a/+", "a/#", false},      {"a/+", "a", false},
           {"a/+", "a/b/c", false},     {"+/b", "a/b", true},       {"#", "a/b", true},
           {"#", "#", true},            {"#", "$SYS/x", false},     {"+/x", "$SYS/x", false},
           {"$SYS/#", "$SYS/x", true},  {"a", "a/b", false},        {"a/b/c", "a/b", false},
           {"a/+/c", "a/b/+", false},   {"+/+", "a/", true},        {"a", "a/#", false},
       }) {
    EXPECT_EQ(Covers(c.wide, c.narrow), c.want) << c.wide << " " << c.narrow;
  }
}

TEST(WithoutCoveredTest, KeepsTheWidestAndItsNeedOfRetainedMessages) {
  const auto kept = WithoutCovered({{.text = "z/plug"},
                                    {.text = "z/plug"},
                                    {.text = "z/+", .may_be_shown = true},
                                    {.text = "h/+/config", .retained = true},
                                    {.text = "h/#"},
                                    {.text = "other/topic"}});
  ASSERT_THAT(kept, SizeIs(3));
  EXPECT_EQ(kept[0].text, "z/+");
  EXPECT_FALSE(kept[0].retained);
  EXPECT_EQ(kept[1].text, "h/#");
  EXPECT_TRUE(kept[1].retained);
  EXPECT_EQ(kept[2].text, "other/topic");
}

TEST(SubscriptionsTest, IsSettledWhenEveryAnswerIsThere) {
  Subscriptions subscriptions(seconds(1));
  subscriptions.Want({{.text = "a"}, {.text = "b", .retained = true}});
  subscriptions.Connected(false);
  const auto steps = subscriptions.Due(kNow);
  ASSERT_THAT(Texts(steps), ElementsAre("+ a", "+ b"));
  EXPECT_TRUE(steps[1].retained);
  EXPECT_THAT(subscriptions.Due(kNow), IsEmpty()) << "each is asked once";
  subscriptions.Answered(steps[0].id, 1, kNow);
  EXPECT_FALSE(subscriptions.settled());
  subscriptions.Answered(steps[1].id, 1, kNow);
  EXPECT_TRUE(subscriptions.settled());
}

TEST(SubscriptionsTest, WhatWasRememberedAndIsNotWantedIsTakenBackAfterTheRest) {
  Subscriptions subscriptions(seconds(1));
  subscriptions.Remember({"old", "both"});
  subscriptions.Want({{.text = "both"}, {.text = "new"}});
  subscriptions.Connected(true);
  EXPECT_THAT(subscriptions.possible(), ElementsAre("both", "new", "old"));
  EXPECT_THAT(Texts(Answer(subscriptions)), ElementsAre("+ both", "+ new"));
  EXPECT_FALSE(subscriptions.settled());
  EXPECT_THAT(Texts(Answer(subscriptions)), ElementsAre("- old"));
  EXPECT_TRUE(subscriptions.settled());
  EXPECT_THAT(subscriptions.possible(), ElementsAre("both", "new"));
}

TEST(SubscriptionsTest, ANewSessionHasNothingToTakeBack) {
  Subscriptions subscriptions(seconds(1));
  subscriptions.Remember({"old"});
  subscriptions.Want({{.text = "new"}});
  subscriptions.Connected(false);
  EXPECT_THAT(Texts(Answer(subscriptions)), ElementsAre("+ new"));
  EXPECT_TRUE(subscriptions.settled());
}

TEST(SubscriptionsTest, AFilterWantedAgainBeforeItWasTakenBackIsSubscribed) {
  Subscriptions subscriptions(seconds(1));
  subscriptions.Want({{.text = "a"}, {.text = "b"}});
  subscriptions.Connected(true);
  Answer(subscriptions);
  subscriptions.Want({{.text = "a"}});
  const auto leaving = subscriptions.Due(kNow);
  ASSERT_THAT(Texts(leaving), ElementsAre("- b"));
  subscriptions.Want({{.text = "a"}, {.text = "b"}});
  subscriptions.Answered(leaving[0].id, 0, kNow);  // of a step that no longer counts
  EXPECT_FALSE(subscriptions.settled());
  EXPECT_THAT(Texts(Answer(subscriptions)), ElementsAre("+ b"));
  EXPECT_TRUE(subscriptions.settled());
}

TEST(SubscriptionsTest, AnAnswerOfAnEarlierConnectionCountsForNothing) {
  Subscriptions subscriptions(seconds(1));
  subscriptions.Want({{.text = "a"}});
  subscriptions.Connected(true);
  const auto steps = subscriptions.Due(kNow);
  subscriptions.Connected(true);
  subscriptions.Answered(steps[0].id, 1, kNow);
  EXPECT_FALSE(subscriptions.settled());
}

TEST(SubscriptionsTest, ARefusedFilterIsReportedAndAskedAgain) {
  Subscriptions subscriptions(seconds(2));
  subscriptions.Want({{.text = "shown", .may_be_shown = true}, {.text = "of-one-device"}});
  subscriptions.Connected(false);
  Answer(subscriptions, kNotAuthorized);
  EXPECT_FALSE(subscriptions.settled());
  const auto refusals = subscriptions.refusals();
  ASSERT_THAT(refusals, SizeIs(2));
  EXPECT_EQ(refusals[0].shown, "");
  EXPECT_EQ(refusals[1].shown, "shown");
  EXPECT_EQ(refusals[1].reason, kNotAuthorized);
  EXPECT_THAT(subscriptions.Due(kNow + seconds(1)), IsEmpty());
  for (const auto& step : subscriptions.Due(kNow + seconds(2))) {
    subscriptions.Answered(step.id, 1, kNow);
  }
  EXPECT_TRUE(subscriptions.settled());
  EXPECT_THAT(subscriptions.refusals(), IsEmpty());
}

TEST(SubscriptionsTest, ARefusedOptionalFilterLeavesTheRestSettled) {
  Subscriptions subscriptions(seconds(1));
  subscriptions.Want({{.text = "a", .optional = true}});
  subscriptions.Connected(false);
  EXPECT_FALSE(subscriptions.settled());
  Answer(subscriptions, kNotAuthorized);
  EXPECT_TRUE(subscriptions.settled());
  EXPECT_FALSE(subscriptions.confirmed("a"));
}

}  // namespace
}  // namespace gateway::ingest
