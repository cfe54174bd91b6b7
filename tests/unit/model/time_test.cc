#include "gateway/model/time.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/prng.h"

namespace gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Time At(std::string_view text) {
  const StatusOr<Time> time = ParseTime(text);
  EXPECT_TRUE(time.ok()) << text;
  return time.ok() ? *time : Time{};
}

TimeZone Zone(std::string_view name) {
  const StatusOr<TimeZone> zone = TimeZone::Load(name);
  EXPECT_TRUE(zone.ok()) << name;
  return zone.ok() ? *zone : TimeZone::Utc();
}

std::string Text(const Window& window) {
  return FormatTime(window.start) + " " + FormatTime(window.end);
}

TEST(TimeTest, StampsAreReadAndWrittenInUtc) {
  struct Case {
    std::string_view text;
    std::string_view want;
  };
  for (const Case& c : {Case{"2013-01-14T00:30:00Z", "2013-01-14T00:30:00Z"},
                        Case{"2013-01-14 00:30:00z", "2013-01-14T00:30:00Z"},
                        Case{"2013-01-14T00:30:00+01:00", "2013-01-13T23:30:00Z"},
                        Case{"2013-01-14T00:30:00-05:30", "2013-01-14T06:00:00Z"},
                        Case{"2013-01-14T00:30:00.1239Z", "2013-01-14T00:30:00.123Z"},
                        Case{"2013-01-14T00:30:00.5Z", "2013-01-14T00:30:00.500Z"},
                        Case{"2012-02-29T12:00:00Z", "2012-02-29T12:00:00Z"},
                        Case{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
                        Case{"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"}}) {
    EXPECT_EQ(FormatTime(At(c.text)), c.want);
  }
  EXPECT_EQ(At("2013-01-14T00:00:00Z").time_since_epoch().count(), 1358121600000);
}

TEST(TimeTest, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "2013-01-14", "2013-01-14T00:30:00", "2013-01-14T00:30Z", "2013-1-14T00:30:00Z",
        "2013-02-29T00:00:00Z", "2013-13-01T00:00:00Z", "2013-00-01T00:00:00Z",
        "2013-01-00T00:00:00Z", "2013-01-14T24:00:00Z", "2013-01-14T00:60:00Z",
        "2013-01-14T00:00:60Z", "2013-01-14T00:00:00.Z", "2013-01-14T00:00:00.1234567890Z",
        "2013-01-14T00:00:00+0100", "2013-01-14T00:00:00+24:00", "2013-01-14T00:00:00+01:60",
        "2013-01-14T00:00:00ZZ", " 2013-01-14T00:00:00Z", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "-013-01-14T00:00:00Z",
        "12013-01-14T00:00:00Z"}) {
    SCOPED_TRACE(std::string(text));
    EXPECT_EQ(ParseTime(text).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(TimeTest, FormattedTimesAreReadBack) {
  testing::Prng prng(2);
  for (int i = 0; i < 2'000; ++i) {
    const Time time{Millis(prng.Between(0, 253402300799999))};
    EXPECT_EQ(At(FormatTime(time)), time);
  }
}

TEST(DurationTest, IsReadAndWrittenBack) {
  struct Case {
    std::string_view text;
    Millis want;
    std::string_view canonical;
  };
  for (const Case& c :
       {Case{"P30D", hours(720), "P30D"}, Case{"PT30M", minutes(30), "PT30M"},
        Case{"PT90S", std::chrono::seconds(90), "PT1M30S"}, Case{"P1DT12H", hours(36), "P1DT12H"},
        Case{"PT24H", hours(24), "P1D"}, Case{"PT0S", Millis(0), "PT0S"},
        Case{"P100000D", hours(2'400'000), "P100000D"}}) {
    SCOPED_TRACE(std::string(c.text));
    const StatusOr<Millis> got = ParseDuration(c.text);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(*got, c.want);
    EXPECT_EQ(FormatDuration(*got), c.canonical);
  }
}

TEST(DurationTest, RefusesOtherUnitsOrdersAndLengths) {
  for (const std::string_view text :
       {"", "P", "PT", "P1", "P1DT", "30M", "P1Y", "P1M", "P1W", "P1H", "PT1D", "PT1M1H", "P1D1D",
        "PT1H1H", "P-1D", "PT1.5H", "p1d", "P1D ", "PTT1H", "P100001D", "P100000DT1S",
        "P9999999999D"}) {
    SCOPED_TRACE(std::string(text));
    EXPECT_EQ(ParseDuration(text).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(FloorToTest, RoundsDownOnBothSidesOf1970) {
  EXPECT_EQ(FloorTo(At("2013-01-14T00:59:59.999Z"), hours(1)), At("2013-01-14T00:00:00Z"));
  EXPECT_EQ(FloorTo(At("2013-01-14T01:00:00Z"), hours(1)), At("2013-01-14T01:00:00Z"));
  EXPECT_EQ(FloorTo(Time(Millis(-1)), hours(1)), Time(hours(-1)));
  EXPECT_EQ(FloorTo(Time(hours(-1)), hours(1)), Time(hours(-1)));
}

TEST(MonthOfTest, ChangesAtTheFirstInstantOfAMonth) {
  EXPECT_EQ(MonthOf(At("1970-01-01T00:00:00Z")), 1970u * 12);
  EXPECT_EQ(MonthOf(At("2012-12-31T23:59:59.999Z")), 2012u * 12 + 11);
  EXPECT_EQ(MonthOf(At("2013-01-01T00:00:00Z")), 2013u * 12);
}

TEST(TimeTest, WallTimesHaveNoZone) {
  EXPECT_EQ(FormatTime(*ParseWallTime("2013-01-14 00:30:00.25")), "2013-01-14T00:30:00.250Z");
  for (const std::string_view text : {"2013-01-14T00:30:00Z", "2013-01-14T00:30:00+01:00", "",
                                      "2013-01-14T00:30", "2013-02-29T00:00:00"}) {
    EXPECT_EQ(ParseWallTime(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(TimeZoneTest, AWallTimeIsOneInstantOrTwoOrNone) {
  const TimeZone paris = Zone("Europe/Paris");
  const auto times = [&](std::string_view wall) -> std::string {
    const auto found = paris.TimesOf(*ParseWallTime(wall));
    return found ? FormatTime(found->first) + " " + FormatTime(found->second) : "none";
  };
  EXPECT_EQ(times("2026-01-14T12:00:00"), "2026-01-14T11:00:00Z 2026-01-14T11:00:00Z");
  EXPECT_EQ(times("2026-07-14T12:00:00.5"), "2026-07-14T10:00:00.500Z 2026-07-14T10:00:00.500Z");
  EXPECT_EQ(times("2026-03-29T01:59:59.999"),
            "2026-03-29T00:59:59.999Z 2026-03-29T00:59:59.999Z");
  EXPECT_EQ(times("2026-03-29T02:00:00"), "none");
  EXPECT_EQ(times("2026-03-29T02:59:59.999"), "none");
  EXPECT_EQ(times("2026-03-29T03:00:00"), "2026-03-29T01:00:00Z 2026-03-29T01:00:00Z");
  EXPECT_EQ(times("2026-10-25T01:59:59"), "2026-10-24T23:59:59Z 2026-10-24T23:59:59Z");
  EXPECT_EQ(times("2026-10-25T02:00:00"), "2026-10-25T00:00:00Z 2026-10-25T01:00:00Z");
  EXPECT_EQ(times("2026-10-25T02:59:59.5"), "2026-10-25T00:59:59.500Z 2026-10-25T01:59:59.500Z");
  EXPECT_EQ(times("2026-10-25T03:00:00"), "2026-10-25T02:00:00Z 2026-10-25T02:00:00Z");
}

TEST(TimeZoneTest, UnknownZonesAreRefused) {
  EXPECT_EQ(TimeZone::Load("Europe/Lundon").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TimeZone::Load("").status().code(), StatusCode::kInvalidArgument);
}

TEST(TimeZoneTest, DaysFollowClockChangesAndMissingMidnights) {
  struct Case {
    std::string_view zone;
    std::string_view time;
    std::string_view want;
    std::string_view date;
  };
  for (const Case& c : {
           Case{"Europe/London", "2013-01-14T12:00:00Z",
                "2013-01-14T00:00:00Z 2013-01-15T00:00:00Z", "2013-01-14"},
           Case{"Europe/London", "2013-03-31T00:00:00Z",  // 23 hours
                "2013-03-31T00:00:00Z 2013-03-31T23:00:00Z", "2013-03-31"},
           Case{"Europe/London", "2013-03-31T23:00:00Z",
                "2013-03-31T23:00:00Z 2013-04-01T23:00:00Z", "2013-04-01"},
           Case{"Europe/London", "2013-10-27T23:59:59.999Z",  // 25 hours
                "2013-10-26T23:00:00Z 2013-10-28T00:00:00Z", "2013-10-27"},
           Case{"America/Sao_Paulo", "2013-10-20T12:00:00Z",  // 00:00 does not exist
                "2013-10-20T03:00:00Z 2013-10-21T02:00:00Z", "2013-10-20"},
           Case{"America/Sao_Paulo", "2013-02-17T02:30:00Z",  // 23:00 comes twice
                "2013-02-16T02:00:00Z 2013-02-17T03:00:00Z", "2013-02-16"},
           Case{"Pacific/Apia", "2011-12-30T09:59:59Z",  // the day after was left out
                "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z", "2011-12-29"},
           Case{"Pacific/Apia", "2011-12-30T10:00:00Z",
                "2011-12-30T10:00:00Z 2011-12-31T10:00:00Z", "2011-12-31"},
       }) {
    SCOPED_TRACE(std::string(c.zone) + " " + std::string(c.time));
    EXPECT_EQ(Text(Zone(c.zone).DayOf(At(c.time))), c.want);
    EXPECT_EQ(Zone(c.zone).DateOf(At(c.time)), c.date);
  }
}

TEST(TimeZoneTest, DaysTileTheTimeInEveryZone) {
  for (const std::string_view name :
       {"Europe/London", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Pacific/Apia",
        "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}) {
    SCOPED_TRACE(std::string(name));
    const TimeZone zone = Zone(name);
    Time at = At("2005-12-31T12:00:00Z");
    for (int day = 0; day < 2'500; ++day) {
      const Window window = zone.DayOf(at);
      ASSERT_TRUE(window.Contains(at)) << FormatTime(at);
      ASSERT_EQ(zone.DayOf(window.end - Millis(1)), window) << FormatTime(at);
      const Window next = zone.DayOf(window.end);
      ASSERT_EQ(next.start, window.end);
      at = next.start + hours(12);
    }
  }
}

TEST(TimeZoneTest, EveryOffsetInForceCountsForItsMultiples) {
  const Time from = At("2013-01-01T00:00:00Z");
  const Time until = At("2014-01-01T00:00:00Z");
  EXPECT_TRUE(Zone("Europe/London").OffsetsAreMultiplesOf(hours(1), from, until));
  EXPECT_FALSE(Zone("Europe/London").OffsetsAreMultiplesOf(hours(2), from, until));
  EXPECT_TRUE(Zone("Europe/London")
                  .OffsetsAreMultiplesOf(hours(2), from, At("2013-03-31T01:00:00Z")));
  EXPECT_FALSE(Zone("Asia/Kathmandu").OffsetsAreMultiplesOf(minutes(30), from, until));
  EXPECT_TRUE(Zone("Asia/Kathmandu").OffsetsAreMultiplesOf(minutes(15), from, until));
}

TEST(TimeZoneTest, AnOffsetThatBeginsWhenClocksGoBackCounts) {
  // Lord Howe goes from +11:00 to +10:30 on 2013-04-06T15:00Z.
  const TimeZone zone = Zone("Australia/Lord_Howe");
  const Time summer = At("2013-01-01T00:00:00Z");
  EXPECT_TRUE(zone.OffsetsAreMultiplesOf(hours(1), summer, At("2013-04-06T15:00:00Z")));
  EXPECT_FALSE(zone.OffsetsAreMultiplesOf(hours(1), summer, At("2013-04-06T15:00:01Z")));
  EXPECT_TRUE(zone.OffsetsAreMultiplesOf(minutes(30), summer, At("2100-01-01T00:00:00Z")));
}

}  // namespace
}  // namespace gateway
