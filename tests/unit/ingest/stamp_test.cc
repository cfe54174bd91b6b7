#include "gateway/ingest/stamp.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/model/reading.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;
using std::chrono::minutes;
using std::chrono::seconds;

Time At(std::string_view text) {
  const StatusOr<Time> time = ParseTime(text);
  EXPECT_TRUE(time.ok()) << text;
  return time.ok() ? *time : Time{};
}

const TimeZone& Paris() {
  static const auto* zone = new TimeZone(*TimeZone::Load("Europe/Paris"));
  return *zone;
}

constexpr std::string_view kNow = "2026-07-01T12:00:00Z";

// The time, with the quality's bits; or the code that refused.
std::string Read(std::string_view text, uint8_t forms, std::string_view now = kNow,
                 bool compare = true, Millis before = Millis(0)) {
  const Stamp stamp = ReadStamp(text, {.forms = forms, .before = before},
                                {.now = At(now), .compare = compare, .zone = Paris()});
  if (stamp.code != DoorCode::kAdmitted) return std::string(DoorCodeName(stamp.code));
  std::string result = FormatTime(stamp.time);
  if ((stamp.quality & kQualityLocalTime) != 0) result += " local";
  if ((stamp.quality & kQualityArrivalTime) != 0) result += " arrival";
  return result;
}

TEST(StampTest, IsoWithAnOffsetIsAnInstantCutToMilliseconds) {
  EXPECT_EQ(Read("2017-03-24T13:35:14Z", kStampIso), "2017-03-24T13:35:14Z");
  EXPECT_EQ(Read("2022-01-11T08:57:55+01:00", kStampIso), "2022-01-11T07:57:55Z");
  EXPECT_EQ(Read("2020-02-12T15:15:46.014773143Z", kStampIso), "2020-02-12T15:15:46.014Z");
  EXPECT_EQ(Read("2020-02-12T15:15:46.9999Z", kStampIso), "2020-02-12T15:15:46.999Z");
}

TEST(StampTest, LocalTimesAreOfTheCommonsZone) {
  EXPECT_EQ(Read("2026-01-02T09:09:44", kStampIsoLocal), "2026-01-02T08:09:44Z local");
  EXPECT_EQ(Read("2026-06-02T09:09:44.25", kStampIsoLocal), "2026-06-02T07:09:44.250Z local");
}

TEST(StampTest, LocalTimesAroundTheSkippedHour) {
  constexpr std::string_view now = "2026-03-29T01:30:00Z";
  EXPECT_EQ(Read("2026-03-29T01:59:59", kStampIsoLocal, now), "2026-03-29T00:59:59Z local");
  EXPECT_EQ(Read("2026-03-29T02:00:00", kStampIsoLocal, now), "bad-time");
  EXPECT_EQ(Read("2026-03-29T02:59:59", kStampIsoLocal, now), "bad-time");
  EXPECT_EQ(Read("2026-03-29T03:00:00", kStampIsoLocal, now), "2026-03-29T01:00:00Z local");
}

TEST(StampTest, InTheRepeatedHourTheLatestInstantThatHasBeenWins) {
  struct Case {
    std::string_view now, want;
  };
  // 02:30 is 00:30 UTC in summer time and 01:30 UTC in winter time.
  for (const Case& c : {Case{"2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z local"},
                        Case{"2026-10-25T00:29:00Z", "2026-10-25T00:30:00Z local"},
                        Case{"2026-10-25T01:24:59.999Z", "2026-10-25T00:30:00Z local"},
                        // A device's clock may be a little ahead of ours.
                        Case{"2026-10-25T01:25:00Z", "2026-10-25T01:30:00Z local"},
                        Case{"2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z local"},
                        Case{"2026-10-25T09:00:00Z", "2026-10-25T01:30:00Z local"},
                        // Both are in the future: the nearest.
                        Case{"2026-10-20T09:00:00Z", "2026-10-25T00:30:00Z local"}}) {
    EXPECT_EQ(Read("2026-10-25T02:30:00", kStampIsoLocal, c.now), c.want) << c.now;
  }
  EXPECT_EQ(Read("2026-10-25T01:59:59", kStampIsoLocal, "2026-10-25T09:00:00Z"),
            "2026-10-24T23:59:59Z local");
  EXPECT_EQ(Read("2026-10-25T03:00:00", kStampIsoLocal, "2026-10-25T09:00:00Z"),
            "2026-10-25T02:00:00Z local");
}

