// The two largest together, and rounded sums.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "gateway/privacy/sheet.h"
#include "tests/support/prng.h"

namespace gateway::privacy {
namespace {

using gateway::testing::Prng;
using Reason = SuppressionReason;
using ::testing::ElementsAre;

constexpr Time kDayStart{std::chrono::hours(24 * 15'719)};  // 2013-01-14

// One row per household, one value per hour.
SheetInput Sheet(const std::vector<std::vector<int64_t>>& table, const SheetRule& rule,
                 bool with_day = false) {
  SheetInput input;
  const auto hours = static_cast<int>(table[0].size());
  const auto at = [](int hour) { return kDayStart + std::chrono::hours(hour); };
  input.day = {at(0), at(hours)};
  for (int i = 0; i < hours; ++i) input.fine_windows.push_back({at(i), at(i + 1)});
  for (const std::vector<int64_t>& row : table) {
    OwnerDay owner;
    for (const int64_t value : row) owner.fine.push_back({value, 2, 3600});
    input.owners.push_back(owner);
  }
  SheetRule all = rule;
  all.members.resize(table.size());
  std::iota(all.members.begin(), all.members.end(), 0u);
  input.rules = {all};
  if (with_day) {
    all.id = RuleId("daily");
    all.whole_day = true;
    input.rules.push_back(all);
  }
  return input;
}

SheetRule Rule(uint32_t top2, int64_t round_to = 0) {
  return {.id = RuleId("hourly"), .k_min = 3, .top1_max_pct = 40, .top2_max_pct = top2,
          .round_to = round_to};
}

DecidedBucket OneHour(const std::vector<int64_t>& values, const SheetRule& rule) {
  std::vector<std::vector<int64_t>> table;
  for (const int64_t value : values) table.push_back({value});
  const auto decided = DecideSheet(Sheet(table, rule));
  EXPECT_TRUE(decided.ok()) << Message(decided.status());
  return decided.ok() ? (*decided)[0].buckets[0] : DecidedBucket{};
}

TEST(Top2Test, TheTwoLargestMayHaveExactlyTheirShare) {
  EXPECT_EQ(OneHour({30, 30, 20, 20}, Rule(60)).reason, Reason::kNone);
  EXPECT_EQ(OneHour({30, 30, 20, 20}, Rule(59)).reason, Reason::kDominance);
  EXPECT_EQ(OneHour({31, 30, 20, 19}, Rule(60)).reason, Reason::kDominance);
  EXPECT_EQ(OneHour({31, 30, 20, 19}, Rule(0)).reason, Reason::kNone);
}

TEST(Top2Test, ASumOfZeroIsSafe) {
  EXPECT_EQ(OneHour({0, 0, 0}, Rule(1)).reason, Reason::kNone);
}

// 62 bits in sum: a hundred times that must not overflow.
TEST(Top2Test, TheLargestSumsAreComparedExactly) {
  constexpr int64_t kTenth = ((int64_t{1} << 62) - 1) / 10;
  EXPECT_EQ(OneHour({3 * kTenth, 3 * kTenth, 2 * kTenth, 2 * kTenth}, Rule(60)).reason,
            Reason::kNone);
  EXPECT_EQ(OneHour({3 * kTenth + 1, 3 * kTenth, 2 * kTenth, 2 * kTenth}, Rule(60)).reason,
            Reason::kDominance);
}

// 10, 10 and 10 + 10 dB more: energies 1, 1, 1, 10 of 13.
TEST(Top2Test, OfLevelsTheSharesAreOnesOfTheEnergy) {
  const auto reason = [](uint32_t top2) {
    SheetRule rule = Rule(top2);
    rule.top1_max_pct = 100;
    SheetInput input = Sheet({{60}, {60}, {60}, {70}}, rule);
    input.combine = Combine::kEnergyMean;
    input.steps_per_bel = 10;
    const auto decided = DecideSheet(input);
    EXPECT_TRUE(decided.ok()) << Message(decided.status());
    return (*decided)[0].buckets[0].reason;
  };
  EXPECT_EQ(reason(84), Reason::kDominance);  // 11/13 = 84.6 %
  EXPECT_EQ(reason(85), Reason::kNone);
  EXPECT_EQ(reason(0), Reason::kNone);
}

TEST(Top2Test, TwoEquallyLoudCountAsTwo) {
  SheetRule rule = Rule(60);
  rule.top1_max_pct = 60;
  SheetInput input = Sheet({{70}, {70}, {60}, {60}}, rule);  // 10, 10, 1, 1 of 22
  input.combine = Combine::kEnergyMean;
  input.steps_per_bel = 10;
  EXPECT_EQ((*DecideSheet(input))[0].buckets[0].reason, Reason::kDominance);
}

// In the first two hours two homes have 80 of 100, and so they have of both together. The third must
// join them: then it is 210 of 300.
TEST(Top2Test, HiddenHoursMustBeSafeTogetherByItToo) {
  const auto decided = DecideSheet(Sheet(
      {{40, 40, 25, 26}, {40, 40, 25, 26}, {10, 10, 25, 24}, {10, 10, 25, 24}}, Rule(70), true));
  ASSERT_TRUE(decided.ok());
  EXPECT_EQ((*decided)[1].buckets[0].reason, Reason::kNone);  // the day: 262 of 400
  std::vector<Reason> reasons;
  for (const DecidedBucket& bucket : (*decided)[0].buckets) reasons.push_back(bucket.reason);
  EXPECT_THAT(reasons, ElementsAre(Reason::kDominance, Reason::kDominance, Reason::kComplementary,
                                   Reason::kNone));
}

// The attack that the limit is for: whoever has the second largest contribution, or whoever learns
// it, subtracts it from the released sum and takes what is left for the largest. With the limit that is
// wrong by at least the rest of the sum; without it a released figure may give it away much better.
TEST(Top2AttackTest, TheSecondLargestMissesTheLargestByTheRestOfTheSum) {
  Prng prng(21);
  int released = 0, closer_without = 0;
  for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
    std::vector<int64_t> values;
    const int64_t homes = prng.Between(3, 9);
    for (int64_t h = 0; h < homes; ++h) {
      values.push_back(prng.Percent(40) ? prng.Between(300, 400) : prng.Between(0, 60));
    }
    std::vector<int64_t> sorted = values;
    std::ranges::sort(sorted, std::greater());
    const auto error = [&](const DecidedBucket& bucket) { return bucket.sum - sorted[1] - sorted[0]; };
    const auto top2 = static_cast<uint32_t>(prng.Between(45, 70));
    const DecidedBucket with = OneHour(values, Rule(top2));
    const DecidedBucket without = OneHour(values, Rule(0));
    if (without.reason == Reason::kNone &&
        error(without) * 100 < int64_t{100 - top2} * without.sum) {
      ++closer_without;
      EXPECT_EQ(with.reason, Reason::kDominance);
    }
    if (with.reason != Reason::kNone) continue;
    ++released;
    EXPECT_GE(error(with) * 100, int64_t{100 - top2} * with.sum);
  }
  EXPECT_GT(released, 1'000);
  EXPECT_GT(closer_without, 1'000);
}

// Two who know of each other are left with what at least k_min - 2 others have, and no less than that
// share of it all.
TEST(Top2AttackTest, TwoColludingLargestAreLeftWithTheRestOfSeveralOthers) {
  Prng prng(22);
  int released = 0;
  for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
    std::vector<int64_t> values;
    for (int64_t h = prng.Between(4, 9); h > 0; --h) values.push_back(prng.Between(0, 400));
    SheetRule rule = Rule(60);
    rule.k_min = 5;
    const DecidedBucket bucket = OneHour(values, rule);
    if (bucket.reason != Reason::kNone) continue;
    ++released;
    std::ranges::sort(values, std::greater());
    EXPECT_GE(bucket.count - 2, 3u);
    EXPECT_GE((bucket.sum - values[0] - values[1]) * 100, 40 * bucket.sum);
  }
  EXPECT_GT(released, 1'000);
}

TEST(RoundToTest, TheSumIsRoundedAndTheMeanMadeOfIt) {
  const DecidedBucket exact = OneHour({10, 11, 12, 12}, Rule(0));
  EXPECT_EQ(exact.sum, 45);
  EXPECT_EQ(exact.mean, 11);
  const DecidedBucket rounded = OneHour({10, 11, 12, 12}, Rule(0, 10));
  EXPECT_EQ(rounded.sum, 50);
  EXPECT_EQ(rounded.mean, 13);  // 12.5
  EXPECT_EQ(rounded.count, 4u);
  EXPECT_EQ(OneHour({1, 1, 1, 1}, Rule(0, 10)).sum, 0);
  EXPECT_EQ(OneHour({1, 1, 1, 1}, Rule(0, 10)).mean, 0);
}

// Otherwise which cell is hidden would depend on how coarse the others are told.
TEST(RoundToTest, WhatIsSuppressedDoesNotDependOnIt) {
  Prng prng(23);
  for (int i = 0; i < 3'000 && !HasFailure(); ++i) {
    std::vector<std::vector<int64_t>> table;
    for (int h = 0; h < 6; ++h) {
      table.emplace_back();
      for (int w = 0; w < 5; ++w) {
        table.back().push_back(prng.Percent(20) ? prng.Between(0, 400) : prng.Between(0, 40));
      }
    }
    const auto top2 = static_cast<uint32_t>(prng.Between(50, 75));
    const int64_t round_to = prng.Between(2, 50);
    const auto exact = DecideSheet(Sheet(table, Rule(top2), true));
    const auto rounded = DecideSheet(Sheet(table, Rule(top2, round_to), true));
    ASSERT_TRUE(exact.ok() && rounded.ok());
    for (std::size_t r = 0; r < exact->size(); ++r) {
      for (std::size_t b = 0; b < (*exact)[r].buckets.size(); ++b) {
        const DecidedBucket& before = (*exact)[r].buckets[b];
        const DecidedBucket& after = (*rounded)[r].buckets[b];
        ASSERT_EQ(before.reason, after.reason);
        ASSERT_EQ(before.count, after.count);
        if (before.reason != Reason::kNone) continue;
        ASSERT_EQ(after.sum % round_to, 0);
        ASSERT_LE(std::abs(after.sum - before.sum) * 2, round_to);
      }
    }
  }
}

TEST(SafeguardsTest, WhatDoesNotFitIsRefused) {
  struct Case {
    const char* name;
    void (*change)(SheetInput&);
  };
  for (const Case& c : {
           Case{"more than all", [](SheetInput& in) { in.rules[0].top2_max_pct = 101; }},
           Case{"below zero", [](SheetInput& in) { in.rules[0].round_to = -1; }},
           Case{"too coarse", [](SheetInput& in) { in.rules[0].round_to = int64_t{1} << 62; }},
           Case{"levels",
                [](SheetInput& in) {
                  in.combine = Combine::kEnergyMean;
                  in.steps_per_bel = 10;
                  in.rules[0].round_to = 5;
                }},
           Case{"of places",
                [](SheetInput& in) {
                  in.owner_kind = OwnerKind::kPlace;
                  in.rules[0].k_min = in.rules[0].top1_max_pct = 0;
                }},
       }) {
    SheetInput input = Sheet({{1}, {1}, {1}}, Rule(80));
    c.change(input);
    EXPECT_EQ(DecideSheet(input).status().code(), StatusCode::kInvalidArgument) << c.name;
  }
}

}  // namespace
}  // namespace gateway::privacy
