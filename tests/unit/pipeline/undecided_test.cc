// Days that are not decided for a long time, because the policy expired: what stays, and for how
// long.
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "tests/unit/pipeline/commons_fixture.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;

constexpr Millis kMs{1};
constexpr char kDay[] = "2013-01-14T00:00:00Z";

void ActivatePolicy(Commons& commons, uint64_t version, const std::string& expires) {
  const auto documents = commons.gateway().ShowDocuments();
  ASSERT_TRUE(documents.ok());
  const auto row = std::find_if(documents->begin(), documents->end(),
                                [](const auto& document) { return document.type == "policy"; });
  std::string text = commons.PolicyYaml(3, version, HexEncode(row->hash));
  text.replace(text.find("expires: 2100-01-01"), 19, "expires: " + expires);
  const Status activated = commons.Activate({{crypto::kPolicyType, text}});
  ASSERT_TRUE(activated.ok()) << Message(activated);
}

// Three households with a whole day, and a policy that expires before the day is due.
void LeaveADayUndecided(Commons& commons) {
  ActivatePolicy(commons, 2, "2013-01-15");
  for (int i = 0; i < 3; ++i) commons.SendDay(commons.Join("flat-" + std::to_string(i)), kDay, 100);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At("2013-01-17T00:00:00Z")), 0u);
}

std::size_t Released(Commons& commons) {
  const auto cells = commons.Cells();
  return static_cast<std::size_t>(std::count_if(cells.begin(), cells.end(), [](const auto& each) {
    return each.cell.status == CellStatus::kReleased;
  }));
}

TEST(UndecidedTest, ADayKeepsItsReadingsThirtyDaysBeyondTheirAge) {
  Commons commons;
  LeaveADayUndecided(commons);
  const Time last = At(kDay) + hours(60 * 24);
  ASSERT_EQ(*commons.gateway().AdvanceClock(last), 0u);
  commons.Crash();  // what it has left is what is on the disk
  EXPECT_EQ(commons.gateway().GetStatus()->open_days, 1u);
  ActivatePolicy(commons, 3, "2100-01-01");
  ASSERT_EQ(*commons.gateway().AdvanceClock(last), 1u);
  EXPECT_EQ(commons.Cells().size(), 25u);
  EXPECT_EQ(Released(commons), 25u);
  for (const port::DecidedCell& daily : commons.Cells({.rule = "load-daily"})) {
    EXPECT_EQ(daily.cell.figures->sum, 3 * 48 * 100);
  }
}

TEST(UndecidedTest, ADayThatWaitedLongerCanOnlyBeSuppressed) {
  for (const bool crash : {false, true}) {
    SCOPED_TRACE(crash);
    Commons commons;
    LeaveADayUndecided(commons);
    const Time after = At(kDay) + hours(60 * 24) + kMs;
    ASSERT_EQ(*commons.gateway().AdvanceClock(after), 0u);
    if (crash) commons.Crash();
    EXPECT_EQ(commons.gateway().GetStatus()->open_days, 1u);
    ActivatePolicy(commons, 3, "2100-01-01");
    ASSERT_EQ(*commons.gateway().AdvanceClock(after), 1u);
    EXPECT_EQ(commons.Cells().size(), 25u);
    EXPECT_EQ(Released(commons), 0u);
  }
}

// Some readings of the day are still there when it is given up; whatever comes later is not a day.
TEST(UndecidedTest, AReadingForADayThatWasGivenUpIsStoredOnceAndChangesNothing) {
  Commons commons;
  LeaveADayUndecided(commons);
  const Time after = At(kDay) + hours(60 * 24) + kMs;
  ASSERT_EQ(*commons.gateway().AdvanceClock(after), 0u);
  const Member late = commons.Join("flat-late");
  commons.Send(late, "2013-01-14T12:00:00Z", 100);
  commons.Send(late, "2013-01-14T12:00:00Z", 100);
  EXPECT_EQ(commons.Counts()["repeated"], 1u);
  commons.Restart();
  commons.Send(late, "2013-01-14T12:00:00Z", 100);
  EXPECT_EQ(commons.Counts()["repeated"], 1u);
  ActivatePolicy(commons, 3, "2100-01-01");
  ASSERT_EQ(*commons.gateway().AdvanceClock(after), 1u);
  EXPECT_EQ(Released(commons), 0u);
}

// The reading before midnight belongs to a day that was decided, but the next one counts from it.
TEST(UndecidedTest, ACountersReadingBeforeAnUndecidedDayStaysWithIt) {
  Kept kept(
      "  - {id: a, metric: used, tier: raw, keep: P30D, then: erase}\n"
      "  - {id: b, metric: warm, tier: raw, keep: P30D, then: erase}\n"
      "  - {id: c, metric: index, tier: raw, keep: P30D, then: erase}\n");
  const Time day = At("2013-02-14T00:00:00Z");
  for (int half_hour = -4; half_hour < 2; ++half_hour) {
    kept.Send(0, "index", day + half_hour * std::chrono::minutes(30), 100 + half_hour);
    kept.Send(0, "used", day + half_hour * std::chrono::minutes(30), 100 + half_hour);
  }
  kept.Decide(day + hours(30 + 1));  // the day before, not this one
  ASSERT_EQ(kept.core().open_days().days().size(), 2u);
  kept.Retain(day + hours(45 * 24));
  EXPECT_EQ(kept.Raw(0, "used").size(), 2u);   // of this day
  EXPECT_EQ(kept.Raw(0, "index").size(), 4u);  // and up to two intervals before
  kept.Decide(day + hours(45 * 24));
  kept.Retain(day + hours(45 * 24));
  EXPECT_TRUE(kept.Raw(0, "used").empty());
  EXPECT_TRUE(kept.Raw(0, "index").empty());
}

}  // namespace
}  // namespace gateway::pipeline