TEST(StampTest, InTheRepeatedHourAClockThatCannotBeComparedTakesTheFirst) {
  EXPECT_EQ(Read("2026-10-25T02:30:00", kStampIsoLocal, "2026-10-25T09:00:00Z", false),
            "2026-10-25T00:30:00Z local");
}

TEST(StampTest, EveryMinuteOfTheDayWithARepeatedHourIsReadWhenItHappens) {
  // Messages that arrive two seconds after their stamp: each instant is found again.
  for (Time t = At("2026-10-24T22:00:00Z"); t < At("2026-10-25T23:00:00Z"); t += minutes(1)) {
    const Millis offset = t < At("2026-10-25T01:00:00Z") ? minutes(120) : minutes(60);
    std::string wall = FormatTime(t + offset);
    wall.pop_back();
    EXPECT_EQ(Read(wall, kStampIsoLocal, FormatTime(t + seconds(2))), FormatTime(t) + " local");
  }
}

TEST(StampTest, EpochsAreDecimalTextCutToMilliseconds) {
  EXPECT_EQ(Read("1567595328", kStampEpochSeconds), "2019-09-04T11:08:48Z");
  EXPECT_EQ(Read("1787950560.02", kStampEpochSeconds), "2026-08-28T20:56:00.020Z");
  EXPECT_EQ(Read("1567595328.9999", kStampEpochSeconds), "2019-09-04T11:08:48.999Z");
  EXPECT_EQ(Read("1567595328.0005", kStampEpochSeconds), "2019-09-04T11:08:48Z");
  EXPECT_EQ(Read("1.498780179e+09", kStampEpochSeconds), "2017-06-29T23:49:39Z");
  EXPECT_EQ(Read("1567595328123", kStampEpochMillis), "2019-09-04T11:08:48.123Z");
  EXPECT_EQ(Read("1567595328123.9", kStampEpochMillis), "2019-09-04T11:08:48.123Z");
}

TEST(StampTest, OfSeveralFormsTheShapeDecides) {
  constexpr uint8_t any = kStampIso | kStampIsoLocal | kStampEpochSeconds | kStampEpochMillis;
  EXPECT_EQ(Read("2021-06-27T15:03:44+02:00", any), "2021-06-27T13:03:44Z");
  EXPECT_EQ(Read("2021-06-27T15:03:44", any), "2021-06-27T13:03:44Z local");
  EXPECT_EQ(Read("1686329632", any), "2023-06-09T16:53:52Z");
  EXPECT_EQ(Read("1686329632000", any), "2023-06-09T16:53:52Z");
  EXPECT_EQ(Read("99999999999", any), "5138-11-16T09:46:39Z");
  EXPECT_EQ(Read("1000000000000", any), "2001-09-09T01:46:40Z");
}

TEST(StampTest, AFormThatIsNotAllowedIsBad) {
  EXPECT_EQ(Read("2021-06-27T15:03:44", kStampIso), "bad-time");
  EXPECT_EQ(Read("2021-06-27T15:03:44Z", kStampIsoLocal), "bad-time");
  EXPECT_EQ(Read("1686329632", kStampIso | kStampIsoLocal), "bad-time");
  EXPECT_EQ(Read("2021-06-27T15:03:44Z", kStampEpochSeconds), "bad-time");
}

