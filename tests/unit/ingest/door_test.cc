#include "gateway/ingest/door.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/time.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

using port::Admission;
using port::Delivery;
using port::DoorCode;

constexpr char kGood[] = R"({"value":0.509,"unit":"kWh","time":"2013-01-14T00:30:00Z"})";

class DoorTest : public testing::Test {
 protected:
  DoorTest() {
    metric_.id = MetricId("load");
    metric_.unit = "Wh";
    metric_.resolution = *Decimal::Parse("1");
    metric_.hi = 25'000;
    for (const auto& [device, code] :
         {std::pair{"unconfirmed", DoorCode::kHouseholdUnconfirmed},
          std::pair{"uncollected", DoorCode::kNoCollectRule},
          std::pair{"unretained", DoorCode::kNoRetainRule}}) {
      intake_.table->Enrol("generic", device, metric_, code);
    }
    intake_.table->Enrol("generic", "good", metric_);
  }

  static std::vector<Profile> Profiles() {
    std::vector<Profile> profiles;
    profiles.push_back(ParseProfile(kGeneric));
    return profiles;
  }

  Metric metric_;
  FakeIntake intake_;
  Heard heard_;
  Door door_{Profiles(), intake_, heard_};
};

TEST_F(DoorTest, AppendsAGoodReadingOnceAndRefusesNothing) {
  ASSERT_TRUE(door_.Handle({"sensors/good/load", kGood, false, true}).ok());
  EXPECT_EQ(intake_.received, 1u);
  EXPECT_TRUE(intake_.refused.empty());
  ASSERT_EQ(intake_.stored.size(), 1u);
  EXPECT_EQ(intake_.stored[0].value, 509);
  EXPECT_EQ(intake_.stored[0].time, *ParseTime("2013-01-14T00:30:00Z"));
  EXPECT_EQ(intake_.series, SeriesId::FromBytes("good/load......."));
  EXPECT_TRUE(intake_.redelivered);
}

// Each row breaks every rule from its own on: the code must be that of the first.
TEST_F(DoorTest, TheFirstRuleThatIsBrokenIsTheCode) {
  const std::string oversized(70'000, '1');
  struct Case {
    std::string topic, payload;
    bool retained;
    DoorCode want;
  };
  const Case cases[] = {
      {"other/good/load", oversized, true, DoorCode::kUnknownDevice},
      {"sensors/good/load/x", kGood, false, DoorCode::kUnknownDevice},
      {"sensors/stranger/load", oversized, true, DoorCode::kUnknownDevice},
      {"sensors/unconfirmed/load", oversized, true, DoorCode::kHouseholdUnconfirmed},
      {"sensors/uncollected/load", oversized, true, DoorCode::kNoCollectRule},
      {"sensors/unretained/load", oversized, true, DoorCode::kNoRetainRule},
      {"sensors/good/load", oversized, true, DoorCode::kRetained},
      {"sensors/good/load", kGood, true, DoorCode::kRetained},
      {"sensors/good/load", oversized, false, DoorCode::kOversized},
      {"sensors/good/load", "x", false, DoorCode::kMalformed},
      {"sensors/good/load", "nan", false, DoorCode::kNotANumber},
      {"sensors/good/load", R"({"value":1,"unit":"l"})", false, DoorCode::kUnknownUnit},
      {"sensors/good/load", "-1", false, DoorCode::kOutOfRange},
      {"sensors/good/load", "1", false, DoorCode::kNoTime},
      {"sensors/good/load", R"({"value":1,"time":"now"})", false, DoorCode::kBadTime},
      {"sensors/good/load", R"({"value":1,"time":"2013-01-14T01:05:00.001Z"})", false,
       DoorCode::kFuture},
  };
  uint32_t sent = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.topic + " " + c.payload.substr(0, 60));
    intake_.refused.clear();
    EXPECT_TRUE(door_.Handle({c.topic, c.payload, c.retained, false}).ok());
    EXPECT_EQ(intake_.refused, std::vector<DoorCode>{c.want});
    EXPECT_EQ(intake_.received, ++sent);
  }
  EXPECT_EQ(intake_.append_calls, 0);
}

