#include "gateway/pipeline/contributions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace gateway::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kDay{std::chrono::hours(24 * 15'719)};  // 2013-01-14

Metric Of(MetricKind kind) {
  Metric metric;
  metric.kind = kind;
  metric.interval = seconds(150);
  metric.hi = 100;
  metric.resolution = *Decimal::Parse("1");
  return metric;
}

std::vector<Window> Hours(int count) {
  std::vector<Window> hours;
  for (int i = 0; i < count; ++i) {
    hours.push_back({kDay + std::chrono::hours(i), kDay + std::chrono::hours(i + 1)});
  }
  return hours;
}

Reading At(Millis after, int64_t value) { return {.time = kDay + after, .value = value}; }
SeriesId Series(char letter) { return SeriesId::FromBytes(std::string(SeriesId::kBytes, letter)); }

// "value/readings/weight" of each hour.
std::string Text(const privacy::OwnerDay& day) {
  std::string text;
  for (const privacy::Contribution& part : day.fine) {
    text += (text.empty() ? "" : " ") + std::to_string(part.value) + "/" +
            std::to_string(part.readings) + "/" + std::to_string(part.weight);
  }
  return text;
}

std::string OneSeries(MetricKind kind, const std::vector<Reading>& readings, int hours = 1,
                      const std::map<SeriesId, Reading>& before = {}) {
  return Text(ContributionsOf(Of(kind), {{Series('a'), readings}}, Hours(hours), before));
}

TEST(ContributionsTest, ADeltaAddsUp) {
  EXPECT_EQ(OneSeries(MetricKind::kDelta, {At(seconds(0), 5), At(seconds(3599), 6),
                                           At(seconds(3600), 7)}, 3), "11/2/0 7/1/0 0/0/0");
}

TEST(ContributionsTest, AGaugeHoldsUntilTheNextReadingAtMostTwoIntervals) {
  // 10 for 100 s, then 40 for 300 s, although its hour goes on.
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(seconds(0), 10), At(seconds(100), 40)}),
            "33/2/400");  // 13000 ÷ 400 = 32.5
}

TEST(ContributionsTest, AGaugeNeverHoldsPastItsWindowAndNothingLooksBack) {
  // 59:00 holds for a minute; the next hour begins with its own first reading, at 1:10:00.
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(seconds(3540), 7), At(seconds(4200), 9)}, 2),
            "7/1/60 9/1/300");
  // A next reading in another window does not lengthen anything.
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(seconds(3590), 7), At(seconds(3610), 9)}, 2),
            "7/1/10 9/1/300");
}

TEST(ContributionsTest, AGaugesWeightsAreWholeSecondsRoundedDown) {
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(milliseconds(0), 3), At(milliseconds(1999), 4),
                                           At(milliseconds(2998), 5)}),
            "5/3/301");  // 3 for 1 s, 4 for none, 5 for 300 s: 1503 ÷ 301 = 4.99
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(milliseconds(3'599'001), 8)}), "0/1/0");
}

TEST(ContributionsTest, AGaugeIsRoundedHalfUpAwayFromZero) {
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(seconds(3598), -1), At(seconds(3599), -2)}),
            "-2/2/2");
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(seconds(3598), 1), At(seconds(3599), 2)}), "2/2/2");
  EXPECT_EQ(OneSeries(MetricKind::kGauge, {At(seconds(3597), 1), At(seconds(3598), 1),
                                           At(seconds(3599), 2)}), "1/3/3");
}

TEST(ContributionsTest, ALevelIsTheMeanOfItsEnergy) {
  // 40 dB for 100 s, then 60 dB for 300 s; as a gauge it would be 55.
  EXPECT_EQ(OneSeries(MetricKind::kLevel, {At(seconds(0), 40), At(seconds(100), 60)}),
            "59/2/400");
  EXPECT_EQ(OneSeries(MetricKind::kLevel, {At(milliseconds(3'599'001), 8)}), "0/1/0");
}

TEST(ContributionsTest, AStateIsTheShareOfTimeItWasOnWhateverOnIsCalled) {
  // On for 100 s, off for 200 s, on for 300 s.
  for (const int64_t on : {1, 100}) {
    EXPECT_EQ(OneSeries(MetricKind::kState, {At(seconds(0), on), At(seconds(100), 0),
                                             At(seconds(300), on)}), "67/3/600");
  }
}

