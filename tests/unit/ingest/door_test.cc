#include "gateway/ingest/door.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/model/time.h"

namespace gateway::ingest {
namespace {

using port::Admission;
using port::Delivery;
using port::DoorCode;

constexpr char kGood[] = R"({"value":0.509,"unit":"kWh","time":"2013-01-14T00:30:00Z"})";

class FakeTable final : public port::AdmissionTable {
 public:
  const Admission& Find(std::string_view /*profile*/, std::string_view claim,
                        std::string_view metric) const override {
    const auto found = rows.find({std::string(claim), std::string(metric)});
    return found == rows.end() ? unknown : found->second;
  }
  DoorCode FindDevice(std::string_view /*profile*/, std::string_view claim) const override {
    for (const auto& [key, row] : rows) {
      if (key.first == claim) return row.code;
    }
    return DoorCode::kUnknownDevice;
  }
  std::span<const port::EnrolledDevice> devices() const override { return {}; }
  const TimeZone& time_zone() const override { return zone; }
  TimeZone zone = TimeZone::Utc();
  std::map<std::pair<std::string, std::string>, Admission> rows;
  Admission unknown;
};

class FakeIntake final : public port::Intake {
 public:
  std::shared_ptr<const port::AdmissionTable> admissions() const override { return table; }
  Time Now() const override { return now; }
  bool ComparesStampsWithNow() const override { return compare_stamps; }
  void Received(uint32_t observations) override { received += observations; }
  void Refused(DoorCode code) override { refused.push_back(code); }
  bool ClockSound() const override { return true; }
  void Quarantine(const Delivery&, const Admission&, DoorCode code, Time arrival) override {
    quarantined.emplace_back(code, arrival);
  }
  Status Append(const Delivery& delivery, std::span<const port::Admitted> readings,
                bool /*numbered*/) override {
    ++append_calls;
    if (failures_left > 0) {
      --failures_left;
      return Unavailable("the disk is full");
    }
    redelivered = delivery.redelivered;
    for (const port::Admitted& admitted : readings) {
      series = admitted.admission->series;
      stored.push_back(admitted.reading);
    }
    return OkStatus();
  }

  std::shared_ptr<FakeTable> table = std::make_shared<FakeTable>();
  Time now = *ParseTime("2013-01-14T01:00:00Z");
  bool compare_stamps = true;
  int failures_left = 0;
  int append_calls = 0;
  uint32_t received = 0;
  bool redelivered = false;
  SeriesId series;
  std::vector<DoorCode> refused;
  std::vector<std::pair<DoorCode, Time>> quarantined;
  std::vector<Reading> stored;
};

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
      Admission admission;
      admission.code = code;
      intake_.table->rows[{device, "load"}] = admission;
    }
    Admission admitted;
    admitted.code = DoorCode::kAdmitted;
    admitted.series = SeriesId::FromBytes("0123456789abcdef");
    admitted.metric = &metric_;
    intake_.table->rows[{"good", "load"}] = admitted;
  }

  static std::vector<Profile> Profiles() {
    StatusOr<Profile> profile = Profile::Make({.id = "generic",
                                               .topic = "sensors/{device}/{metric}",
                                               .number = true,
                                               .json = JsonFields{"value", "unit", "time"}});
    GW_CHECK(profile.ok());
    return {*std::move(profile)};
  }

  Metric metric_;
  FakeIntake intake_;
  Door door_{Profiles(), intake_};
};

TEST_F(DoorTest, AppendsAGoodReadingOnceAndRefusesNothing) {
  ASSERT_TRUE(door_.Handle({"sensors/good/load", kGood, false, true}).ok());
  EXPECT_EQ(intake_.received, 1u);
  EXPECT_TRUE(intake_.refused.empty());
  ASSERT_EQ(intake_.stored.size(), 1u);
  EXPECT_EQ(intake_.stored[0].value, 509);
  EXPECT_EQ(intake_.stored[0].time, *ParseTime("2013-01-14T00:30:00Z"));
  EXPECT_EQ(intake_.series, SeriesId::FromBytes("0123456789abcdef"));
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
  intake_.table->rows.clear();
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
  EXPECT_EQ(intake_.quarantined[0], std::pair(DoorCode::kNotANumber, intake_.now));
}

}  // namespace
}  // namespace gateway::ingest