TEST(StampTest, NonsenseIsBad) {
  constexpr uint8_t any = kStampIso | kStampIsoLocal | kStampEpochSeconds | kStampEpochMillis;
  for (const std::string_view text :
       {"", "now", "2 minutes ago", "2021-02-29T00:00:00Z", "2021-06-27T25:00:00", "nan", "0x10",
        "2021-06-27T15:03:44+0200", "253402300800000", "1e30", "2021-06-27",
        "2020-02-12T15:15:46.0147731431Z"}) {
    EXPECT_EQ(Read(text, any), "bad-time") << text;
  }
  EXPECT_EQ(Read("253402300800", kStampEpochSeconds), "bad-time");
  EXPECT_EQ(Read("253402300799", kStampEpochSeconds), "9999-12-31T23:59:59Z");
}

TEST(StampTest, BeforeTheYear2000NobodyHadSetTheClock) {
  constexpr uint8_t any = kStampIso | kStampIsoLocal | kStampEpochSeconds | kStampEpochMillis;
  for (const std::string_view text : {"1970-01-01T00:00:10", "1970-01-01T00:00:00Z", "0", "-5",
                                      "12.5", "1999-12-31T23:59:59.999Z", "946684799.999"}) {
    EXPECT_EQ(Read(text, any), "no-time") << text;
  }
  EXPECT_EQ(Read("2000-01-01T00:00:00Z", any), "2000-01-01T00:00:00Z");
  EXPECT_EQ(Read("0", kStampEpochMillis), "no-time");
}

TEST(StampTest, AStampOfTheEndBecomesTheStart) {
  EXPECT_EQ(Read("2026-03-29T03:00:00", kStampIsoLocal, kNow, true, minutes(30)),
            "2026-03-29T00:30:00Z local");  // 01:30 by the wall
  EXPECT_EQ(Read("1567595328", kStampEpochSeconds, kNow, true, minutes(1)),
            "2019-09-04T11:07:48Z");
}

TEST(StampTest, AStampThatMustBeWholeEndsAnIntervalOrIsBad) {
  const auto read = [](std::string_view text) {
    const Stamp stamp = ReadStamp(
        text, {.forms = kStampEpochSeconds, .before = minutes(1), .whole = true},
        {.now = At(kNow), .compare = true, .zone = Paris()});
    return stamp.code == DoorCode::kAdmitted ? FormatTime(stamp.time)
                                             : std::string(DoorCodeName(stamp.code));
  };
  EXPECT_EQ(read("1760364720"), "2025-10-13T14:11:00Z");
  EXPECT_EQ(read("1760364721"), "bad-time");
  EXPECT_EQ(read("1760364720.001"), "bad-time");
  EXPECT_EQ(read("0"), "no-time");
}

TEST(StampTest, SenmlTimesBelow2To28AreRelativeToNow) {
  EXPECT_EQ(Read("1276020076.001", kStampSenml), "2010-06-08T18:01:16.001Z");
  EXPECT_EQ(Read("268435456", kStampSenml), "no-time");  // 1978
  EXPECT_EQ(Read("268435455", kStampSenml), "2035-01-02T09:24:15Z arrival");
  EXPECT_EQ(Read("", kStampSenml), "2026-07-01T12:00:00Z arrival");
  EXPECT_EQ(Read("0", kStampSenml), "2026-07-01T12:00:00Z arrival");
  EXPECT_EQ(Read("-5", kStampSenml), "2026-07-01T11:59:55Z arrival");
  EXPECT_EQ(Read("-0.25", kStampSenml), "2026-07-01T11:59:59.750Z arrival");
  EXPECT_EQ(Read("10", kStampSenml), "2026-07-01T12:00:10Z arrival");
  EXPECT_EQ(Read("-1e12", kStampSenml), "bad-time");
  EXPECT_EQ(Read("-9e15", kStampSenml), "bad-time");
  EXPECT_EQ(Read("soon", kStampSenml), "bad-time");
}

}  // namespace
}  // namespace gateway::ingest
