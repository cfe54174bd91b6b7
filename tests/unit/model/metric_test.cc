#include "gateway/model/metric.h"

#include <gtest/gtest.h>

#include <string>

namespace gateway {
namespace {

TEST(UnitFactorTest, ConvertsWithinAQuantityInBothDirections) {
  struct Case {
    std::string_view from;
    std::string_view unit;
    std::string_view want;
  };
  for (const Case& c :
       {Case{"kWh", "Wh", "1000"}, Case{"Wh", "kWh", "0.001"}, Case{"MWh", "mWh", "1000000000"},
        Case{"mWh", "MWh", "0.000000001"}, Case{"Wh", "Wh", "1"}, Case{"people", "people", "1"},
        Case{"µg/m³", "ug/m3", "1"}, Case{"μg/m³", "ug/m3", "1"}, Case{"ug/m3", "µg/m³", "1"},
        Case{"mg/m3", "ug/m3", "1000"}, Case{"ug/m3", "mg/m³", "0.001"}}) {
    SCOPED_TRACE(std::string(c.from) + " in " + std::string(c.unit));
    const std::optional<Decimal> factor = UnitFactor(c.from, c.unit);
    ASSERT_TRUE(factor.has_value());
    EXPECT_EQ(factor->ToString(), c.want);
  }
}

TEST(UnitFactorTest, UnknownOrUnlikeUnitsHaveNone) {
  EXPECT_FALSE(UnitFactor("W", "Wh").has_value());
  EXPECT_FALSE(UnitFactor("kwh", "Wh").has_value());  // case matters: mWh is not MWh
  EXPECT_FALSE(UnitFactor("", "Wh").has_value());
  EXPECT_FALSE(UnitFactor("ug/m3", "Wh").has_value());
  EXPECT_FALSE(UnitFactor("Wh", "people").has_value());
}

TEST(DocumentIdTest, IsLowerCaseStartsWithALetterAndHasAtMost48Characters) {
  EXPECT_TRUE(IsDocumentId("load-hourly"));
  EXPECT_TRUE(IsDocumentId("a" + std::string(47, '9')));
  for (const std::string& bad : {std::string(), std::string("1a"), std::string("-a"),
                                 std::string("Load"), std::string("a_b"), std::string("a b"),
                                 "a" + std::string(48, '9')}) {
    EXPECT_FALSE(IsDocumentId(bad)) << bad;
  }
}

}  // namespace
}  // namespace gateway
