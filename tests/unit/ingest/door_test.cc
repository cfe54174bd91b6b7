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

}  // namespace
}  // namespace gateway::ingest
