#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/store/block.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Millis kMs{1};

std::string Raw(const std::string& metric, const std::string& keep, const std::string& then) {
  return "  - {id: r-" + metric + ", metric: " + metric + ", tier: raw, keep: " + keep +
         ", then: " + then + "}\n";
}

std::string Rollup(const std::string& metric, const std::string& bucket, const std::string& keep) {
  return "  - {id: u-" + metric + ", metric: " + metric + ", tier: rollup, bucket: " + bucket +
         ", keep: " + keep + ", then: erase}\n";
}

std::string RollAll(const std::string& bucket) {
  std::string all;
  for (const char* metric : {"used", "index", "warm"}) {
    all += Raw(metric, "P30D", "rollup") + Rollup(metric, bucket, "P730D");
  }
  return all;
}

TEST(RollupsTest, TheBytesAreTheDocumentedOnes) {
  const std::vector<pipeline::Rollup> rollups = {{Time(Millis(1000)), 5, 48},
                                                 {Time(Millis(2000)), -1, 1}};
  const std::vector<Reading> values = {{Time(Millis(1000)), 5}, {Time(Millis(2000)), -1}};
  const std::vector<Reading> readings = {{Time(Millis(1000)), 48}, {Time(Millis(2000)), 1}};
  const std::string bytes = EncodeRollups(rollups);
  const SeriesId second = SeriesId::FromBytes(std::string(SeriesId::kBytes, '\x01'));
  EXPECT_EQ(bytes, store::EncodeBlock({{SeriesId{}, values}, {second, readings}}));
  const auto decoded = DecodeRollups(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, rollups);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeRollups(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
}

TEST(RollupsTest, ReadingsThatAreErasedGoOneByOneToTheMillisecond) {
  Kept kept(Raw("used", "P30D", "erase") + Raw("index", "P30D", "erase") +
            Raw("warm", "P30D", "erase"));
  const Time first = At("2013-02-14T10:00:00Z");
  kept.Send(0, "used", first, 1);
  kept.Send(0, "used", first + minutes(30), 2);
  kept.Decide(At("2013-02-20T00:00:00Z"));
  const Time age = first + hours(30 * 24);
  kept.Retain(age);
  EXPECT_EQ(kept.Raw(0, "used").size(), 2u);
  kept.Retain(age + kMs);
  ASSERT_EQ(kept.Raw(0, "used").size(), 1u);
  EXPECT_EQ(kept.Raw(0, "used")[0].value, 2);
  kept.Retain(age + minutes(30) + kMs);
  EXPECT_TRUE(kept.Raw(0, "used").empty());
  EXPECT_EQ(kept.core().retention().erased, 2u);
  EXPECT_EQ(kept.core().retention().rolled_up, 0u);
  EXPECT_EQ(kept.core().retention().last_run, age + minutes(30) + kMs);
}

TEST(RollupsTest, ADayIsRolledUpAsAWholeWhenItsFirstMomentReachesItsAge) {
  Kept kept(RollAll("P1D"));
  const Time day = At("2013-02-14T00:00:00Z");
  for (int i = 10; i < 48; ++i) kept.Send(0, "used", day + i * minutes(30), 100 + i);
  kept.Decide(At("2013-02-20T00:00:00Z"));
  kept.Retain(day + hours(30 * 24));
  EXPECT_EQ(kept.Raw(0, "used").size(), 38u);
  EXPECT_TRUE(kept.Rolled(0, "used").empty());
  kept.Retain(day + hours(30 * 24) + kMs);
  EXPECT_TRUE(kept.Raw(0, "used").empty());
  ASSERT_EQ(kept.Rolled(0, "used").size(), 1u);
  EXPECT_EQ(kept.Rolled(0, "used")[0].start, day);
  EXPECT_EQ(kept.Rolled(0, "used")[0].value, 38 * 100 + (10 + 47) * 38 / 2);
  EXPECT_EQ(kept.Rolled(0, "used")[0].readings, 38u);
  EXPECT_EQ(kept.core().retention().rolled_up, 38u);

  kept.Retain(day + hours(730 * 24));
  EXPECT_EQ(kept.Rolled(0, "used").size(), 1u);
  kept.Retain(day + hours(730 * 24) + kMs);
  EXPECT_TRUE(kept.Rolled(0, "used").empty());
  EXPECT_EQ(kept.core().retention().erased_rollups, 1u);
}

// What a bucket must be, from the readings alone: written anew, not with the pipeline's functions.
std::map<Time, std::pair<int64_t, uint32_t>> Oracle(const std::string& kind, Time day, Time end,
                                                    Millis bucket,
                                                    const std::map<Time, int64_t>& readings) {
  std::map<Time, std::pair<int64_t, uint32_t>> out;
  for (Time start = day; start < end; start += bucket) {
    const Time until = start + bucket;
    int64_t sum = 0, weight = 0;
    uint32_t count = 0;
    for (auto it = readings.lower_bound(start); it != readings.end() && it->first < until; ++it) {
      ++count;
      const auto next = std::next(it);
      if (kind == "used") sum += it->second;
      if (kind == "warm") {
        Time held = std::min(until, it->first + hours(1));
        if (next != readings.end() && next->first < end) held = std::min(held, next->first);
        sum += it->second * ((held - it->first).count() / 1000);
        weight += (held - it->first).count() / 1000;
      }
      if (kind == "index" && it != readings.begin()) {
        const auto before = std::prev(it);
        if (before->first >= day || before->first >= day - hours(1)) {
          sum += it->second < before->second ? it->second : it->second - before->second;
        }
      }
    }
    if (weight > 0) sum = (2 * sum + weight) / (2 * weight);  // half up, nothing is negative
    if (count > 0) out[start] = {sum, count};
  }
  return out;
}

// Readings with gaps, a counter that restarts, over the civil days around the change of the clocks.
std::map<Time, int64_t> SomeReadings(const std::string& kind, Time from, Time until) {
  std::map<Time, int64_t> readings;
  int64_t index = 5'000;
  int i = 0;
  for (Time at = from; at < until; at += minutes(30), ++i) {
    index += 37 + i % 5;
    if (i % 41 == 40) index = 11;
    if (i % 13 == 6 || i % 29 < 4) continue;
    readings[at] = kind == "index" ? index : 100 + (i * i) % 97;
  }
  return readings;
}

struct DstCase {
  const char* name;
  const char* from;  // midnight before the three days
  std::vector<int> lengths;
  const char* bucket;
};

TEST(RollupsTest, EachKindIsRolledUpAsTheOracleSaysOnBothDstDays) {
  const DstCase cases[] = {
      {"spring, days", "2013-03-30T00:00:00Z", {24, 23, 24}, "P1D"},
      {"spring, hours", "2013-03-30T00:00:00Z", {24, 23, 24}, "PT1H"},
      {"autumn, days", "2013-10-25T23:00:00Z", {24, 25, 24}, "P1D"},
      {"autumn, hours", "2013-10-25T23:00:00Z", {24, 25, 24}, "PT1H"},
  };
  for (const DstCase& c : cases) {
    SCOPED_TRACE(c.name);
    Kept kept(RollAll(c.bucket));
    const Time from = At(c.from);
    std::map<std::string, std::map<Time, int64_t>> sent;
    for (const char* metric : {"used", "index", "warm"}) {
      sent[metric] = SomeReadings(metric, from, from + hours(71));
      for (const auto& [time, value] : sent[metric]) kept.Send(0, metric, time, value);
    }
    kept.Decide(from + hours(24 * 10));
    std::map<std::string, std::map<Time, std::pair<int64_t, uint32_t>>> want;
    Time day = from;
    for (const int length : c.lengths) {
      const Time end = day + hours(length);
      for (const char* metric : {"used", "index", "warm"}) {
        want[metric].merge(Oracle(metric, day, end,
                                  std::string(c.bucket) == "P1D" ? end - day : Millis(hours(1)),
                                  sent[metric]));
      }
      kept.Retain(day + hours(30 * 24) + kMs);  // one day at a time: counters count across
      day = end;
    }
    for (const char* metric : {"used", "index", "warm"}) {
      SCOPED_TRACE(metric);
      EXPECT_TRUE(kept.Raw(0, metric).empty());
      std::map<Time, std::pair<int64_t, uint32_t>> got;
      for (const auto& each : kept.Rolled(0, metric)) got[each.start] = {each.value, each.readings};
      EXPECT_EQ(got, want[metric]);
    }
  }
}

TEST(RollupsTest, AReadingTooLateForItsRollupIsCountedAsExpiredAndChangesNothing) {
  Kept kept(RollAll("P1D"));
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + hours(3), 100);
  kept.Decide(day + hours(24 * 5));
  const Time now = day + hours(24 * 31);
  kept.Retain(now);
  const auto before = kept.Rolled(0, "used");
  ASSERT_EQ(before.size(), 1u);
  kept.Send(0, "used", day + hours(3), 100, now);
  kept.Send(0, "used", day + hours(4), 50, now);
  EXPECT_EQ(kept.Counts()["expired"], 2u);
  kept.Retain(now + hours(1));
  EXPECT_EQ(kept.Rolled(0, "used"), before);
  EXPECT_TRUE(kept.Raw(0, "used").empty());
}

