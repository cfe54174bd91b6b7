#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "gateway/base/bytes.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using store::Table;

constexpr uint32_t kFebruary = 2013 * 12 + 1;
constexpr char kRetain[] =
    "  - {id: a, metric: used, tier: raw, keep: P30D, then: rollup}\n"
    "  - {id: b, metric: used, tier: rollup, bucket: P1D, keep: P400D, then: erase}\n"
    "  - {id: c, metric: warm, tier: raw, keep: P30D, then: erase}\n"
    "  - {id: d, metric: index, tier: raw, keep: P30D, then: erase}\n";

std::vector<std::pair<std::string, std::string>> RowsOf(Kept& kept, Table table) {
  std::vector<std::pair<std::string, std::string>> rows;
  EXPECT_TRUE(kept.vault().db().Scan(table, "", "", [&](std::string_view key,
                                                        std::string_view value) {
    rows.emplace_back(key, value);
    return true;
  }).ok());
  return rows;
}

bool HasKey(Kept& kept, uint32_t epoch) {
  const auto keys = kept.vault().OwnersKeys();
  return std::find(keys.begin(), keys.end(), std::pair(kept.OwnerOf(0), epoch)) != keys.end();
}

TEST(RetentionKeysTest, AKeyEndsWithTheLastReadingThatCameInItsMonthAndOldRowsOpenNoMore) {
  Kept kept(kRetain);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day, 100);
  kept.Send(0, "warm", day + hours(24), 20);
  kept.Decide(day + hours(24 * 5));
  kept.Retain(day + hours(24 * 5));  // also a checkpoint
  const auto rows = RowsOf(kept, Table::kBlocks);
  ASSERT_EQ(rows.size(), 1u);  // two metrics of one device
  ASSERT_TRUE(kept.vault().OpenRow(Table::kBlocks, rows[0].first, rows[0].second).ok());

  kept.Retain(day + hours(24 * 31));  // the other metric's reading is exactly of its age
  EXPECT_TRUE(HasKey(kept, kFebruary));
  kept.Retain(day + hours(24 * 31) + Millis(1));
  EXPECT_FALSE(HasKey(kept, kFebruary));
  EXPECT_EQ(kept.core().retention().keys_destroyed, 1u);
  for (const bool reopened : {false, true}) {
    if (reopened) kept.Reopen();
    for (const auto& [key, value] : rows) {  // as from an old file or a backup
      EXPECT_EQ(kept.vault().OpenRow(Table::kBlocks, key, value).status().code(),
                StatusCode::kNotFound);
    }
    EXPECT_FALSE(kept.vault().MaySeal(kept.OwnerOf(0), kFebruary));
    EXPECT_EQ(kept.Rolled(0, "used").size(), 1u);  // under a key of its own
  }
}

TEST(RetentionKeysTest, AKeyOfRollupsEndsWhenNoneOfItsMonthCanBeKept) {
  Kept kept(kRetain);
  const Time day = At("2013-02-27T00:00:00Z");
  kept.Send(0, "used", day, 100);
  kept.Decide(day + hours(24 * 5));
  kept.Retain(day + hours(24 * 31));
  const auto rows = RowsOf(kept, Table::kRollups);
  ASSERT_EQ(rows.size(), 1u);
  kept.Retain(day + hours(24 * 400) + Millis(1));
  EXPECT_TRUE(kept.Rolled(0, "used").empty());
  EXPECT_TRUE(HasKey(kept, store::kRollupEpochs | kFebruary));  // of the 28th one could come
  kept.Retain(At("2014-04-04T12:00:00Z"));
  EXPECT_TRUE(HasKey(kept, store::kRollupEpochs | kFebruary));
  kept.Retain(At("2014-04-05T12:00:00Z"));
  EXPECT_FALSE(HasKey(kept, store::kRollupEpochs | kFebruary));
  EXPECT_EQ(kept.vault().OpenRow(Table::kRollups, rows[0].first, rows[0].second).status().code(),
            StatusCode::kNotFound);
}

TEST(RetentionKeysTest, AKeyStaysWhileAnEntryThatIsNotFoldedNeedsIt) {
  Kept kept(kRetain);
  const Time day = At("2013-02-14T00:00:00Z");
  const store::JournalEntry entry{.sequence = 0,
                                  .owner_kind = OwnerKind::kHousehold,
                                  .owner = kept.OwnerOf(0),
                                  .arrival = day,
                                  .message_hash = 0,
                                  .items = {{kept.SeriesOf(0, "warm"), {day, 20}}}};
  ASSERT_TRUE(kept.journal().Append(entry, day).ok());
  const Time now = day + hours(24 * 29);
  kept.Retain(now);
  EXPECT_TRUE(HasKey(kept, kFebruary));
  kept.counters().Received(1);
  ASSERT_TRUE(kept.core().FoldThrough(1).ok());
  EXPECT_EQ(kept.Raw(0, "warm").size(), 1u);
}

