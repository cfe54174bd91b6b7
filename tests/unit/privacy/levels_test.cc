// Sheets of levels in decibels.
#include <gtest/gtest.h>

#include <string>

#include "gateway/privacy/energy_mean.h"
#include "gateway/privacy/sheet.h"

namespace gateway::privacy {
namespace {

using Reason = SuppressionReason;

constexpr Time kDayStart{std::chrono::hours(24 * 15'719)};  // 2013-01-14

// One row per owner, one level per hour of a short day, each held for the whole hour, in steps of
// 1 dB. An hourly rule of all owners and a daily one.
SheetInput Levels(const std::vector<std::vector<int64_t>>& table, OwnerKind kind) {
  SheetInput input;
  input.owner_kind = kind;
  input.combine = Combine::kEnergyMean;
  input.steps_per_bel = 10;
  const int hours = static_cast<int>(table[0].size());
  const auto at = [](int hour) { return kDayStart + std::chrono::hours(hour); };
  input.day = {at(0), at(hours)};
  for (int i = 0; i < hours; ++i) input.fine_windows.push_back({at(i), at(i + 1)});
  SheetRule hourly{.id = RuleId("hourly")};
  if (kind == OwnerKind::kHousehold) {
    hourly.k_min = 3;
    hourly.top1_max_pct = 40;
  }
  for (uint32_t i = 0; i < table.size(); ++i) {
    OwnerDay day;
    for (const int64_t value : table[i]) day.fine.push_back({value, 2, 3600});
    input.owners.push_back(day);
    hourly.members.push_back(i);
  }
  SheetRule daily = hourly;
  daily.id = RuleId("daily");
  daily.whole_day = true;
  input.rules = {hourly, daily};
  return input;
}

// Each bucket's mean, or why there is none; rules on lines.
std::string Shown(const SheetInput& input) {
  const StatusOr<std::vector<DecidedRule>> decided = DecideSheet(input);
  if (!decided.ok()) return std::string(Message(decided.status()));
  std::string text;
  for (const DecidedRule& rule : *decided) {
    for (const DecidedBucket& bucket : rule.buckets) {
      text += bucket.reason == Reason::kNone ? std::to_string(bucket.mean)
                                             : std::string(SuppressionReasonName(bucket.reason));
      EXPECT_EQ(bucket.sum, 0);
      text += " ";
    }
    text += "| ";
  }
  return text;
}

TEST(LevelsTest, ALongerBucketAndAMeanOverPlacesAreMeansOfTheEnergy) {
  // Hours: 60 and 40 → 57, 50 and 50 → 50. Days: 60, 50 → 57; 40, 50 → 47; together 54.
  EXPECT_EQ(Shown(Levels({{60, 50}, {40, 50}}, OwnerKind::kPlace)), "57 50 | 54 | ");
}

TEST(LevelsTest, ALoudHomeIsHidden) {
  const std::string even = Shown(Levels({{50}, {51}, {50}, {49}}, OwnerKind::kHousehold));
  EXPECT_EQ(even, "50 | 50 | ");
  // 54 dB has 46 % of the energy of these four, though only 27 % of their decibels.
  EXPECT_EQ(Shown(Levels({{54}, {50}, {49}, {48}}, OwnerKind::kHousehold)),
            "dominance | dominance | ");
}

TEST(LevelsTest, AHiddenHourTakesTheQuietestOtherOneWithIt) {
  // One home has 71 % of the first hour's energy, and 33 % of that hour's and the third's together.
  const std::vector<int64_t> quiet = {50, 65, 60, 70};
  EXPECT_EQ(Shown(Levels({{60, 65, 60, 70}, quiet, quiet, quiet, quiet}, OwnerKind::kHousehold)),
            "dominance 65 complementary 70 | 66 | ");
}

TEST(LevelsTest, OneHouseholdIsNoStatistic) {
  EXPECT_EQ(Shown(Levels({{50}}, OwnerKind::kHousehold)),
            "too-few-households | too-few-households | ");
}

TEST(LevelsTest, AnInputThatCannotBeAveragedIsRefused) {
  SheetInput input = Levels({{50}, {50}, {50}}, OwnerKind::kPlace);
  input.steps_per_bel = 20;
  EXPECT_EQ(Shown(input), "sheet: 20 steps in a bel, but only 10, 100 and 1000 are known");
  input.steps_per_bel = 10;
  input.owners[1].fine[0].weight = kEnergyWeightMax + 1;
  EXPECT_EQ(Shown(input), "sheet: the levels of input 1 weigh more than 4294967296 seconds");
}

}  // namespace
}  // namespace gateway::privacy
