// What a collect rule blurs, through a whole door.
#include "gateway/ingest/coarsen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "gateway/ingest/door.h"
#include "gateway/ingest/reread.h"
#include "ingest_fixture.h"
#include "tests/support/prng.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Profile> Profiles() {
  std::vector<Profile> profiles;
  profiles.push_back(ParseProfile(kGeneric));
  return profiles;
}

// Of one device and metric; `step` and `every` as a rule says them.
class CoarsenTest : public ::testing::Test {
 protected:
  CoarsenTest() {
    metric_.lo = 0;
    metric_.hi = 1'000;
    intake_.table->Enrol("generic", "good", metric_);
  }
  port::Admission& Rule() { return intake_.table->rows.at({"good", "temp"}); }

  Status Send(std::string_view time, int64_t value, bool redelivered = false) {
    const std::string payload =
        Format(R"({"value":%d,"unit":"Wh","time":"%s"})", value, std::string(time));
    return door_.Handle({"sensors/good/temp", payload, false, redelivered});
  }
  std::vector<std::pair<std::string, int64_t>> Stored() const {
    std::vector<std::pair<std::string, int64_t>> rows;
    for (const Reading& reading : intake_.stored) {
      rows.emplace_back(FormatTime(reading.time), reading.value);
    }
    return rows;
  }

  Metric metric_ = MakeMetric("temp", "Wh", "1", MetricKind::kGauge);
  FakeIntake intake_;
  Heard heard_;
  Door door_{Profiles(), intake_, heard_};
};

TEST_F(CoarsenTest, WithoutARuleReadingsStayAsTheyAre) {
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 509).ok());
  EXPECT_THAT(Stored(), ElementsAre(std::pair("2013-01-14T00:31:00Z", 509)));
}

TEST_F(CoarsenTest, AValueBecomesTheNearestMultipleBeforeItIsAppended) {
  Rule().coarsen_step = 50;
  for (const int64_t value : {0, 24, 25, 509, 1'000}) {
    ASSERT_TRUE(Send("2013-01-14T00:31:00Z", value).ok());
  }
  std::vector<int64_t> values;
  for (const auto& [time, value] : Stored()) values.push_back(value);
  EXPECT_THAT(values, ElementsAre(0, 0, 50, 500, 1'000));
}

TEST_F(CoarsenTest, OfASpanTheFirstReadingIsKeptAtItsStart) {
  Rule().coarsen_every = minutes(15);
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 7).ok());
  ASSERT_TRUE(Send("2013-01-14T00:44:59Z", 8).ok());
  ASSERT_TRUE(Send("2013-01-14T00:45:00Z", 9).ok());
  EXPECT_THAT(Stored(), ElementsAre(std::pair("2013-01-14T00:30:00Z", 7),
                                    std::pair("2013-01-14T00:45:00Z", 9)));
  EXPECT_THAT(intake_.refused, ElementsAre(DoorCode::kCoarsened));
  EXPECT_EQ(intake_.received, 3u);
}

TEST_F(CoarsenTest, CoarsenedIsDeniedNotQuarantined) {
  EXPECT_TRUE(port::IsDenied(DoorCode::kCoarsened));
  EXPECT_TRUE(port::IsDenied(DoorCode::kWrongProfile));
  EXPECT_FALSE(port::IsQuarantined(DoorCode::kCoarsened));
  EXPECT_EQ(port::DoorCodeOf("coarsened"), DoorCode::kCoarsened);
  EXPECT_EQ(port::DoorCodeOf("wrong-profile"), DoorCode::kWrongProfile);
}

// Its first append failed: nothing of the span is stored yet.
TEST_F(CoarsenTest, AReadingThatTheDiskRefusedIsNotTakenForTheSpansFirst) {
  Rule().coarsen_every = minutes(15);
  intake_.failures_left = 1;
  ASSERT_FALSE(Send("2013-01-14T00:31:00Z", 7).ok());
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 7).ok());
  EXPECT_THAT(Stored(), ElementsAre(std::pair("2013-01-14T00:30:00Z", 7)));
  EXPECT_THAT(intake_.refused, IsEmpty());
}