// As after a file was lost, or a policy began to share the metric: the fold did not know.
TEST(RollupsTest, AReadingLeftBesideItsRollupIsErasedAndNotAdded) {
  Kept kept(RollAll("P1D"));
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + hours(3), 100);
  kept.Decide(day + hours(24 * 5));
  kept.Retain(day + hours(24 * 31));
  const auto before = kept.Rolled(0, "used");
  BlockLog blocks(kept.vault().db(), kept.vault());
  store::Batch batch;
  const SeriesPlace place{.owner = kept.OwnerOf(0),
                          .device = kept.core().registry().DeviceOf(kept.SeriesOf(0, "used")),
                          .series = kept.SeriesOf(0, "used")};
  ASSERT_TRUE(blocks.Append(OwnerKind::kHousehold, place, MonthOf(day + hours(24 * 31)),
                            {day + hours(4), 50}).ok());
  ASSERT_TRUE(blocks.WriteTo(batch).ok());
  ASSERT_TRUE(kept.vault().Commit(batch).ok());
  ASSERT_EQ(kept.Raw(0, "used").size(), 1u);
  kept.Retain(day + hours(24 * 31));
  EXPECT_TRUE(kept.Raw(0, "used").empty());
  EXPECT_EQ(kept.Rolled(0, "used"), before);
  EXPECT_EQ(kept.core().retention().erased, 1u);
}

