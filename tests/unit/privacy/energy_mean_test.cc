#include "gateway/privacy/energy_mean.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/prng.h"

namespace gateway::privacy {
namespace {

using gateway::testing::Prng;

// In long double, with 64 bits of mantissa: the mean in steps, not rounded.
long double Naive(const std::vector<HeldLevel>& levels, uint32_t steps_per_bel) {
  long double energy = 0;
  long double weight = 0;
  for (const HeldLevel& each : levels) {
    energy += static_cast<long double>(each.weight) *
              powl(10, static_cast<long double>(each.level) / steps_per_bel);
    weight += static_cast<long double>(each.weight);
  }
  return log10l(energy / weight) * steps_per_bel;
}

TEST(EnergyMeanTest, MeansOfLevelsAreThoseOfTheHandbooks) {
  EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{40, 1}, {60, 1}}, 10), 57);       // 57.03
  EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{400, 1}, {600, 1}}, 100), 570);
  EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{4000, 1}, {6000, 1}}, 1000), 5703);
  EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{50, 9}, {70, 1}}, 10), 60);       // 60.37
  // Half the energy is 3.0103 dB less.
  EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{8000, 1}, {-900'000, 1}}, 1000), 7699);
}

TEST(EnergyMeanTest, OneLevelIsItsOwnMeanHoweverOften) {
  for (const uint32_t scale : {10u, 100u, 1000u}) {
    for (const int64_t level : {int64_t{0}, int64_t{-1}, int64_t{12'345}, int64_t{1} << 61}) {
      EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{level, 1}}, scale), level);
      EXPECT_EQ(EnergyMean(std::vector<HeldLevel>(7, {level, 90'000}), scale), level);
    }
  }
}

TEST(EnergyMeanTest, WhatHeldForNoTimeIsNotHeard) {
  EXPECT_EQ(EnergyMean(std::vector<HeldLevel>{{300, 0}, {40, 5}, {200, 0}}, 10), 40);
}

TEST(EnergyMeanTest, EveryResolutionRoundsToTheNearestStep) {
  for (const uint32_t scale : {10u, 100u, 1000u}) {
    Prng prng(scale);
    for (int round = 0; round < 20'000; ++round) {
      std::vector<HeldLevel> levels;
      const int64_t spread = prng.Between(1, 12) * scale;
      for (int64_t i = prng.Between(1, 40); i > 0; --i) {
        levels.push_back({prng.Between(-spread, spread),
                          static_cast<uint64_t>(prng.Between(1, 90'000))});
      }
      const long double exact = Naive(levels, scale);
      const auto mean = static_cast<long double>(EnergyMean(levels, scale));
      // Of a mean in the very middle either step is the nearest, as far as long double can tell.
      EXPECT_LE(fabsl(mean - exact), 0.5L + 1e-12L * scale) << scale << " in round " << round;
    }
  }
}

TEST(EnergyMeanTest, TheErrorNamedInTheHeaderHoldsForTheShortestPeakOfTheLongestTime) {
  for (const uint32_t scale : {10u, 100u, 1000u}) {
    for (int64_t below = 0; below <= 18 * int64_t{scale}; below += 1 + scale / 7) {
      const std::vector<HeldLevel> levels = {{0, 1}, {-below, kEnergyWeightMax - 1}};
      const auto mean = static_cast<long double>(EnergyMean(levels, scale));
      const long double decibels = 10.0L / scale;
      EXPECT_LE(fabsl(mean - Naive(levels, scale)) * decibels,
                0.5L * decibels + 1.2e-17L * static_cast<long double>(kEnergyWeightMax) + 1e-14L)
          << scale << " and " << below;
    }
  }
}

TEST(EnergyMeanTest, TheLargestWeightsAndLevelsDoNotOverflow) {
  const std::vector<HeldLevel> levels = {
      {std::numeric_limits<int64_t>::max(), kEnergyWeightMax / 2},
      {std::numeric_limits<int64_t>::min(), kEnergyWeightMax / 2}};
  EXPECT_EQ(EnergyMean(levels, 1000), std::numeric_limits<int64_t>::max() - 301);  // 3.01 dB
  const EnergySum sum =
      SumEnergy(std::vector<HeldLevel>{{5, kEnergyWeightMax}}, 10);
  EXPECT_EQ(sum.energy, Wide{1} << 94);
}

TEST(EnergyMeanTest, TheLoudestStandsOutByItsEnergy) {
  // Three homes: 60 dB has as much energy as ten of 50 dB.
  const std::vector<HeldLevel> levels = {{60, 1}, {50, 1}, {50, 1}};  // 10 of 12 parts
  EXPECT_TRUE(LoudestStandsOut(levels, 10, 83));
  EXPECT_FALSE(LoudestStandsOut(levels, 10, 84));
  EXPECT_FALSE(LoudestStandsOut(std::vector<HeldLevel>(3, {60, 1}), 10, 34));
  EXPECT_TRUE(LoudestStandsOut(std::vector<HeldLevel>(3, {60, 1}), 10, 33));
}

}  // namespace
}  // namespace gateway::privacy
