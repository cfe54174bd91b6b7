#include <gtest/gtest.h>

#include <limits>

#include "gateway/ingest/step_guard.h"
#include "gateway/ingest/traits.h"
#include "gateway/model/limits.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

using std::chrono::minutes;

SeriesId Series(int number) {
  std::string bytes = std::to_string(number);
  bytes.resize(16, '.');
  return SeriesId::FromBytes(bytes);
}

class StepGuardTest : public testing::Test {
 protected:
  bool Accept(int minute, int64_t value, int series = 0) {
    return guard_.Accept(Series(series), {.time = Time(minutes(minute)), .value = value}, 10,
                         minutes(1));
  }
  StepGuard guard_;
};

TEST_F(StepGuardTest, AChangeMayBeAsLargeAsTheTimeAllows) {
  EXPECT_TRUE(Accept(0, 1'000));
  EXPECT_TRUE(Accept(1, 1'010));
  EXPECT_FALSE(Accept(2, 1'021));
  EXPECT_TRUE(Accept(5, 1'050));   // four intervals
  EXPECT_TRUE(Accept(5, 1'041));   // less than one interval counts as one
  EXPECT_TRUE(Accept(2, 1'011));   // late: the distance counts
  EXPECT_FALSE(Accept(2, 1'000));
}

TEST_F(StepGuardTest, TwoThatAgreeMoveTheSeries) {
  EXPECT_TRUE(Accept(0, 0));
  EXPECT_FALSE(Accept(1, 500));
  EXPECT_FALSE(Accept(2, 900));  // does not agree with 500
  EXPECT_TRUE(Accept(3, 905));
  EXPECT_FALSE(Accept(4, 0));
  EXPECT_TRUE(Accept(5, 906));   // one glitch
  EXPECT_FALSE(Accept(6, 0));    // and its memory is gone
}

TEST_F(StepGuardTest, ExtremesDoNotOverflow) {
  EXPECT_TRUE(Accept(0, std::numeric_limits<int64_t>::min()));
  EXPECT_FALSE(Accept(1, std::numeric_limits<int64_t>::max()));
  EXPECT_TRUE(Accept(std::numeric_limits<int>::max(), std::numeric_limits<int64_t>::max()));
}

TEST_F(StepGuardTest, SeriesBeyondTheBoundAreBelieved) {
  for (int i = 0; i < static_cast<int>(limits::kSeriesMax); ++i) EXPECT_TRUE(Accept(0, 0, i));
  const int beyond = static_cast<int>(limits::kSeriesMax);
  EXPECT_TRUE(Accept(0, 0, beyond));
  EXPECT_TRUE(Accept(1, 1'000'000, beyond));
  EXPECT_FALSE(Accept(1, 1'000'000, beyond - 1));
}

constexpr char kMeter[] = R"(schema: commons-profile/1
id: meter
about: a meter
messages:
  - {topic: "m/{device}", format: json, readings: [{metric: energy-index, at: e, unit: kWh, step: 0.5, rollover: 1e6}, {metric: power, at: p, unit: W, step: 100}]}
)";

TEST(TraitsTest, TheProfileOfTheDeviceSaysThemInStepsOfTheMetric) {
  std::vector<Profile> profiles;
  profiles.push_back(ParseProfile(kMeter));
  profiles.push_back(ParseProfile(kGeneric));
  const Traits traits(profiles);
  const Metric index = MakeMetric("energy-index", "Wh", "10", MetricKind::kCounter);
  port::EnrolledDevice device{.device = DeviceId("d"), .profile = "meter", .claim = "d"};
  EXPECT_EQ(traits.Of(device, index).step_max, 1);  // 50 an hour, in a minute: rounded up
  Metric seldom = index;
  seldom.interval = std::chrono::hours(2);
  EXPECT_EQ(traits.Of(device, seldom).step_max, 100);
  EXPECT_EQ(traits.Of(device, index).rollover, 100'000'000);
  // The door judges what is no counter, itself.
  EXPECT_FALSE(traits.Of(device, MakeMetric("power", "W", "1", MetricKind::kGauge)).step_max);
  // A unit that does not fit says nothing.
  EXPECT_FALSE(traits.Of(device, MakeMetric("energy-index", "l", "1", MetricKind::kCounter)).rollover);
  device.profile = "generic";
  EXPECT_FALSE(traits.Of(device, index).rollover);
  device.profile = "gone";
  EXPECT_FALSE(traits.Of(device, index).rollover);
  device = *WithOwnRead({.device = DeviceId("d"), .profile = "gone", .own_profile = kMeter});
  EXPECT_EQ(traits.Of(device, index).step_max, 1);
  device = *WithOwnRead({.device = DeviceId("d"), .profile = "meter", .own_profile = "schema: ["});
  EXPECT_FALSE(traits.Of(device, index).step_max);
}

}  // namespace
}  // namespace gateway::ingest
