#include "gateway/model/rounding.h"

#include <gtest/gtest.h>

#include "tests/support/prng.h"

namespace gateway {
namespace {

TEST(RoundingTest, ATieGoesAwayFromZero) {
  struct Case {
    int64_t value, step, want;
  };
  for (const Case& c : {Case{0, 10, 0}, Case{4, 10, 0}, Case{5, 10, 10}, Case{14, 10, 10},
                        Case{15, 10, 20}, Case{-4, 10, 0}, Case{-5, 10, -10}, Case{-14, 10, -10},
                        Case{-15, 10, -20}, Case{7, 1, 7}, Case{4, 9, 0}, Case{5, 9, 9}}) {
    EXPECT_EQ(NearestMultiple(c.value, c.step), c.want) << c.value << " by " << c.step;
  }
}

TEST(RoundingTest, TheLargestNumbersDoNotOverflow) {
  constexpr int64_t kMax = (int64_t{1} << 62) - 1;
  EXPECT_EQ(NearestMultiple(kMax, kMax), kMax);
  EXPECT_EQ(NearestMultiple(kMax, kMax - 1), kMax - 1);
  EXPECT_EQ(NearestMultiple(kMax, kMax / 3 * 2), kMax / 3 * 4);
  EXPECT_EQ(NearestMultiple(-kMax, kMax / 3 * 2), -(kMax / 3 * 4));
}

TEST(RoundingTest, ResultsAreMultiplesAndNoMultipleIsNearer) {
  testing::Prng prng(3);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t value = prng.Between(-1'000, 1'000);
    const int64_t step = prng.Between(1, 60);
    const int64_t got = NearestMultiple(value, step);
    ASSERT_EQ(got % step, 0);
    const auto distance = [&](int64_t to) { return to > value ? to - value : value - to; };
    for (const int64_t other : {got - step, got + step}) {
      ASSERT_LE(distance(got), distance(other)) << value << " by " << step;
    }
  }
}

}  // namespace
}  // namespace gateway