TEST(RetentionKeysTest, AReadingLeftOfAMonthWhoseKeyIsGoneIsCountedAndNoKeyIsMade) {
  Kept kept(kRetain);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day, 100);
  kept.Decide(day + hours(24 * 5));
  kept.Retain(day + hours(24 * 40));
  ASSERT_FALSE(HasKey(kept, kFebruary));
  // The fold is handed what the journal would refuse to seal.
  kept.counters().Received(1);
  const store::JournalEntry entry{.sequence = kept.core().folded() + 1,
                                  .owner_kind = OwnerKind::kHousehold,
                                  .owner = kept.OwnerOf(0),
                                  .arrival = day + hours(24),
                                  .message_hash = 0,
                                  .items = {{kept.SeriesOf(0, "warm"), {day + hours(24), 20}}}};
  ASSERT_TRUE(*kept.core().FoldNext(entry));
  EXPECT_EQ(kept.Counts()["key-gone"], 1u);
  EXPECT_TRUE(kept.core().Checkpoint(day + hours(24 * 40)).ok());
  EXPECT_TRUE(kept.Raw(0, "warm").empty());
  EXPECT_FALSE(HasKey(kept, kFebruary));
}

struct Left {
  std::vector<Reading> used, warm;
  std::vector<Rollup> rolled;
  std::size_t keys = 0;
  friend bool operator==(const Left&, const Left&) = default;
};

Left WhatIsLeft(Kept& kept) {
  return {kept.Raw(0, "used"), kept.Raw(0, "warm"), kept.Rolled(0, "used"),
          kept.vault().OwnersKeys().size()};
}

// Three months of readings in one run, which makes a batch for each month and for each key.
TEST(RetentionKeysTest, ACrashBetweenAnyTwoBatchesLosesAndDoublesNothing) {
  const Time from = At("2013-02-01T00:00:00Z");
  const Time now = from + hours(24 * 110);
  std::optional<Left> whole;
  int batches = 1'000'000;  // the first round is not interrupted
  for (int stop = -1; stop < batches; ++stop) {
    SCOPED_TRACE(stop);
    Kept kept(kRetain);
    for (int day = 0; day < 90; day += 3) {
      kept.Send(0, "used", from + hours(24 * day), day + 1);
      kept.Send(0, "warm", from + hours(24 * day + 1), day);
    }
    kept.Decide(now);
    int made = 0;
    kept.Retain(now, [&] { return ++made != stop + 1; });
    if (!whole.has_value()) {
      batches = made;
      whole = WhatIsLeft(kept);
      EXPECT_EQ(whole->keys, 5u);  // of the registry, April, and the rollups of three months
      continue;
    }
    kept.Crash();
    std::size_t in_rollups = 0;
    for (const Rollup& rollup : kept.Rolled(0, "used")) in_rollups += rollup.readings;
    EXPECT_EQ(kept.Raw(0, "used").size() + in_rollups, 30u);
    kept.Retain(now);
    EXPECT_TRUE(WhatIsLeft(kept) == *whole);
  }
  EXPECT_GE(batches, 5);
}

TEST(RetentionKeysTest, BySizeTheOldestDecidedMonthsGoFirstAndAreRolledUpFirst) {
  Kept kept(
      "  - {id: a, metric: used, tier: raw, keep: P300D, then: rollup}\n"
      "  - {id: b, metric: used, tier: rollup, bucket: P1D, keep: P400D, then: erase}\n"
      "  - {id: c, metric: warm, tier: raw, keep: P300D, then: erase}\n"
      "  - {id: d, metric: index, tier: raw, keep: P300D, then: erase}\n");
  const Time from = At("2013-02-01T00:00:00Z");
  for (int day = 0; day < 100; ++day) {  // February to 11 May
    kept.Send(0, "used", from + hours(24 * day), day);
    kept.Send(0, "warm", from + hours(24 * day), day);
  }
  kept.Decide(At("2013-05-03T00:00:00Z"));  // up to 1 May at 00:00 in London, not later
  const std::size_t open = kept.core().open_days().days().size();
  const Time now = At("2013-05-12T00:00:00Z");
  ASSERT_TRUE(kept.core().RetainToSize(now, uint64_t{1} << 40).ok());
  EXPECT_EQ(kept.Raw(0, "used").size(), 100u);

  ASSERT_TRUE(kept.core().RetainToSize(now, 0).ok());
  const auto left = kept.Raw(0, "used");
  ASSERT_EQ(left.size(), 100u - 28 - 31 - 30);
  EXPECT_EQ(left[0].time, At("2013-05-01T00:00:00Z"));  // May is the month that still comes in
  EXPECT_EQ(kept.Raw(0, "warm").size(), left.size());
  EXPECT_EQ(kept.Rolled(0, "used").size(), 28u + 31 + 30);
  EXPECT_EQ(kept.core().open_days().days().size(), open);
  EXPECT_EQ(kept.core().retention().rolled_up, 89u);
  EXPECT_EQ(kept.core().retention().erased, 89u);
  EXPECT_FALSE(HasKey(kept, kFebruary));
}

TEST(RetentionKeysTest, BySizeNothingOfAnUndecidedDayGoes) {
  Kept kept(
      "  - {id: a, metric: used, tier: raw, keep: P300D, then: erase}\n"
      "  - {id: c, metric: warm, tier: raw, keep: P300D, then: erase}\n"
      "  - {id: d, metric: index, tier: raw, keep: P300D, then: erase}\n");
  const Time from = At("2013-02-01T00:00:00Z");
  for (int day = 0; day < 40; ++day) kept.Send(0, "used", from + hours(24 * day), day);
  kept.Decide(from + hours(24 * 12 + 6));  // eleven days are decided
  ASSERT_TRUE(kept.core().RetainToSize(At("2013-04-12T00:00:00Z"), 0).ok());
  const auto left = kept.Raw(0, "used");
  ASSERT_EQ(left.size(), 29u);
  EXPECT_EQ(left[0].value, 11);
}

}  // namespace
}  // namespace gateway::pipeline
