// Random sheets against the properties of architecture §6, each computed here in the plainest way
// from the input, never from what the decision used.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "gateway/privacy/sheet.h"
#include "tests/support/prng.h"

namespace gateway::privacy {
namespace {

using gateway::testing::Prng;
using Reason = SuppressionReason;

constexpr int kSheets = 4'000;
constexpr Time kDayStart{std::chrono::hours(24 * 15'719)};

int64_t RandomValue(Prng& prng) {
  if (prng.Percent(20)) return 0;
  return prng.Percent(15) ? prng.Between(100, 400) : prng.Between(1, 30);
}

SheetRule RandomRule(Prng& prng, int number, uint32_t households) {
  SheetRule rule;
  rule.id = RuleId("rule-" + std::to_string(number));
  rule.whole_day = prng.Percent(50);
  rule.k_min = static_cast<uint32_t>(prng.Between(2, 5));
  rule.top1_max_pct = static_cast<uint32_t>(prng.Between(25, 60));
  if (prng.Percent(50)) rule.top2_max_pct = static_cast<uint32_t>(prng.Between(35, 90));
  rule.too_young = prng.Percent(10);
  const uint64_t chance = prng.Percent(50) ? 100 : prng.Below(101);
  for (uint32_t i = 0; i < households; ++i) {
    if (prng.Percent(chance)) rule.members.push_back(i);
  }
  return rule;
}

SheetInput RandomSheet(Prng& prng) {
  SheetInput input;
  const auto windows = static_cast<int>(prng.Between(1, 6));
  const auto households = static_cast<uint32_t>(prng.Between(0, 14));
  const auto at = [](int hour) { return kDayStart + std::chrono::hours(hour); };
  input.day = {at(0), at(windows)};
  for (int i = 0; i < windows; ++i) input.fine_windows.push_back({at(i), at(i + 1)});
  const uint64_t present = prng.Percent(60) ? 97 : 60;
  for (uint32_t i = 0; i < households; ++i) {
    OwnerDay household;
    for (int w = 0; w < windows; ++w) {
      household.fine.push_back(prng.Percent(present) ? Contribution{RandomValue(prng), 2}
                                                     : Contribution{});
    }
    input.owners.push_back(household);
  }
  const auto rules = static_cast<int>(prng.Between(1, 4));
  for (int i = 0; i < rules; ++i) input.rules.push_back(RandomRule(prng, i, households));
  return input;
}

// Each contributing household's total over some windows.
std::vector<int64_t> Shares(const SheetInput& input, const SheetRule& rule,
                            const std::set<std::size_t>& windows) {
  std::vector<int64_t> shares;
  for (const uint32_t member : rule.members) {
    bool contributes = false;
    int64_t total = 0;
    for (const std::size_t window : windows) {
      const Contribution& part = input.owners[member].fine[window];
      contributes = contributes || part.readings > 0;
      total += part.value;
    }
    if (contributes) shares.push_back(total);
  }
  return shares;
}

int64_t SumOf(const std::vector<int64_t>& values) {
  int64_t sum = 0;
  for (const int64_t value : values) sum += value;
  return sum;
}

bool Safe(const std::vector<int64_t>& shares, const SheetRule& rule) {
  if (shares.size() < rule.k_min) return false;
  std::vector<int64_t> largest = shares;
  std::ranges::sort(largest, std::greater());
  const int64_t second = largest.size() > 1 ? largest[1] : 0;
  const int64_t sum = SumOf(shares);
  return largest[0] * 100 <= sum * rule.top1_max_pct &&
         (rule.top2_max_pct == 0 || (largest[0] + second) * 100 <= sum * rule.top2_max_pct);
}

std::set<std::size_t> WindowsOf(const SheetInput& input, const SheetRule& rule, std::size_t i) {
  if (!rule.whole_day) return {i};
  std::set<std::size_t> all;
  for (std::size_t w = 0; w < input.fine_windows.size(); ++w) all.insert(w);
  return all;
}

std::set<std::size_t> Suppressed(const DecidedRule& rule) {
  std::set<std::size_t> suppressed;
  for (std::size_t i = 0; i < rule.buckets.size(); ++i) {
    if (rule.buckets[i].reason != Reason::kNone) suppressed.insert(i);
  }
  return suppressed;
}

bool AnythingReleased(const DecidedRule& rule) {
  return Suppressed(rule).size() < rule.buckets.size();
}

bool IsKept(const DecidedRule& rule) {
  return rule.buckets[0].reason != Reason::kOverlap &&
         rule.buckets[0].reason != Reason::kRuleTooYoung;
}

std::set<uint32_t> SetOf(const SheetInput& input, const SheetRule& rule) {
  std::set<uint32_t> present;
  for (const uint32_t member : rule.members) {
    for (const Contribution& part : input.owners[member].fine) {
      if (part.readings > 0) present.insert(member);
    }
  }
  return present;
}

std::size_t Difference(const std::set<uint32_t>& a, const std::set<uint32_t>& b) {
  std::size_t only = 0;
  for (const uint32_t x : a) only += b.count(x) == 0 ? 1 : 0;
  for (const uint32_t x : b) only += a.count(x) == 0 ? 1 : 0;
  return only;
}

class SheetPropertyTest : public ::testing::Test {
 protected:
  template <typename Check>
  void ForRandomSheets(uint64_t seed, const Check& check) {
    Prng prng(seed);
    for (int i = 0; i < kSheets && !HasFailure(); ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", sheet " + std::to_string(i));
      const SheetInput input = RandomSheet(prng);
      const StatusOr<std::vector<DecidedRule>> decided = DecideSheet(input);
      ASSERT_TRUE(decided.ok()) << decided.status();
      ASSERT_EQ(decided->size(), input.rules.size());
      check(input, *decided, prng);
    }
  }
};

TEST_F(SheetPropertyTest, ReleasedBucketsAreSafeAndTheirFiguresExact) {
  int released = 0;
  ForRandomSheets(11, [&](const SheetInput& input, const std::vector<DecidedRule>& decided, Prng&) {
    for (std::size_t r = 0; r < decided.size(); ++r) {
      const SheetRule& rule = input.rules[r];
      ASSERT_EQ(decided[r].buckets.size(), rule.whole_day ? 1 : input.fine_windows.size());
      for (std::size_t i = 0; i < decided[r].buckets.size(); ++i) {
        const DecidedBucket& bucket = decided[r].buckets[i];
        if (bucket.reason != Reason::kNone) continue;
        const std::vector<int64_t> shares = Shares(input, rule, WindowsOf(input, rule, i));
        EXPECT_TRUE(Safe(shares, rule));
        EXPECT_EQ(bucket.count, shares.size());
        EXPECT_EQ(bucket.sum, SumOf(shares));
        ++released;
      }
    }
  });
  EXPECT_GT(released, kSheets / 2);
}

TEST_F(SheetPropertyTest, NoTwoReleasedRulesDifferByOneToKMinusOneHouseholds) {
  int overlaps = 0;
  ForRandomSheets(12, [&](const SheetInput& input, const std::vector<DecidedRule>& decided, Prng&) {
    for (std::size_t a = 0; a < decided.size(); ++a) {
      overlaps += decided[a].buckets[0].reason == Reason::kOverlap ? 1 : 0;
      for (std::size_t b = 0; b < a; ++b) {
        if (!AnythingReleased(decided[a]) || !AnythingReleased(decided[b])) continue;
        const std::size_t size =
            Difference(SetOf(input, input.rules[a]), SetOf(input, input.rules[b]));
        EXPECT_TRUE(size == 0 || size >= std::max(input.rules[a].k_min, input.rules[b].k_min))
            << size;
      }
    }
  });
  EXPECT_GT(overlaps, kSheets / 10);
}

TEST_F(SheetPropertyTest, UnderAReleasedDayTheSuppressedHoursProtectEachOther) {
  int protected_sheets = 0;
  ForRandomSheets(13, [&](const SheetInput& input, const std::vector<DecidedRule>& decided, Prng&) {
    bool day_released = false;
    for (std::size_t r = 0; r < decided.size(); ++r) {
      day_released = day_released || (input.rules[r].whole_day && AnythingReleased(decided[r]));
    }
    if (!day_released) return;
    for (std::size_t r = 0; r < decided.size(); ++r) {
      if (input.rules[r].whole_day) continue;
      const std::set<std::size_t> suppressed = Suppressed(decided[r]);
      if (suppressed.empty() || !AnythingReleased(decided[r])) continue;
      EXPECT_GE(suppressed.size(), 2u);
      EXPECT_TRUE(Safe(Shares(input, input.rules[r], suppressed), input.rules[r]));
      ++protected_sheets;
    }
  });
  EXPECT_GT(protected_sheets, kSheets / 100);
}

// Nothing is held back without need: an unsafe bucket has a primary reason, and a complementary
// one stands only under a released day, is safe itself, and was no larger than any left released.
TEST_F(SheetPropertyTest, OnlyWhatMustBeIsSuppressed) {
  int complementary = 0;
  ForRandomSheets(14, [&](const SheetInput& input, const std::vector<DecidedRule>& decided, Prng&) {
    bool day_released = false;
    for (std::size_t r = 0; r < decided.size(); ++r) {
      day_released = day_released || (input.rules[r].whole_day && AnythingReleased(decided[r]));
    }
    for (std::size_t r = 0; r < decided.size(); ++r) {
      const SheetRule& rule = input.rules[r];
      EXPECT_EQ(rule.too_young, decided[r].buckets[0].reason == Reason::kRuleTooYoung);
      if (!IsKept(decided[r])) continue;
      for (std::size_t i = 0; i < decided[r].buckets.size(); ++i) {
        const DecidedBucket& bucket = decided[r].buckets[i];
        const std::vector<int64_t> shares = Shares(input, rule, WindowsOf(input, rule, i));
        const bool safe = Safe(shares, rule);
        EXPECT_EQ(bucket.reason == Reason::kTooFew, shares.size() < rule.k_min);
        EXPECT_EQ(safe, bucket.reason == Reason::kNone || bucket.reason == Reason::kComplementary);
        if (bucket.reason != Reason::kComplementary) continue;
        EXPECT_TRUE(day_released && !rule.whole_day);
        for (const DecidedBucket& other : decided[r].buckets) {
          EXPECT_TRUE(other.reason != Reason::kNone || SumOf(shares) <= other.sum);
        }
        ++complementary;
      }
    }
  });
  EXPECT_GT(complementary, kSheets / 100);
}

TEST_F(SheetPropertyTest, TheOrderOfHouseholdsDoesNotMatter) {
  ForRandomSheets(15, [&](const SheetInput& input, const std::vector<DecidedRule>& decided,
                          Prng& prng) {
    std::vector<uint32_t> place(input.owners.size());  // old index → new index
    for (uint32_t i = 0; i < place.size(); ++i) place[i] = i;
    for (std::size_t i = place.size(); i > 1; --i) std::swap(place[i - 1], place[prng.Below(i)]);
    SheetInput shuffled = input;
    for (std::size_t i = 0; i < place.size(); ++i) {
      shuffled.owners[place[i]] = input.owners[i];
    }
    for (SheetRule& rule : shuffled.rules) {
      for (uint32_t& member : rule.members) member = place[member];
      std::sort(rule.members.begin(), rule.members.end());
    }
    const StatusOr<std::vector<DecidedRule>> again = DecideSheet(shuffled);
    ASSERT_TRUE(again.ok());
    for (std::size_t r = 0; r < decided.size(); ++r) {
      for (std::size_t i = 0; i < decided[r].buckets.size(); ++i) {
        const DecidedBucket& a = decided[r].buckets[i];
        const DecidedBucket& b = (*again)[r].buckets[i];
        EXPECT_EQ(a.reason, b.reason);
        EXPECT_EQ(a.count, b.count);
        EXPECT_EQ(a.sum, b.sum);
        EXPECT_EQ(a.readings, b.readings);
      }
    }
  });
}

}  // namespace
}  // namespace gateway::privacy
