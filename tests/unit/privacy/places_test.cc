// Sheets of places, and contributions that are averaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

#include "gateway/privacy/sheet.h"
#include "tests/support/prng.h"

namespace gateway::privacy {
namespace {

using gateway::testing::Prng;
using Reason = SuppressionReason;
using ::testing::ElementsAre;

constexpr Time kDayStart{std::chrono::hours(24 * 15'719)};  // 2013-01-14
constexpr int64_t kNo = std::numeric_limits<int64_t>::min();

// One row per place, one value per hour of a short day; kNo = no reading. An hourly rule of all
// places and a daily one.
SheetInput Places(const std::vector<std::vector<int64_t>>& table,
                  std::optional<uint64_t> min_count = std::nullopt) {
  SheetInput input;
  input.owner_kind = OwnerKind::kPlace;
  const int hours = static_cast<int>(table[0].size());
  const auto at = [](int hour) { return kDayStart + std::chrono::hours(hour); };
  input.day = {at(0), at(hours)};
  for (int i = 0; i < hours; ++i) input.fine_windows.push_back({at(i), at(i + 1)});
  SheetRule hourly{.id = RuleId("hourly"), .min_count = min_count};
  for (uint32_t i = 0; i < table.size(); ++i) {
    OwnerDay day;
    for (const int64_t value : table[i]) {
      day.fine.push_back(value == kNo ? Contribution{} : Contribution{value, 2});
    }
    input.owners.push_back(day);
    hourly.members.push_back(i);
  }
  SheetRule daily = hourly;
  daily.id = RuleId("daily");
  daily.whole_day = true;
  input.rules = {hourly, daily};
  return input;
}

std::vector<DecidedRule> Decide(const SheetInput& input) {
  StatusOr<std::vector<DecidedRule>> decided = DecideSheet(input);
  EXPECT_TRUE(decided.ok()) << decided.status();
  return decided.ok() ? *std::move(decided) : std::vector<DecidedRule>(input.rules.size());
}

// "12" a sum, "<" below, "-" suppressed as empty, "x" to protect another.
std::string Shown(const DecidedRule& rule) {
  std::string text;
  for (const DecidedBucket& bucket : rule.buckets) {
    text += text.empty() ? "" : " ";
    if (bucket.reason == Reason::kComplementary) {
      text += "x";
    } else if (bucket.reason != Reason::kNone) {
      text += "-";
    } else {
      text += bucket.below ? "<" : std::to_string(bucket.sum);
    }
  }
  return text;
}

TEST(PlacesSheetTest, OnePlaceIsEnoughAndMayBeTheWholeSum) {
  const auto decided = Decide(Places({{7, 0, kNo}, {0, 0, kNo}}));
  EXPECT_EQ(Shown(decided[0]), "7 0 -");
  EXPECT_EQ(Shown(decided[1]), "7");
  EXPECT_EQ(decided[0].buckets[0].count, 2u);
  EXPECT_EQ(decided[0].buckets[2].reason, Reason::kTooFew);
}

TEST(PlacesSheetTest, HouseholdsStillNeedTheirSafeguards) {
  SheetInput input = Places({{7}, {8}});
  input.owner_kind = OwnerKind::kHousehold;
  EXPECT_EQ(DecideSheet(input).status().code(), StatusCode::kInvalidArgument);
  for (SheetRule& rule : input.rules) rule.k_min = 2;
  for (SheetRule& rule : input.rules) rule.top1_max_pct = 60;
  EXPECT_TRUE(DecideSheet(input).ok());
  for (SheetRule& rule : input.rules) rule.min_count = 5;
  EXPECT_EQ(DecideSheet(input).status().code(), StatusCode::kInvalidArgument);
}

TEST(PlacesSheetTest, SafeguardsOfHouseholdsAndMinCountOfMeansAreRefused) {
  for (void (*const change)(SheetInput&) :
       {+[](SheetInput& i) { i.rules[0].k_min = 2; },
        +[](SheetInput& i) { i.rules[0].top1_max_pct = 40; },
        +[](SheetInput& i) { i.rules[0].min_count = 0; },
        +[](SheetInput& i) {
          i.rules[0].min_count = 5;
          i.combine = Combine::kMean;
        }}) {
    SheetInput input = Places({{7}, {8}});
    ASSERT_TRUE(DecideSheet(input).ok());
    change(input);
    EXPECT_EQ(DecideSheet(input).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(PlacesSheetTest, ASumBelowMinCountIsOnlyCalledBelow) {
  const auto decided = Decide(Places({{3}, {1}}, 5));
  const DecidedBucket& bucket = decided[0].buckets[0];
  EXPECT_EQ(bucket.reason, Reason::kNone);
  EXPECT_TRUE(bucket.below);
  EXPECT_EQ(bucket.sum, 0);
  EXPECT_FALSE(Decide(Places({{4}, {1}}, 5))[0].buckets[0].below);
}

TEST(PlacesSheetTest, OneHiddenHourTakesTheSmallestOtherWithIt) {
  const auto decided = Decide(Places({{9, 2, 8, 8}}, 5));
  EXPECT_EQ(Shown(decided[0]), "9 < x 8");
  EXPECT_EQ(Shown(decided[1]), "27");
}

TEST(PlacesSheetTest, HiddenHoursMustReachMinCountTogether) {
  EXPECT_EQ(Shown(Decide(Places({{9, 2, 1, 8}}, 5))[0]), "9 < < x");
  EXPECT_EQ(Shown(Decide(Places({{9, 2, 3, 8}}, 5))[0]), "9 < < 8");
  EXPECT_EQ(Shown(Decide(Places({{9, kNo, 3, 8}}, 5))[0]), "9 - < x");
}

TEST(PlacesSheetTest, ADayThatIsItselfBelowGivesNothingToSubtract) {
  const auto decided = Decide(Places({{1, 2, 0, 1}}, 5));
  EXPECT_EQ(Shown(decided[0]), "< < < <");
  EXPECT_EQ(Shown(decided[1]), "<");
}

TEST(PlacesSheetTest, WithoutMinCountNothingIsProtected) {
  EXPECT_EQ(Shown(Decide(Places({{9, kNo, 8, 8}}))[0]), "9 - 8 8");
}

TEST(PlacesSheetTest, ARuleThatIsTooYoungReleasesNothing) {
  SheetInput input = Places({{9, 8}});
  for (SheetRule& rule : input.rules) rule.too_young = true;
  for (const DecidedRule& rule : Decide(input)) {
    for (const auto& bucket : rule.buckets) EXPECT_EQ(bucket.reason, Reason::kRuleTooYoung);
  }
}

// Whatever the sheet: no small sum is shown, and none can be worked out from a longer bucket.
TEST(PlacesSheetTest, NoSumBelowMinCountCanBeWorkedOut) {
  constexpr int kSheets = 4'000;
  Prng prng(21);
  int protected_days = 0;
  int helped = 0;
  for (int sheet = 0; sheet < kSheets && !HasFailure(); ++sheet) {
    SCOPED_TRACE("seed 21, sheet " + std::to_string(sheet));
    const auto hours = static_cast<std::size_t>(prng.Between(1, 8));
    const auto places = static_cast<std::size_t>(prng.Between(1, 4));
    const auto min_count = static_cast<int64_t>(prng.Between(1, 12));
    std::vector<std::vector<int64_t>> table(places);
    std::vector<int64_t> truth(hours, kNo);
    for (auto& row : table) {
      for (std::size_t i = 0; i < hours; ++i) {
        row.push_back(prng.Percent(15) ? kNo : prng.Between(0, prng.Percent(30) ? 2 : 9));
        if (row[i] != kNo) truth[i] = row[i] + (truth[i] == kNo ? 0 : truth[i]);
      }
    }
    const auto decided = Decide(Places(table, static_cast<uint64_t>(min_count)));
    int hidden = 0;
    int64_t hidden_sum = 0;
    int64_t day_sum = 0;
    int64_t least_shown = std::numeric_limits<int64_t>::max();
    int64_t most_helping = -1;
    for (std::size_t i = 0; i < hours; ++i) {
      const DecidedBucket& hour = decided[0].buckets[i];
      const int64_t sum = truth[i] == kNo ? 0 : truth[i];
      day_sum += sum;
      const bool shown = hour.reason == Reason::kNone && !hour.below;
      EXPECT_EQ(hour.reason == Reason::kTooFew, truth[i] == kNo);
      EXPECT_EQ(hour.below, truth[i] != kNo && sum < min_count);
      if (shown) {
        EXPECT_EQ(hour.sum, sum);
        EXPECT_GE(sum, min_count);
        least_shown = std::min(least_shown, sum);
        continue;
      }
      EXPECT_EQ(hour.sum, 0);
      if (hour.reason == Reason::kComplementary) most_helping = std::max(most_helping, sum);
      ++hidden;
      hidden_sum += sum;
    }
    EXPECT_LE(most_helping, least_shown);
    const DecidedBucket& day = decided[1].buckets[0];
    const bool day_shown = day.reason == Reason::kNone && !day.below;
    EXPECT_EQ(day.sum, day_shown ? day_sum : 0);
    if (most_helping >= 0) {
      EXPECT_TRUE(day_shown);
      ++helped;
    }
    // Once everything is hidden, the day is all there is.
    if (!day_shown || hidden == 0 || least_shown == std::numeric_limits<int64_t>::max()) continue;
    EXPECT_GE(hidden, 2);
    EXPECT_GE(hidden_sum, min_count);
    ++protected_days;
  }
  EXPECT_GT(protected_days, kSheets / 10);
  EXPECT_GT(helped, kSheets / 20);
}

Contribution Level(int64_t value, uint64_t seconds) { return {value, 1, seconds}; }

TEST(AveragedSheetTest, ALongerBucketIsTheMeanOfItsHoursWeightedByHowLongTheyHeld) {
  SheetInput input = Places({{0, 0, 0}, {0, 0, 0}});
  input.combine = Combine::kMean;
  input.owners[0].fine = {Level(10, 3600), Level(20, 1200), {}};
  input.owners[1].fine = {Level(-7, 1), Level(-8, 1), Level(99, 0)};
  const auto decided = Decide(input);
  EXPECT_EQ(Shown(decided[0]), "3 12 -");
  EXPECT_EQ(decided[0].buckets[2].reason, Reason::kTooFew);  // no weight: did not contribute
  // (10 × 3600 + 20 × 1200) ÷ 4800 = 12.5 → 13; (−7 − 8) ÷ 2 = −7.5 → −8.
  EXPECT_EQ(Shown(decided[1]), "5");
  EXPECT_EQ(decided[1].buckets[0].count, 2u);
  EXPECT_EQ(decided[1].buckets[0].readings, 5u);
}

TEST(AveragedSheetTest, HouseholdsAreJudgedByTheirMeans) {
  SheetInput input = Places({{0, 0}, {0, 0}, {0, 0}});
  input.owner_kind = OwnerKind::kHousehold;
  input.combine = Combine::kMean;
  for (SheetRule& rule : input.rules) rule.k_min = 3;
  for (SheetRule& rule : input.rules) rule.top1_max_pct = 40;
  for (OwnerDay& owner : input.owners) owner.fine = {Level(100, 3600), Level(100, 3600)};
  EXPECT_EQ(Shown(Decide(input)[1]), "300");
  input.owners[0].fine[1] = Level(200, 3600);  // 200 of 400 in that hour, 150 of 350 in the day
  EXPECT_THAT(Decide(input)[0].buckets[1].reason, Reason::kDominance);
  EXPECT_THAT(Decide(input)[1].buckets[0].reason, Reason::kDominance);
  input.owners[0].fine[1].weight = 60;  // for a minute: 102 of 302 in the day
  EXPECT_THAT(Decide(input)[1].buckets[0].reason, Reason::kNone);
}

TEST(AveragedSheetTest, LargeLevelsHeldForLongDoNotOverflow) {
  constexpr int64_t kLarge = (int64_t{1} << 60) + 1;
  SheetInput input = Places({{0, 0}});
  input.combine = Combine::kMean;
  input.owners[0].fine = {Level(kLarge, 90'000), Level(kLarge, 90'000)};
  EXPECT_EQ(Shown(Decide(input)[1]), std::to_string(kLarge));
}

}  // namespace
}  // namespace gateway::privacy
