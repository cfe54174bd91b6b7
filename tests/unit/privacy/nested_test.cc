// Bucket lengths that lie inside each other without either being the day.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "gateway/privacy/sheet.h"

namespace gateway::privacy {
namespace {

using Reason = SuppressionReason;
using ::testing::ElementsAre;

constexpr Time kDayStart{std::chrono::hours(24 * 15'719)};  // 2013-01-14

// Four quarter hours in two half hours; each row one household's readings.
SheetInput QuartersAndHalves(const std::vector<std::vector<int64_t>>& table) {
  constexpr std::chrono::minutes kQuarter{15};
  SheetInput input;
  input.day = {kDayStart, kDayStart + 4 * kQuarter};
  for (int i = 0; i < 4; ++i) {
    input.fine_windows.push_back({kDayStart + i * kQuarter, kDayStart + (i + 1) * kQuarter});
  }
  SheetRule quarters{.id = RuleId("quarters"), .k_min = 2, .top1_max_pct = 60};
  SheetRule halves = quarters;
  halves.id = RuleId("halves");
  halves.bucket = 2 * kQuarter;
  for (uint32_t i = 0; i < table.size(); ++i) {
    OwnerDay day;
    for (const int64_t value : table[i]) {
      day.fine.push_back(value < 0 ? Contribution{} : Contribution{value, 1});
    }
    input.owners.push_back(day);
    quarters.members.push_back(i);
    halves.members.push_back(i);
  }
  input.rules = {quarters, halves};
  return input;
}

std::vector<Reason> Reasons(const DecidedRule& rule) {
  std::vector<Reason> reasons;
  for (const DecidedBucket& bucket : rule.buckets) reasons.push_back(bucket.reason);
  return reasons;
}

TEST(NestedSheetTest, LongerBucketsAreSumsOfTheirOwnParts) {
  const auto decided = DecideSheet(QuartersAndHalves({{1, 2, 3, 4}, {1, 2, 3, 4}}));
  ASSERT_TRUE(decided.ok()) << Message(decided.status());
  const DecidedRule& halves = (*decided)[1];
  ASSERT_EQ(halves.buckets.size(), 2u);
  EXPECT_EQ(halves.buckets[0].sum, 6);
  EXPECT_EQ(halves.buckets[1].sum, 14);
  EXPECT_EQ(halves.buckets[1].window,
            (Window{kDayStart + std::chrono::minutes(30), kDayStart + std::chrono::minutes(60)}));
}

TEST(NestedSheetTest, OnlyTheHalfHourWithAHiddenQuarterIsProtected) {
  // The second quarter has one contributor; its half hour is released, so the first must go too.
  const auto decided = DecideSheet(QuartersAndHalves({{5, 1, 5, 5}, {5, -1, 5, 5}}));
  ASSERT_TRUE(decided.ok()) << Message(decided.status());
  EXPECT_THAT(Reasons((*decided)[0]), ElementsAre(Reason::kComplementary, Reason::kTooFew,
                                                  Reason::kNone, Reason::kNone));
  EXPECT_THAT(Reasons((*decided)[1]), ElementsAre(Reason::kNone, Reason::kNone));
}

TEST(NestedSheetTest, HiddenHalfHourNeedsNoProtectionOfItsQuarters) {
  // Nine against one: the first half hour is dominated, and with it hidden nothing subtracts.
  const auto decided = DecideSheet(QuartersAndHalves({{90, 5, 5, 5}, {10, 5, 5, 5}}));
  ASSERT_TRUE(decided.ok()) << Message(decided.status());
  EXPECT_THAT(Reasons((*decided)[0]),
              ElementsAre(Reason::kDominance, Reason::kNone, Reason::kNone, Reason::kNone));
  EXPECT_THAT(Reasons((*decided)[1]), ElementsAre(Reason::kDominance, Reason::kNone));
}

}  // namespace
}  // namespace gateway::privacy