TEST_F(DoorTest, StampsAreNotComparedWithNowUnderAReplayClock) {
  intake_.compare_stamps = false;
  const char payload[] = R"({"value":1,"time":"2030-01-01T00:00:00Z"})";
  EXPECT_TRUE(door_.Handle({"sensors/good/load", payload, false, false}).ok());
  EXPECT_EQ(intake_.stored.size(), 1u);
}

TEST_F(DoorTest, ADeliveryThatIsTriedAgainIsCountedOnce) {
  intake_.failures_left = 2;
  const Delivery delivery{"sensors/good/load", kGood, false, false};
  EXPECT_EQ(door_.Handle(delivery).code(), StatusCode::kUnavailable);
  EXPECT_EQ(door_.Handle(delivery).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(door_.Handle(delivery).ok());
  EXPECT_EQ(intake_.received, 1u);
  EXPECT_EQ(intake_.append_calls, 3);
  EXPECT_EQ(intake_.stored.size(), 1u);
  EXPECT_TRUE(door_.Handle(delivery).ok());
  EXPECT_EQ(intake_.received, 2u);
}

TEST_F(DoorTest, ADeliveryDeniedBetweenTwoTriesHasOneOutcome) {
  intake_.failures_left = 1;
  const Delivery delivery{"sensors/good/load", kGood, false, false};
  EXPECT_FALSE(door_.Handle(delivery).ok());
  intake_.table->enrolled.clear();
  EXPECT_TRUE(door_.Handle(delivery).ok());
  EXPECT_EQ(intake_.received, 1u);
  EXPECT_EQ(intake_.refused, std::vector<DoorCode>{DoorCode::kUnknownDevice});
  EXPECT_TRUE(intake_.stored.empty());
}

TEST_F(DoorTest, WhatThePayloadIsRefusedForGoesIntoQuarantineWithItsArrival) {
  ASSERT_TRUE(door_.Handle({"sensors/good/load", "nan", false, false}).ok());
  ASSERT_TRUE(door_.Handle({"sensors/unconfirmed/load", "nan", false, false}).ok());
  ASSERT_TRUE(door_.Handle({"sensors/nobody/load", "nan", false, false}).ok());
  ASSERT_EQ(intake_.quarantined.size(), 1u);
  EXPECT_EQ(intake_.quarantined[0], std::pair(std::string("good"), DoorCode::kNotANumber));
  EXPECT_EQ(intake_.arrivals[0], intake_.now);
}

constexpr char kMany[] = R"(schema: commons-profile/1
id: many
about: several values
messages:
  - topic: "many/{device}"
    format: json
    secret: true
    time: {at: t, form: iso}
    sequence: n
    readings:
      - {metric: load, at: load}
      - {metric: power, at: "'p{part}'"}
  - {topic: "many/{device}/online", ignore: true}
)";

class DoorOfManyTest : public testing::Test {
 protected:
  DoorOfManyTest() {
    intake_.table->Enrol("many", "d", load_);
    intake_.table->Enrol("many", "d:1", power_);
    intake_.table->Enrol("many", "d:2", power_);
  }
  static std::vector<Profile> Profiles() {
    std::vector<Profile> profiles;
    profiles.push_back(ParseProfile(kMany));
    return profiles;
  }
  Status Handle(std::string_view topic, std::string_view payload) {
    return door_.Handle({.topic = topic, .payload = payload});
  }

  Metric load_ = MakeMetric("load", "Wh", "1", MetricKind::kDelta);
  Metric power_ = MakeMetric("power", "W", "1", MetricKind::kGauge);
  FakeIntake intake_;
  Heard heard_;
  Door door_{Profiles(), intake_, heard_};
};

