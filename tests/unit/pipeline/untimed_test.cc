// Readings whose time nobody knows: kept for their household, and in nothing that is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/pipeline/key_renewal.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr uint8_t kWaited = kQualityArrivalTime | kQualityWaited;
constexpr uint8_t kUnsound = kQualityArrivalTime | kQualityClockUnsound;
const std::string kRetain =
    "  - {id: r-used, metric: used, tier: raw, keep: P10D, then: rollup}\n"
    "  - {id: d-used, metric: used, tier: rollup, bucket: PT1H, keep: P90D, then: erase}\n"
    "  - {id: r-index, metric: index, tier: raw, keep: P10D, then: rollup}\n"
    "  - {id: d-index, metric: index, tier: rollup, bucket: P1D, keep: P90D, then: erase}\n"
    "  - {id: r-warm, metric: warm, tier: raw, keep: P10D, then: rollup}\n"
    "  - {id: d-warm, metric: warm, tier: rollup, bucket: PT1H, keep: P90D, then: erase}\n";

Time Noon() { return At("2013-01-14T12:00:00Z"); }

void SendUntimed(Kept& kept, const std::string& metric, Time time, int64_t value,
                 uint8_t quality = kWaited) {
  kept.counters().Received(1);
  const store::JournalEntry entry{
      .sequence = 0,
      .owner_kind = OwnerKind::kHousehold,
      .owner = kept.OwnerOf(0),
      .arrival = time,
      .message_hash = 0,
      .items = {{kept.SeriesOf(0, metric), {.time = time, .value = value, .quality = quality}}}};
  ASSERT_TRUE(kept.journal().Append(entry, time).ok());
  ASSERT_TRUE(kept.core().FoldThrough(kept.journal().last()).ok());
}

// "value" of each reading, by time.
std::vector<int64_t> Values(Kept& kept, const std::string& metric) {
  std::vector<int64_t> values;
  for (const Reading& reading : kept.Raw(0, metric)) values.push_back(reading.value);
  return values;
}

TEST(UntimedTest, OneIsStoredWithItsQualityAndOpensNoDay) {
  Kept kept(kRetain);
  SendUntimed(kept, "used", Noon(), 7);
  SendUntimed(kept, "warm", Noon(), 8, kUnsound);
  EXPECT_TRUE(kept.core().open_days().days().empty());
  ASSERT_EQ(kept.Raw(0, "used").size(), 1u);
  EXPECT_EQ(kept.Raw(0, "used")[0].quality, kWaited);
  ASSERT_EQ(kept.Raw(0, "warm").size(), 1u);
  EXPECT_EQ(kept.Raw(0, "warm")[0].quality, kUnsound);
  EXPECT_EQ(kept.Counts()[""], 2u);
  EXPECT_EQ(kept.counters().Read().untimed, 2u);
}

// A backlog of one second's readings takes the places after it; what comes then has its own time.
TEST(UntimedTest, ABacklogTakesNoPlaceOfAReadingWhoseTimeIsKnown) {
  Kept kept(kRetain);
  for (int i = 0; i < 5; ++i) SendUntimed(kept, "warm", Noon(), i);
  kept.Send(0, "warm", Noon() + Millis(2), 100);
  ASSERT_TRUE(kept.core().Checkpoint(Noon()).ok());
  std::vector<std::pair<int64_t, int64_t>> stored;  // ms after noon, value
  for (const Reading& reading : kept.Raw(0, "warm")) {
    stored.emplace_back((reading.time - Noon()).count(), reading.value);
  }
  EXPECT_THAT(stored, testing::ElementsAre(std::pair(0, 0), std::pair(1, 1), std::pair(2, 100),
                                           std::pair(3, 2), std::pair(4, 3), std::pair(5, 4)));
}

TEST(UntimedTest, AClockThatWasFarAheadOnceDoesNotPullTheOthersAfterIt) {
  Kept kept(kRetain);
  SendUntimed(kept, "warm", Noon() + hours(24), 1, kUnsound);
  SendUntimed(kept, "warm", Noon(), 2, kUnsound);
  ASSERT_EQ(kept.Raw(0, "warm").size(), 2u);
  EXPECT_EQ(kept.Raw(0, "warm")[0].time, Noon());
}

