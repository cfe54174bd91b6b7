// Days of counters: what is known of a series reaches them, and what is odd is counted once.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const std::string kRetain =
    "  - {id: r-used, metric: used, tier: raw, keep: P10D, then: erase}\n"
    "  - {id: r-index, metric: index, tier: raw, keep: P10D, then: rollup}\n"
    "  - {id: d-index, metric: index, tier: rollup, bucket: P1D, keep: P90D, then: erase}\n"
    "  - {id: r-warm, metric: warm, tier: raw, keep: P10D, then: erase}\n";

std::map<std::string, uint64_t> Odd(Kept& kept) {
  std::map<std::string, uint64_t> odd;
  for (const port::DoorCount& count : kept.counters().Read().odd) {
    if (count.observations > 0) odd[count.reason] = count.observations;
  }
  return odd;
}

TEST(CounterDaysTest, WhatIsOddIsCountedWhenASheetIsDecidedAndNotAgainByARollup) {
  Kept kept(kRetain);
  const Time noon = At("2013-01-14T12:00:00Z");
  int64_t at = 0;
  for (const int64_t value : {100, 0, 104, 3, 5}) {
    kept.Send(0, "index", noon + minutes(30 * at++), value);
  }
  EXPECT_TRUE(Odd(kept).empty());
  kept.Decide(noon + hours(24 * 3));
  const std::map<std::string, uint64_t> want = {{"dip", 1}, {"reset", 1}};
  EXPECT_EQ(Odd(kept), want);
  kept.Decide(noon + hours(24 * 4));
  kept.Retain(noon + hours(24 * 12));
  ASSERT_EQ(kept.Rolled(0, "index").size(), 1u);
  EXPECT_EQ(kept.Rolled(0, "index")[0].value, 4 + 3 + 2);
  EXPECT_EQ(Odd(kept), want);
}

TEST(CounterDaysTest, TheProfileOfEachDeviceIsAskedForTheTraitsOfEachOfItsSeries) {
  Kept kept(kRetain, 2);
  std::set<std::string> asked;
  const auto traits_of = [&](const port::EnrolledDevice& device, const Metric& metric) {
    asked.insert(device.device.value() + "/" + metric.id.value());
    port::SeriesTraits traits;
    if (device.claim == "meter-flat-1") traits.step_max = 7;
    return traits;
  };
  Registry registry(kept.vault(), {.traits = traits_of, .read_own = nullptr});
  ASSERT_TRUE(registry.Load().ok());
  EXPECT_EQ(asked.size(), 6u);
  EXPECT_TRUE(asked.contains("meter-flat-0/index"));
  const auto traits = registry.TraitsOf(
      {{kept.SeriesOf(0, "index"), {}}, {kept.SeriesOf(1, "index"), {}}, {SeriesId(), {}}});
  EXPECT_EQ(traits.size(), 2u);
  EXPECT_EQ(traits.at(kept.SeriesOf(0, "index")).step_max, std::nullopt);
  EXPECT_EQ(traits.at(kept.SeriesOf(1, "index")).step_max, 7);
}

}  // namespace
}  // namespace gateway::pipeline
