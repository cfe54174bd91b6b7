#include "gateway/model/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

namespace gateway {
namespace {

Decimal Exact(std::string_view text) {
  const StatusOr<Decimal> parsed = Decimal::Parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : Decimal();
}

TEST(DecimalTest, ScalesExactlyAndRoundsHalvesAwayFromZero) {
  struct Case {
    std::string_view text;
    std::string_view multiplier;
    std::string_view divisor;
    int64_t want;
  };
  for (const Case& c : {
           Case{"1.4220001", "1000", "1", 1422},  // kWh to Wh, as the London file has them
           Case{"0.204", "1000", "1", 204},
           Case{"0.0004999999", "1000", "1", 0},
           Case{"0.0005", "1000", "1", 1},
           Case{"0.0015", "1000", "1", 2},
           Case{"1.0005", "1000", "1", 1001},  // a double would be below the half
           Case{"-0.0005", "1000", "1", -1},
           Case{"-0.0004", "1000", "1", 0},
           Case{"-1.5", "1", "1", -2},
           Case{"2.5", "1", "1", 3},
           Case{"1", "1", "3", 0},
           Case{"2", "1", "3", 1},
           Case{"7", "1", "0.5", 14},
           Case{"0.1", "1", "0.1", 1},
           Case{"1e3", "1", "1", 1000},
           Case{"25E-1", "1", "1", 3},
           Case{"1.0e+2", "1", "1", 100},
           Case{"007", "1", "1", 7},
           Case{"-0", "1000", "1", 0},
           Case{"0e999", "1e30", "1e-30", 0},
           Case{"1e-30", "1000", "1", 0},
           Case{"0.000000000000000000000000000001", "1", "1e30", 0},
           Case{"9223372036854775807", "1", "1", 9223372036854775807},
           Case{"-9223372036854775807", "1", "1", -9223372036854775807},
           Case{"9223372036854775807.4", "1", "1", 9223372036854775807},
           Case{"123456789012345678901234567890e-25", "1", "1", 12346},
       }) {
    SCOPED_TRACE(std::string(c.text));
    const StatusOr<int64_t> got = Exact(c.text).Scale(Exact(c.multiplier), Exact(c.divisor));
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, c.want);
  }
}

TEST(DecimalTest, ResultsBeyond63BitsAreRefused) {
  for (const std::string_view text :
       {"9223372036854775808", "9223372036854775807.5", "-9223372036854775808", "1e19", "5e30",
        "123456789012345678901234567890", "999999999999999999999999999999e0"}) {
    SCOPED_TRACE(std::string(text));
    const StatusOr<int64_t> got = Exact(text).Scale(Exact("1"), Exact("1"));
    EXPECT_EQ(got.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(DecimalTest, RefusesWhatIsNoDecimalNumber) {
  for (const std::string_view text :
       {"", " ", "-", "+1", ".5", "5.", "1e", "1e+", "1ex", "1.2.3", "1,5", "0x10", "nan", "NaN",
        "inf", "-Infinity", "1 ", " 1", "--1", "1e31", "1e-31", "1e1001", "1e99999999999999999999",
        "1234567890123456789012345678901", "0.0000000000000000000000000000001", "1\n", "١"}) {
    SCOPED_TRACE(std::string(text));
    EXPECT_EQ(Decimal::Parse(text).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(DecimalTest, TextIsTheShortestPlainForm) {
  struct Case {
    std::string_view text;
    std::string_view want;
  };
  for (const Case& c : {Case{"1.500", "1.5"}, Case{"0", "0"}, Case{"-0.0", "0"}, Case{"1e3", "1000"},
                        Case{"25e-3", "0.025"}, Case{"-12.50", "-12.5"}, Case{"0010", "10"}}) {
    EXPECT_EQ(Exact(c.text).ToString(), c.want);
  }
}

TEST(DecimalTest, ZerosAtTheEndAreNoDigitsOfTheirOwn) {
  EXPECT_EQ(Exact("1" + std::string(30, '0')).ToString(), "1" + std::string(30, '0'));
  EXPECT_EQ(Exact("1.5" + std::string(60, '0')).ToString(), "1.5");
  EXPECT_EQ(Exact("100.500e-2").ToString(), "1.005");
  EXPECT_EQ(Exact("10000000000e-10").ToString(), "1");
  EXPECT_FALSE(Decimal::Parse("1" + std::string(31, '0')).ok());
  EXPECT_FALSE(Decimal::Parse("1" + std::string(30, '0') + "1").ok());
  EXPECT_FALSE(Decimal::Parse("1." + std::string(30, '0') + "1").ok());
  EXPECT_FALSE(Decimal::Parse("1" + std::string(60'000, '0') + "e-1000").ok());
}

TEST(DecimalTest, TextOfEveryDecimalIsReadBack) {
  for (const std::string_view text :
       {"-5e30", "123456789012345678901234567891e30", "1e-30", "123456789012345678901234567891e-30"}) {
    EXPECT_EQ(Exact(Exact(text).ToString()).ToString(), Exact(text).ToString());
  }
}

TEST(DecimalTest, SumsAreExact) {
  struct Case {
    std::string_view a, b, want;
  };
  for (const Case& c : {Case{"1276020076.001", "-5", "1276020071.001"}, Case{"0.1", "0.2", "0.3"},
                        Case{"1e3", "-1000", "0"}, Case{"0", "-2.50", "-2.5"},
                        Case{"-1", "0.75", "-0.25"}, Case{"5", "5", "10"},
                        Case{"99999999999999.000000000000001", "1", "100000000000000.000000000000001"},
                        Case{"999999999999999999999999999999", "1", "1000000000000000000000000000000"}}) {
    for (const auto& [a, b] : {std::pair(c.a, c.b), std::pair(c.b, c.a)}) {
      const StatusOr<Decimal> sum = Exact(a).Plus(Exact(b));
      ASSERT_TRUE(sum.ok()) << a << " + " << b;
      EXPECT_EQ(sum->ToString(), c.want);
    }
  }
}

TEST(DecimalTest, SumsOfTooManyDigitsAreRefused) {
  EXPECT_EQ(Exact("1e30").Plus(Exact("1")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Exact("1e30").Plus(Exact("1e-30")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Exact("9e30").Plus(Exact("1e30")).status().code(), StatusCode::kInvalidArgument);
}

TEST(DecimalTest, OnlyNumbersAboveZeroArePositive) {
  EXPECT_TRUE(Exact("0.001").positive());
  EXPECT_FALSE(Exact("0.000").positive());
  EXPECT_FALSE(Exact("-1").positive());
}

TEST(DecimalTest, TimesIsExactAtEverySize) {
  const struct {
    std::string_view resolution;
    int64_t steps;
    std::string_view want;
  } cases[] = {{"1", 5, "5"},
               {"0.001", -17'291, "-17.291"},
               {"0.001", 17'000, "17"},
               {"0.5", 3, "1.5"},
               {"0.5", 0, "0"},
               {"2.5e3", 4, "10000"},
               {"1", std::numeric_limits<int64_t>::min(), "-9223372036854775808"},
               {"123456789012345678901234567890", 9'000'000'000'000'000'001,
                "1111111101111111110234567900022345678901234567890"}};
  for (const auto& [resolution, steps, want] : cases) {
    const StatusOr<Decimal> decimal = Decimal::Parse(resolution);
    ASSERT_TRUE(decimal.ok()) << resolution;
    EXPECT_EQ(decimal->Times(steps), want) << resolution;
  }
}

}  // namespace
}  // namespace gateway