TEST_F(CoarsenTest, WhatTheBrokerSendsAgainIsLeftToTheJournal) {
  Rule().coarsen_every = minutes(15);
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 7).ok());
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 7, /*redelivered=*/true).ok());
  EXPECT_THAT(intake_.refused, IsEmpty());
  EXPECT_EQ(intake_.append_calls, 2);
}

// Otherwise the pipeline would move the second reading of a span by a millisecond and keep it.
TEST_F(CoarsenTest, AStampOfArrivalBecomesTheSpans) {
  Rule().coarsen_every = minutes(15);
  intake_.now = *ParseTime("2013-01-14T00:31:00Z");
  ASSERT_TRUE(door_.Handle({"sensors/good/temp", "7", false, false}).ok());
  ASSERT_EQ(intake_.stored.size(), 1u);
  EXPECT_EQ(FormatTime(intake_.stored[0].time), "2013-01-14T00:30:00Z");
  EXPECT_EQ(intake_.stored[0].quality, kQualityNone);
}

// The quarantine keeps messages as they came.
TEST_F(CoarsenTest, AMessageThatMustBeBlurredIsNeverPutAside) {
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 2'000).ok());
  ASSERT_EQ(intake_.quarantined.size(), 1u);  // so it would be without the rule
  Rule().coarsen_step = 50;
  ASSERT_TRUE(Send("2013-01-14T00:31:00Z", 2'000).ok());
  ASSERT_TRUE(door_.Handle({"sensors/good/temp", "{", false, false}).ok());
  EXPECT_EQ(intake_.quarantined.size(), 1u);
  EXPECT_THAT(intake_.refused, ElementsAre(DoorCode::kOutOfRange, DoorCode::kOutOfRange,
                                           DoorCode::kMalformed));
}

TEST_F(CoarsenTest, ARetryOfTheQuarantineForgetsWhatItAdmittedBefore) {
  const port::Rereading reread = MakeRereading(Profiles());
  Rule().coarsen_every = minutes(15);
  const std::string payload = R"({"value":7,"unit":"Wh","time":"2013-01-14T00:31:00Z"})";
  for (int i = 0; i < 2; ++i) {
    const port::Redecoded again =
        reread.decode({"sensors/good/temp", payload, false, false}, intake_.table,
                      {.now = intake_.now});
    EXPECT_EQ(again.code, DoorCode::kAdmitted) << i;
  }
}

TEST(CoarsenedTest, ValuesStayWithinTheBoundsAndAreMultiplesWhereThereIsOne) {
  testing::Prng prng(5);
  int clamped = 0;
  for (int i = 0; i < 20'000; ++i) {
    Metric metric = MakeMetric("temp", "Wh", "1", MetricKind::kGauge);
    metric.lo = prng.Between(-100, 100);
    metric.hi = metric.lo + prng.Between(0, 100);
    port::Admission admission;
    admission.metric = &metric;
    admission.coarsen_step = prng.Between(1, 60);
    const Reading reading{.time = Time{}, .value = prng.Between(metric.lo, metric.hi)};
    const int64_t value = Coarsened(reading, admission).value;
    ASSERT_GE(value, metric.lo);
    ASSERT_LE(value, metric.hi);
    bool any = false;
    for (int64_t at = metric.lo; at <= metric.hi; ++at) any |= at % admission.coarsen_step == 0;
    ASSERT_TRUE(!any || value % admission.coarsen_step == 0);
    clamped += any ? 0 : 1;
  }
  EXPECT_GT(clamped, 100);
}

TEST(CoarsenedTest, SpansAreThoseOfUtcAndBeginNoLaterThanTheReading) {
  testing::Prng prng(6);
  const Metric metric = MakeMetric("temp", "Wh", "1", MetricKind::kGauge);
  port::Admission admission;
  admission.metric = &metric;
  for (int i = 0; i < 5'000; ++i) {
    admission.coarsen_every = minutes(prng.Between(1, 24) * 5);
    const Reading reading{.time = Time(Millis(prng.Between(0, 4'000'000'000'000))), .value = 1};
    const Time start = Coarsened(reading, admission).time;
    ASSERT_EQ(start.time_since_epoch() % admission.coarsen_every, Millis(0));
    ASSERT_LE(start, reading.time);
    ASSERT_LT(reading.time, start + admission.coarsen_every);
  }
}

}  // namespace
}  // namespace gateway::ingest