TEST_F(DoorOfManyTest, TheReadingsOfOneMessageAreAppendedTogether) {
  ASSERT_TRUE(Handle("many/d", R"({"load":5,"p1":7,"p2":nan,"p3":9,"n":1})").ok());
  EXPECT_EQ(intake_.received, 4u);
  EXPECT_EQ(intake_.append_calls, 1);
  EXPECT_EQ(intake_.devices, (std::vector<std::string>{"d", "d:1"}));
  EXPECT_TRUE(intake_.numbered);
  EXPECT_EQ(intake_.refused,
            (std::vector<DoorCode>{DoorCode::kNotANumber, DoorCode::kUnknownDevice}));
}

TEST_F(DoorOfManyTest, AMessageIsPutAsideOnceWithItsFirstCode) {
  ASSERT_TRUE(Handle("many/d", R"({"load":5,"p1":nan,"p2":"x","p3":null})").ok());
  EXPECT_EQ(intake_.refused, (std::vector<DoorCode>{DoorCode::kNoTime, DoorCode::kNotANumber,
                                                    DoorCode::kMalformed, DoorCode::kUnknownDevice}));
  EXPECT_EQ(intake_.quarantined,
            (std::vector<std::pair<std::string, DoorCode>>{{"d", DoorCode::kNoTime}}));
  ASSERT_TRUE(Handle("many/d", R"({"p3":7})").ok());  // denied is not put aside
  EXPECT_EQ(intake_.quarantined.size(), 1u);
}

