#include "gateway/model/unit.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/prng.h"

namespace gateway {
namespace {

__extension__ using I128 = __int128;

Decimal Exact(std::string_view text) {
  const StatusOr<Decimal> parsed = Decimal::Parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : Decimal();
}

StatusOr<int64_t> Steps(std::string_view number, std::string_view from, std::string_view to,
                        std::string_view resolution) {
  const std::optional<Conversion> conversion = ConvertUnit(from, to);
  if (!conversion) return NotFound("no conversion from %s to %s", from, to);
  return ToSteps(Exact(number), *conversion, Exact(resolution));
}

TEST(UnitTest, ConvertsExactlyAndRoundsHalvesAwayFromZero) {
  struct Case {
    std::string_view number, from, to, resolution;
    int64_t want;
  };
  for (const Case& c : {
           Case{"85", "degF", "degC", "0.1", 294},  // 29.4444…
           Case{"85", "°F", "°C", "0.001", 29444},
           Case{"32", "F", "C", "0.01", 0},
           Case{"-40", "°F", "Cel", "0.1", -400},
           Case{"0", "°F", "degC", "0.1", -178},     // −17.777…
           Case{"32.09", "°F", "degC", "0.1", 1},    // 0.05 exactly: a tie
           Case{"32.0899", "°F", "degC", "0.1", 0},
           Case{"31.91", "°F", "degC", "0.1", -1},   // −0.05: a tie below zero
           Case{"31.9101", "°F", "degC", "0.1", 0},
           Case{"21.5", "degC", "degF", "0.1", 707},
           Case{"0", "degC", "K", "0.01", 27315},
           Case{"300", "K", "degC", "0.01", 2685},
           Case{"0", "K", "degF", "0.01", -45967},
           Case{"60", "Wm", "Wh", "1", 1},
           Case{"1", "Wm", "Wh", "0.001", 17},       // 0.01666…
           Case{"30", "W·min", "Wh", "1", 1},        // one half
           Case{"29.999999999", "Wm", "Wh", "1", 0},
           Case{"-30", "Wm", "Wh", "1", -1},
           Case{"3600", "J", "Wh", "1", 1},
           Case{"1", "MJ", "Wh", "0.1", 2778},
           Case{"1.4220001", "kWh", "Wh", "1", 1422},
           Case{"1500", "mWh", "Wh", "1", 2},
           Case{"0.000001", "MWh", "mWh", "1", 1000},
           Case{"1013.25", "hPa", "Pa", "1", 101325},
           Case{"101325", "Pa", "hPa", "0.01", 101325},
           Case{"1", "bar", "hPa", "1", 1000},
           Case{"100.5", "kPa", "mbar", "1", 1005},
           Case{"2955", "mV", "V", "0.001", 2955},
           Case{"0.012", "mg/m³", "ug/m3", "1", 12},
           Case{"1", "ppm", "ppb", "1", 1000},
           Case{"1.234", "m³", "L", "1", 1234},
           Case{"18", "km/h", "m/s", "0.001", 5000},
           Case{"1.5", "min", "s", "1", 90},
           Case{"12.5", "%", "%RH", "0.5", 25},
           Case{"80", "%", "%EL", "1", 80},
           Case{"51.2", "dB(A)", "dB", "0.1", 512},
           Case{"7", "people", "people", "1", 7},    // not in the table, and the same
           Case{"0.5", "count", "1", "1", 1},
           Case{"-0.5", "count", "1", "1", -1},
           Case{"1e-30", "degC", "K", "0.01", 27315},
       }) {
    SCOPED_TRACE(std::string(c.number) + " " + std::string(c.from) + " in " + std::string(c.to));
    const StatusOr<int64_t> got = Steps(c.number, c.from, c.to, c.resolution);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, c.want);
  }
}

// Names of one unit.
const std::vector<std::vector<std::string_view>>& Aliases() {
  static const auto* aliases = new std::vector<std::vector<std::string_view>>{
      {"J", "Ws"}, {"Wm", "W·min"}, {"VAh", "vah"}, {"degC", "°C", "Cel", "C"},
      {"degF", "°F", "F"}, {"%RH", "%"}, {"%EL", "%"}, {"hPa", "mbar"},
      {"ug/m3", "ug/m³", "\u00b5g/m3", "\u00b5g/m³", "\u03bcg/m3", "\u03bcg/m³"},
      {"mg/m3", "mg/m³"}, {"dB", "dBA", "dB(A)"}, {"lx", "lux"}, {"L", "l", "dm3"}, {"m3", "m³"},
      {"1", "count"}};
  return *aliases;
}

TEST(UnitTest, NamesOfOneUnitConvertAsTheyAre) {
  for (const auto& names : Aliases()) {
    for (const std::string_view from : names) {
      for (const std::string_view to : names) {
        EXPECT_EQ(ConvertUnit(from, to), Conversion{}) << from << " in " << to;
      }
    }
  }
}

// One unit of each quantity with its size in the first one's, and where its zero lies, as fractions:
// written down here a second time, from the definitions and not from the code.
struct Sized {
  std::string_view name;
  int64_t size, size_by;    // one of it is size ÷ size_by of the first
  int64_t zero, zero_by;    // its zero is zero ÷ zero_by of the first
};
const std::vector<std::vector<Sized>>& Quantities() {
  static const auto* quantities = new std::vector<std::vector<Sized>>{
      {{"Wh", 1, 1, 0, 1}, {"kWh", 1'000, 1, 0, 1}, {"MWh", 1'000'000, 1, 0, 1},
       {"mWh", 1, 1'000, 0, 1}, {"J", 1, 3'600, 0, 1}, {"kJ", 10, 36, 0, 1},
       {"MJ", 10'000, 36, 0, 1}, {"Wm", 1, 60, 0, 1}},
      {{"VAh", 1, 1, 0, 1}, {"kVAh", 1'000, 1, 0, 1}, {"VAs", 1, 3'600, 0, 1}},
      {{"varh", 1, 1, 0, 1}, {"kvarh", 1'000, 1, 0, 1}, {"vars", 1, 3'600, 0, 1}},
      {{"W", 1, 1, 0, 1}, {"kW", 1'000, 1, 0, 1}, {"mW", 1, 1'000, 0, 1}},
      {{"VA", 1, 1, 0, 1}, {"kVA", 1'000, 1, 0, 1}},
      {{"var", 1, 1, 0, 1}, {"kvar", 1'000, 1, 0, 1}},
      {{"V", 1, 1, 0, 1}, {"mV", 1, 1'000, 0, 1}, {"kV", 1'000, 1, 0, 1}},
      {{"A", 1, 1, 0, 1}, {"mA", 1, 1'000, 0, 1}},
      {{"degC", 1, 1, 0, 1}, {"K", 1, 1, -27'315, 100}, {"degF", 5, 9, -160, 9}},
      {{"%RH", 1, 1, 0, 1}},
      {{"%EL", 1, 1, 0, 1}},
      {{"Pa", 1, 1, 0, 1}, {"hPa", 100, 1, 0, 1}, {"kPa", 1'000, 1, 0, 1}, {"bar", 100'000, 1, 0, 1}},
      {{"ug/m3", 1, 1, 0, 1}, {"mg/m3", 1'000, 1, 0, 1}},
      {{"ppm", 1, 1, 0, 1}, {"ppb", 1, 1'000, 0, 1}},
      {{"dB", 1, 1, 0, 1}},
      {{"lx", 1, 1, 0, 1}},
      {{"m3", 1, 1, 0, 1}, {"L", 1, 1'000, 0, 1}},
      {{"s", 1, 1, 0, 1}, {"ms", 1, 1'000, 0, 1}, {"min", 60, 1, 0, 1}, {"h", 3'600, 1, 0, 1}},
      {{"m/s", 1, 1, 0, 1}, {"km/h", 1'000, 3'600, 0, 1}},
      {{"Hz", 1, 1, 0, 1}},
      {{"1", 1, 1, 0, 1}}};
  return *quantities;
}

// Half up, away from zero, of numerator ÷ denominator.
I128 Rounded(I128 numerator, I128 denominator) {
  const bool negative = numerator < 0;
  const I128 magnitude = negative ? -numerator : numerator;
  const I128 rounded = (2 * magnitude + denominator) / (2 * denominator);
  return negative ? -rounded : rounded;
}

TEST(UnitTest, EveryPairAgreesWithAnIndependentRationalComputation) {
  testing::Prng prng(7);
  for (const auto& quantity : Quantities()) {
    for (const Sized& from : quantity) {
      for (const Sized& to : quantity) {
        SCOPED_TRACE(std::string(from.name) + " in " + std::string(to.name));
        for (int i = 0; i < 200; ++i) {
          const int64_t thousandths = prng.Between(-100'000'000, 100'000'000);
          // x·sf + zf = y·st + zt in the first unit: y = (x·sf + zf − zt)/st; steps of 0.01.
          const I128 d = I128{1'000} * from.size_by * from.zero_by * to.zero_by;
          const I128 n = I128{thousandths} * from.size * from.zero_by * to.zero_by +
                         I128{from.zero} * 1'000 * from.size_by * to.zero_by -
                         I128{to.zero} * 1'000 * from.size_by * from.zero_by;
          const I128 want = Rounded(n * to.size_by * 100, d * to.size);
          const StatusOr<int64_t> got =
              Steps(Format("%de-3", thousandths), from.name, to.name, "0.01");
          ASSERT_TRUE(got.ok()) << thousandths << " " << got.status();
          ASSERT_EQ(*got, static_cast<int64_t>(want)) << thousandths;
        }
      }
    }
  }
}

TEST(UnitTest, ThereAndBackIsTheSameNumber) {
  testing::Prng prng(11);
  for (const auto& quantity : Quantities()) {
    for (const Sized& from : quantity) {
      for (const Sized& to : quantity) {
        const Conversion there = *ConvertUnit(from.name, to.name);
        const Conversion back = *ConvertUnit(to.name, from.name);
        // back(there(x)) is (x·t·t' + p·t' + p'·b)/(b·b'): the identity.
        EXPECT_EQ(I128{there.times} * back.times, I128{there.by} * back.by);
        EXPECT_EQ(I128{there.plus} * back.times + I128{back.plus} * there.by, 0);
      }
    }
  }
}

TEST(UnitTest, OtherQuantitiesAndUnknownUnitsDoNotConvert) {
  for (const auto& mine : Quantities()) {
    for (const auto& other : Quantities()) {
      if (&mine == &other) continue;
      EXPECT_FALSE(ConvertUnit(mine[0].name, other[0].name)) << mine[0].name << other[0].name;
    }
  }
  EXPECT_FALSE(ConvertUnit("kwh", "Wh"));  // case matters: mWh is not MWh
  EXPECT_FALSE(ConvertUnit("", "Wh"));
  EXPECT_FALSE(ConvertUnit("Wh ", "Wh"));
  EXPECT_FALSE(ConvertUnit("Wh", "people"));
  EXPECT_FALSE(ConvertUnit("people", "Wh"));
}

TEST(UnitTest, WhatDoesNotFitIsRefused) {
  for (const std::string_view number : {"9223372036854775808", "1e30", "-1e30"}) {
    EXPECT_EQ(Steps(number, "kWh", "Wh", "1").status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(Steps(number, "degF", "degC", "0.1").status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(*Steps("9223372036854775807", "Wh", "Wh", "1"), std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace gateway