// In summer a civil day of London begins in the evening of the UTC day before.
TEST(RollupsTest, ADayInTwoMonthsGoesInOneBatch) {
  Kept kept(RollAll("P1D"));
  const Time day = At("2013-04-30T23:00:00Z");
  for (int i = 0; i < 10; ++i) kept.Send(0, "used", day + i * minutes(30), 1);
  kept.Decide(day + hours(24 * 5));
  kept.Retain(day + hours(24 * 30) + kMs, [] { return false; });  // one batch, then stopped
  EXPECT_EQ(kept.core().retention().rolled_up, 10u);
  kept.Crash();
  EXPECT_TRUE(kept.Raw(0, "used").empty());
  ASSERT_EQ(kept.Rolled(0, "used").size(), 1u);
  EXPECT_EQ(kept.Rolled(0, "used")[0].readings, 10u);
}

TEST(RollupsTest, OfAMetricThatIsSharedWithNobodyAgeAloneCounts) {
  Kept kept(RollAll("P1D"), 1, false);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + hours(3), 100);
  kept.Retain(day + hours(24 * 30) + kMs);
  EXPECT_EQ(kept.Rolled(0, "used").size(), 1u);
  kept.Send(0, "used", day + hours(5), 100, day + hours(24 * 31));
  EXPECT_EQ(kept.Counts()["expired"], 1u);
}

TEST(RollupsTest, RunningAgainChangesNothing) {
  Kept kept(RollAll("PT1H"), 2);
  const Time from = At("2013-02-14T00:00:00Z");
  for (const auto& [time, value] : SomeReadings("used", from, from + hours(24 * 20))) {
    kept.Send(0, "used", time, value);
    kept.Send(1, "index", time, value);
  }
  kept.Decide(from + hours(24 * 30));
  const Time now = from + hours(24 * 40);
  kept.Retain(now);
  const auto rolled = kept.Rolled(0, "used");
  const auto raw = kept.Raw(1, "index");
  const uint64_t commits = kept.vault().db().commits();
  kept.Retain(now);
  EXPECT_EQ(kept.vault().db().commits(), commits + 1);  // its checkpoint
  kept.Reopen();
  kept.Retain(now);
  EXPECT_EQ(kept.Rolled(0, "used"), rolled);
  EXPECT_EQ(kept.Raw(1, "index"), raw);
}

}  // namespace
}  // namespace gateway::pipeline