TEST(UntimedTest, OneIsSealedUnderTheNewestKey) {
  Kept kept(kRetain);
  kept.Send(0, "warm", Noon(), 1);
  ASSERT_TRUE(kept.core().CheckpointAndForgetBlocks(Noon()).ok());
  KeyRenewal renewal(kept.vault());
  ASSERT_TRUE(renewal.Begin(MonthOf(Noon())).ok());
  ASSERT_TRUE(renewal.Finish().ok());
  ASSERT_TRUE(renewal.End().ok());
  SendUntimed(kept, "warm", Noon() + minutes(1), 2);
  EXPECT_TRUE(kept.core().Checkpoint(Noon() + minutes(1)).ok());
  EXPECT_EQ(Values(kept, "warm"), (std::vector<int64_t>{1, 2}));
}

TEST(UntimedTest, NoneIsInADayThatIsOpenNorAfterARestart) {
  Kept kept(kRetain);
  kept.Send(0, "used", Noon(), 5);
  SendUntimed(kept, "used", Noon() + minutes(1), 7);
  for (int start = 0; start < 2; ++start) {
    ASSERT_EQ(kept.core().open_days().days().size(), 1u);
    const OpenDay& day = kept.core().open_days().days().begin()->second;
    EXPECT_EQ(day.owners.at(kept.OwnerOf(0)).at(kept.SeriesOf(0, "used")),
              (std::vector<Reading>{{.time = Noon(), .value = 5}}));
    ASSERT_TRUE(kept.core().Checkpoint(Noon()).ok());
    kept.Reopen();
  }
}

TEST(UntimedTest, TwoThatWereStampedInOneMillisecondAreTwoInTheirOrder) {
  Kept kept(kRetain);
  for (const int64_t value : {3, 3, 1, 2}) SendUntimed(kept, "warm", Noon(), value);
  EXPECT_EQ(Values(kept, "warm"), (std::vector<int64_t>{3, 3, 1, 2}));
  EXPECT_EQ(kept.Counts()[""], 4u);
}

TEST(UntimedTest, RetentionRollsUpWhatHasATimeAndErasesTheOthersByTheirAge) {
  Kept kept(kRetain, 1, false);
  kept.Send(0, "used", Noon(), 5);
  SendUntimed(kept, "used", Noon() + minutes(1), 7);
  SendUntimed(kept, "used", Noon() + hours(20), 8);
  // A civil day goes when its first moment is ten days old; the others each for itself.
  kept.Retain(Noon() + hours(240));
  EXPECT_EQ(kept.Rolled(0, "used"), (std::vector<Rollup>{{Noon(), 5, 1}}));
  EXPECT_EQ(Values(kept, "used"), (std::vector<int64_t>{7, 8}));
  kept.Retain(Noon() + hours(241));
  EXPECT_EQ(Values(kept, "used"), (std::vector<int64_t>{8}));
  // Its own day was rolled up, and it comes nevertheless: nobody said that it is of that day.
  SendUntimed(kept, "used", Noon() + minutes(2), 9);
  EXPECT_EQ(kept.Counts()["expired"], 0u);
  kept.Retain(Noon() + hours(270));
  EXPECT_EQ(Values(kept, "used"), (std::vector<int64_t>{}));
  EXPECT_EQ(kept.Rolled(0, "used"), (std::vector<Rollup>{{Noon(), 5, 1}}));
  EXPECT_EQ(kept.core().retention().rolled_up, 1u);
  EXPECT_EQ(kept.core().retention().erased, 3u);
}

TEST(UntimedTest, ACounterDoesNotCountFromOne) {
  Kept kept(kRetain, 1, false);
  const Time midnight = At("2013-01-14T00:00:00Z");
  kept.Send(0, "index", midnight - minutes(40), 100);
  SendUntimed(kept, "index", midnight - minutes(10), 150);
  kept.Send(0, "index", midnight + minutes(10), 160);
  kept.Retain(midnight + hours(24 * 12));
  ASSERT_EQ(kept.Rolled(0, "index").size(), 2u);
  EXPECT_EQ(kept.Rolled(0, "index")[1].value, 60);
}

TEST(UntimedTest, AnHourInWhichNothingHeldForASecondLeavesNoRollup) {
  Kept kept(kRetain, 1, false);
  kept.Send(0, "warm", Noon() + minutes(60) - Millis(500), 21);
  kept.Send(0, "warm", Noon() + minutes(61), 22);
  kept.Retain(Noon() + hours(24 * 12));
  EXPECT_EQ(kept.Rolled(0, "warm"), (std::vector<Rollup>{{Noon() + hours(1), 22, 1}}));
  EXPECT_TRUE(Values(kept, "warm").empty());
}

}  // namespace
}  // namespace gateway::pipeline