TEST(ContributionsTest, EventsAreCounted) {
  EXPECT_EQ(OneSeries(MetricKind::kEvent, {At(seconds(0), 1), At(seconds(1), 4),
                                           At(seconds(3600), 2)}, 2), "5/2/0 2/1/0");
}

TEST(ContributionsTest, WhatHeldForLessThanASecondHasNoValue) {
  EXPECT_FALSE(HasValue(MetricKind::kLevel, {.value = 0, .readings = 1, .weight = 0}));
  EXPECT_TRUE(HasValue(MetricKind::kGauge, {.value = 0, .readings = 1, .weight = 1}));
  EXPECT_TRUE(HasValue(MetricKind::kEvent, {.value = 0, .readings = 1, .weight = 0}));
  EXPECT_FALSE(HasValue(MetricKind::kDelta, {}));
}

TEST(ContributionsTest, TheSeriesOfAPlaceAreOneMean) {
  // Each series' next reading is its own, not the other's.
  const privacy::OwnerDay day = ContributionsOf(
      Of(MetricKind::kGauge),
      {{Series('a'), {At(seconds(0), 100), At(seconds(300), 100)}},
       {Series('b'), {At(seconds(10), 20)}}}, Hours(1), {});
  EXPECT_EQ(Text(day), "73/3/900");  // (100 × 600 + 20 × 300) ÷ 900 = 73.3
}

TEST(ContributionsTest, ACounterIsItsIncreaseAndAResetCountsWhole) {
  EXPECT_EQ(OneSeries(MetricKind::kCounter, {At(seconds(0), 100), At(seconds(60), 103),
                                             At(seconds(120), 2), At(seconds(180), 2)}),
            "5/4/0");  // 3, then 2 since a restart, then nothing
}

TEST(ContributionsTest, ACountersFirstReadingAddsNothingUnlessOneCameBefore) {
  const std::vector<Reading> readings = {At(seconds(60), 110)};
  EXPECT_EQ(OneSeries(MetricKind::kCounter, readings), "0/1/0");
  EXPECT_EQ(OneSeries(MetricKind::kCounter, readings, 1, {{Series('a'), At(seconds(-60), 100)}}),
            "10/1/0");
  EXPECT_EQ(OneSeries(MetricKind::kCounter, readings, 1, {{Series('b'), At(seconds(-60), 100)}}),
            "0/1/0");
}

TEST(ContributionsTest, ACountersIncreaseBelongsToTheHourOfTheLaterReading) {
  EXPECT_EQ(OneSeries(MetricKind::kCounter, {At(seconds(3599), 50), At(seconds(11000), 80)}, 4),
            "0/1/0 0/0/0 0/0/0 30/1/0");
}

TEST(ContributionsTest, ACountersFaultsAreLeftOutByWhatIsKnownOfItsSeries) {
  OddityCounts odd{};
  const SeriesReadings series = {{Series('a'), {At(seconds(0), 100), At(seconds(150), 900),
                                                At(seconds(300), 104)}}};
  const auto used = [&](const std::map<SeriesId, port::SeriesTraits>& traits) {
    return Text(ContributionsOf(Of(MetricKind::kCounter), series, Hours(1), {}, traits, &odd));
  };
  EXPECT_EQ(used({{Series('a'), {.rollover = std::nullopt, .step_max = 10}}}), "4/3/0");
  EXPECT_EQ(odd[static_cast<std::size_t>(Oddity::kSpike)], 1u);
  EXPECT_EQ(used({{Series('b'), {.rollover = std::nullopt, .step_max = 10}}}), "904/3/0");
}

TEST(ContributionsTest, WhatDoesNotFitIn62BitsIsCutOffAndThenRefused) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const privacy::OwnerDay day = ContributionsOf(
      Of(MetricKind::kDelta), {{Series('a'), {At(seconds(0), kHuge), At(seconds(1), kHuge)}}},
      Hours(1), {});
  EXPECT_EQ(day.fine[0].value, int64_t{1} << 62);
  privacy::SheetInput input{.day = Hours(1)[0], .owner_kind = OwnerKind::kPlace,
                            .fine_windows = Hours(1), .owners = {day}};
  EXPECT_EQ(privacy::DecideSheet(input).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gateway::pipeline