TEST_F(DoorOfManyTest, OnARetryWhatWasRefusedIsNotCountedAgain) {
  intake_.failures_left = 1;
  const Delivery delivery{.topic = "many/d", .payload = R"({"p1":7,"p2":nan,"p3":9})"};
  EXPECT_EQ(door_.Handle(delivery).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(heard_.LastHeard(DeviceId("d:1")));
  EXPECT_TRUE(door_.Handle(delivery).ok());
  EXPECT_EQ(intake_.received, 3u);
  EXPECT_EQ(intake_.refused.size(), 2u);
  EXPECT_EQ(intake_.quarantined.size(), 1u);
  EXPECT_EQ(intake_.devices, std::vector<std::string>{"d:1"});
}

// Tried again from the quarantine, it is then the same reading once more, and a duplicate.
TEST_F(DoorOfManyTest, HoweverLongTheDiskRefusesAMessageCameWhenItCame) {
  intake_.failures_left = 1;
  const Time arrival = intake_.now;
  const Delivery delivery{.topic = "many/d", .payload = R"({"p1":7,"p2":nan})"};
  EXPECT_FALSE(door_.Handle(delivery).ok());
  intake_.now += std::chrono::minutes(10);
  EXPECT_TRUE(door_.Handle(delivery).ok());
  ASSERT_EQ(intake_.stored.size(), 1u);
  EXPECT_EQ(intake_.stored[0].time, arrival);
  EXPECT_EQ(intake_.arrivals, std::vector<Time>{arrival});
  EXPECT_TRUE(door_.Handle({.topic = "many/d", .payload = R"({"p1":8})"}).ok());
  EXPECT_EQ(intake_.stored[1].time, intake_.now);
}

// Its payload holds what is none of the first one's business.
TEST_F(DoorOfManyTest, AMessageOfSeveralOwnersIsNotPutAside) {
  intake_.table->rows.at({"d:1", "power"}).owner = OwnerId::FromBytes("one-owner.......");
  intake_.table->rows.at({"d:2", "power"}).owner = OwnerId::FromBytes("another-owner...");
  ASSERT_TRUE(Handle("many/d", R"({"p1":nan,"p2":5})").ok());
  EXPECT_EQ(intake_.refused, std::vector<DoorCode>{DoorCode::kNotANumber});
  EXPECT_TRUE(intake_.quarantined.empty());
}

// A household that nobody confirmed has nothing stored, and not in a neighbour's name either.
TEST_F(DoorOfManyTest, AMessageWithAPartOfAnUnconfirmedHouseholdIsNotPutAside) {
  const port::Admission unconfirmed{.code = DoorCode::kHouseholdUnconfirmed};
  intake_.table->rows.at({"d:2", "power"}) = unconfirmed;
  ASSERT_TRUE(Handle("many/d", R"({"p1":nan,"p2":5})").ok());
  EXPECT_EQ(intake_.refused,
            (std::vector<DoorCode>{DoorCode::kNotANumber, DoorCode::kHouseholdUnconfirmed}));
  EXPECT_TRUE(intake_.quarantined.empty());
}

TEST_F(DoorOfManyTest, WhatIsPutAsideSaysWhatWasStoredAndHowTheClockWas) {
  intake_.clock_sound = false;
  ASSERT_TRUE(Handle("many/d", R"({"p1":nan,"p2":5})").ok());
  EXPECT_EQ(intake_.beside, std::vector<std::size_t>{1});
  EXPECT_EQ(intake_.unsound, std::vector<bool>{true});
}

TEST_F(DoorOfManyTest, AStateIsOnOrOffAndNothingElse) {
  Metric presence = MakeMetric("power", "%", "1", MetricKind::kState);
  presence.hi = 100;
  intake_.table->Enrol("many", "s:1", presence);
  intake_.table->Enrol("many", "s:2", presence);
  intake_.table->Enrol("many", "s:3", presence);
  ASSERT_TRUE(Handle("many/s", R"({"p1":1.0,"p2":0,"p3":0.5})").ok());
  ASSERT_EQ(intake_.stored.size(), 2u);
  EXPECT_EQ(intake_.stored[0].value, 100);
  EXPECT_EQ(intake_.stored[1].value, 0);
  EXPECT_EQ(intake_.refused, std::vector<DoorCode>{DoorCode::kOutOfRange});
}

TEST_F(DoorOfManyTest, OfTwoReadingsInHandOneMayBeDeniedOnTheRetry) {
  intake_.failures_left = 1;
  const Delivery delivery{.topic = "many/d", .payload = R"({"p1":7,"p2":8})"};
  EXPECT_FALSE(door_.Handle(delivery).ok());
  const auto later = std::make_shared<FakeTable>(*intake_.table);
  std::erase_if(later->enrolled, [](const auto& device) { return device->claim == "d:1"; });
  intake_.table = later;
  EXPECT_TRUE(door_.Handle(delivery).ok());
  EXPECT_EQ(intake_.received, 2u);
  EXPECT_EQ(intake_.refused, std::vector<DoorCode>{DoorCode::kUnknownDevice});
  EXPECT_EQ(intake_.devices, std::vector<std::string>{"d:2"});
}

TEST_F(DoorOfManyTest, WhoeverHadAReadingAdmittedWasHeard) {
  ASSERT_TRUE(Handle("many/d", R"({"p1":7,"p2":nan})").ok());
  EXPECT_EQ(heard_.LastHeard(DeviceId("d:1")), intake_.now);
  EXPECT_FALSE(heard_.LastHeard(DeviceId("d:2")));
}

TEST_F(DoorOfManyTest, AStrangersMessagesAreCountedAndItsValuesNamedOnce) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Handle("many/x", R"({"load":5,"p7":1})").ok());
  EXPECT_EQ(intake_.received, 3u);
  EXPECT_EQ(intake_.refused, std::vector<DoorCode>(3, DoorCode::kUnknownDevice));
  const std::vector<port::Stranger> strangers = heard_.Strangers();
  ASSERT_EQ(strangers.size(), 2u);
  for (const port::Stranger& stranger : strangers) {
    EXPECT_TRUE(stranger.secret);
    EXPECT_TRUE(stranger.claim.starts_with("secret-"));
    const bool part = stranger.metrics == std::vector<std::string>{"power"};
    EXPECT_TRUE(part || stranger.metrics == std::vector<std::string>{"load"});
    EXPECT_EQ(stranger.messages, part ? 1u : 3u);
  }
}

TEST_F(DoorOfManyTest, AMessageWithoutValuesIsNoObservation) {
  for (const char* topic : {"many/d/online", "many/d"}) {
    EXPECT_TRUE(Handle(topic, "{}").ok());
  }
  EXPECT_EQ(intake_.received, 0u);
  EXPECT_TRUE(intake_.refused.empty());
  EXPECT_EQ(intake_.append_calls, 0);
}

}  // namespace
}  // namespace gateway::ingest
