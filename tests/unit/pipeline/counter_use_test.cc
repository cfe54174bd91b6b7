#include "gateway/pipeline/counter_use.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "tests/support/prng.h"

namespace gateway::pipeline {
namespace {

using gateway::testing::Prng;
using std::chrono::seconds;

constexpr Time kStart{std::chrono::hours(24 * 15'719)};

const Metric& Index() {
  static const Metric metric = [] {
    Metric made;
    made.kind = MetricKind::kCounter;
    made.interval = seconds(60);
    return made;
  }();
  return metric;
}

// One reading a minute.
std::vector<Reading> Minutes(const std::vector<int64_t>& values) {
  std::vector<Reading> readings;
  for (const int64_t value : values) {
    readings.push_back({.time = kStart + seconds(60 * readings.size()), .value = value});
  }
  return readings;
}

// "increases; what was odd". The first value came before the others.
std::string Use(const std::vector<int64_t>& values, const port::SeriesTraits& traits = {}) {
  const std::vector<Reading> readings = Minutes(values);
  OddityCounts odd{};
  std::string text;
  for (const int64_t increase : IncreasesOf(Index(), traits, &readings[0],
                                            std::span(readings).subspan(1), odd)) {
    text += (text.empty() ? "" : " ") + std::to_string(increase);
  }
  text += ";";
  for (std::size_t i = 0; i < odd.size(); ++i) {
    if (odd[i] == 0) continue;
    text += " " + std::string(OddityName(static_cast<Oddity>(i))) + "=" + std::to_string(odd[i]);
  }
  return text;
}

constexpr port::SeriesTraits kStep{.rollover = std::nullopt, .step_max = 10};
constexpr port::SeriesTraits kEnds{.rollover = 1000, .step_max = std::nullopt};
constexpr port::SeriesTraits kBoth{.rollover = 1000, .step_max = 10};

TEST(CounterUseTest, AnIndexThatGrowsIsItsIncreases) {
  EXPECT_EQ(Use({100, 103, 103, 110}), "3 0 7;");
  EXPECT_EQ(Use({100, 103, 103, 110}, kBoth), "3 0 7;");
}

TEST(CounterUseTest, LowerAndStaysIsARestartFromNought) {
  EXPECT_EQ(Use({100, 3, 5, 9}), "3 2 4; reset=1");
  EXPECT_EQ(Use({100, 3, 5, 9}, kStep), "3 2 4; reset=1");
  EXPECT_EQ(Use({100, 3}), "3; reset=1");
}

TEST(CounterUseTest, LowerAndThenBackIsADip) {
  EXPECT_EQ(Use({100, 0, 104}), "0 4; dip=1");
  EXPECT_EQ(Use({100, 0, 104}, kStep), "0 4; dip=1");
  EXPECT_EQ(Use({100, 0, 2, 1, 104}, kStep), "0 0 0 4; dip=3");
  // For longer than a fault lasts: the meter was restarted, and then exchanged.
  EXPECT_EQ(Use({100, 0, 2, 3, 4, 104}, kStep), "0 2 1 1 0; replaced=1 reset=1");
}

TEST(CounterUseTest, FurtherUpThanCanBeAndThenBackIsASpike) {
  EXPECT_EQ(Use({100, 5000, 104}, kStep), "0 4; spike=1");
  EXPECT_EQ(Use({100, 5000, 9000, 104}, kStep), "0 0 4; spike=2");
  EXPECT_EQ(Use({100, 5000, 0, 104}, kStep), "0 0 4; dip=1 spike=1");
}

TEST(CounterUseTest, AJumpThatStaysIsAnotherMeter) {
  EXPECT_EQ(Use({100, 5000, 5004}, kStep), "0 4; replaced=1");
  EXPECT_EQ(Use({5000, 100, 104}, kStep), "0 4; replaced=1");
  // Nothing follows that could tell.
  EXPECT_EQ(Use({100, 5000}, kStep), "0; replaced=1");
}

TEST(CounterUseTest, AJumpThatGrowsOnIsNotTakenBackByTimeAlone) {
  // Three intervals allow 30 more, and 125 is 25 more than 100; but it never came down.
  EXPECT_EQ(Use({100, 125, 125, 126}, kStep), "0 0 1; replaced=1");
}

TEST(CounterUseTest, AtItsEndACounterRollsOver) {
  EXPECT_EQ(Use({995, 4, 8}, kBoth), "9 4; rollover=1");
  EXPECT_EQ(Use({995, 4, 8}, kEnds), "9 4; rollover=1");
  // Far from its end it restarted.
  EXPECT_EQ(Use({500, 4, 8}, kBoth), "4 4; reset=1");
  EXPECT_EQ(Use({500, 4, 8}, kEnds), "4 4; reset=1");
  EXPECT_EQ(Use({899, 4}, kEnds), "4; reset=1");
  EXPECT_EQ(Use({995, 101}, kEnds), "101; reset=1");
  // And near its end it may dip as well.
  EXPECT_EQ(Use({995, 4, 998}, kBoth), "0 3; dip=1");
  // An index beyond the end that was said is no rollover.
  EXPECT_EQ(Use({2000, 4}, kEnds), "4; reset=1");
}

TEST(CounterUseTest, TheLargestStepGrowsWithTheTimeBetweenBelievedReadings) {
  const std::vector<Reading> readings = {{.time = kStart, .value = 100},
                                         {.time = kStart + seconds(150), .value = 125},
                                         {.time = kStart + seconds(151), .value = 136}};
  OddityCounts odd{};
  const port::SeriesTraits traits = kStep;
  EXPECT_EQ(IncreasesOf(Index(), traits, &readings[0], std::span(readings).subspan(1), odd),
            (std::vector<int64_t>{25, 0}));  // 11 in a second is more than an interval allows
  EXPECT_EQ(odd[static_cast<std::size_t>(Oddity::kReplaced)], 1u);
}

TEST(CounterUseTest, TheFirstReadingAddsNothing) {
  OddityCounts odd{};
  EXPECT_EQ(IncreasesOf(Index(), {}, nullptr, Minutes({50, 53}), odd),
            (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(odd, OddityCounts{});
}

// --- random true use with faults -----------------------------------------------------------------

constexpr int64_t kStepMax = 20;
constexpr int64_t kEnd = 1'000'000;

struct Used {
  std::vector<int64_t> truth;  // of each minute
  std::vector<int64_t> index;
};

Used Honest(Prng& prng, int minutes) {
  Used run;
  int64_t index = prng.Between(2'000, kEnd - 1);
  for (int i = 0; i < minutes; ++i) {
    run.truth.push_back(i == 0 ? 0 : prng.Between(0, kStepMax));
    index = (index + run.truth.back()) % kEnd;
    run.index.push_back(index);
  }
  return run;
}

int64_t Total(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

TEST(CounterUsePropertyTest, FaultsOfUpToThreeReadingsLeaveTheTruth) {
  const port::SeriesTraits traits{.rollover = kEnd, .step_max = kStepMax};
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    Prng prng(seed);
    Used run = Honest(prng, 60);
    std::vector<int64_t> faulty = run.index;
    for (std::size_t at = 2; at + kFaultReadingsMax < faulty.size();) {
      const auto many = static_cast<std::size_t>(prng.Between(1, kFaultReadingsMax));
      // A rollover beside a fault cannot be told from it.
      if (std::is_sorted(run.index.begin(), run.index.end()) && prng.Percent(30)) {
        for (std::size_t i = 0; i < many; ++i) {
          const bool up = prng.Percent(50);
          faulty[at + i] = up ? run.index[at] + prng.Between(10 * kStepMax, 1'000'000)
                              : prng.Between(0, run.index[at - 1] - 1);
        }
      }
      at += many + 1;
    }
    OddityCounts odd{};
    const std::vector<int64_t> used = IncreasesOf(Index(), traits, nullptr, Minutes(faulty), odd);
    EXPECT_EQ(Total(used), Total(run.truth)) << seed;
  }
}

TEST(CounterUsePropertyTest, WhateverItSaysTheUseIsNeverNegativeNorAboveTheLargestStep) {
  for (uint64_t seed = 0; seed < 4'000; ++seed) {
    Prng prng(seed);
    std::vector<Reading> readings;
    Time time = kStart;
    for (int i = 0; i < 50; ++i) {
      time += seconds(prng.Between(60, 600));
      readings.push_back({.time = time, .value = prng.Percent(50) ? prng.Between(0, 200)
                                                                  : prng.Between(0, kEnd)});
    }
    for (const bool rolls : {false, true}) {
      port::SeriesTraits traits{.rollover = std::nullopt, .step_max = kStepMax};
      if (rolls) traits.rollover = kEnd;
      OddityCounts odd{};
      const std::vector<int64_t> used =
          IncreasesOf(Index(), traits, &readings[0], std::span(readings).subspan(1), odd);
      EXPECT_GE(*std::min_element(used.begin(), used.end()), 0) << seed;
      const int64_t minutes = (readings.back().time - readings[0].time) / seconds(60);
      // Rounded up to a step for each reading.
      EXPECT_LE(Total(used), kStepMax * (minutes + 1) + 50) << seed;
    }
  }
}

TEST(CounterUsePropertyTest, WithoutTraitsADipOfOneReadingLeavesTheTruth) {
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    Prng prng(seed);
    const Used run = Honest(prng, 40);
    if (!std::is_sorted(run.index.begin(), run.index.end())) continue;
    std::vector<int64_t> faulty = run.index;
    for (std::size_t at = 1; at + 1 < faulty.size(); at += 2) {
      if (prng.Percent(40)) faulty[at] = prng.Between(0, run.index[at - 1] - 1);
    }
    OddityCounts odd{};
    EXPECT_EQ(Total(IncreasesOf(Index(), {}, nullptr, Minutes(faulty), odd)), Total(run.truth))
        << seed;
  }
}

}  // namespace
}  // namespace gateway::pipeline
