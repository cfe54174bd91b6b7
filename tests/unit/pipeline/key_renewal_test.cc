// Fresh data keys for everybody: nothing is lost, nothing is under an old key afterwards, whatever
// goes on meanwhile and whatever interrupts it.
#include "gateway/pipeline/key_renewal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "gateway/pipeline/stored_readings.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using store::Table;

constexpr uint32_t kMarch = 2013 * 12 + 2;
constexpr char kRetain[] =
    "  - {id: a, metric: used, tier: raw, keep: P30D, then: rollup}\n"
    "  - {id: b, metric: used, tier: rollup, bucket: P1D, keep: P400D, then: erase}\n"
    "  - {id: c, metric: warm, tier: raw, keep: P60D, then: erase}\n"
    "  - {id: d, metric: index, tier: raw, keep: P30D, then: rollup}\n"
    "  - {id: e, metric: index, tier: rollup, bucket: P1D, keep: P400D, then: erase}\n";

// Rolled up and raw readings of two households up to 20 March, some of them in the journal too.
constexpr std::string_view kNow = "2013-03-20T00:00:00Z";

void Fill(Kept& kept) {
  for (Time time = At("2013-02-01T00:00:00Z"); time < At(kNow); time += hours(24)) {
    for (const int household : {0, 1}) {
      kept.Send(household, "used", time, 5 + household);
      kept.Send(household, "warm", time + minutes(30), 20);
      kept.Send(household, "index", time, (time - At("2013-02-01T00:00:00Z")).count() / 1000);
    }
  }
  kept.Decide(At(kNow));
  kept.Retain(At(kNow));
}

Status Renew(Kept& kept, uint32_t month = kMarch) {
  KeyRenewal renewal(kept.vault());
  RETURN_IF_ERROR(renewal.Begin(month));
  RETURN_IF_ERROR(kept.core().CheckpointAndForgetBlocks(kept.core().clock_floor()));
  RETURN_IF_ERROR(renewal.Finish());
  return renewal.End();
}

// The keys that rows are under, by table; fails on a row that does not open.
std::map<Table, std::set<store::Vault::OwnerKey>> KeysOfRows(store::Vault& vault) {
  std::map<Table, std::set<store::Vault::OwnerKey>> keys;
  for (const Table table : {Table::kRegistry, Table::kJournal, Table::kBlocks, Table::kRollups}) {
    EXPECT_TRUE(vault.db()
                    .Scan(table, "", "",
                          [&](std::string_view key, std::string_view value) {
                            EXPECT_TRUE(vault.OpenRow(table, key, value).ok());
                            const auto head = store::ParseRowHeader(value);
                            if (head->owner != OwnerId{}) {
                              keys[table].insert({head->owner, head->epoch});
                            }
                            return true;
                          })
                    .ok());
  }
  return keys;
}

struct Stored {
  std::vector<Reading> used, warm, index;
  std::vector<Rollup> rolled_used, rolled_index;
  friend bool operator==(const Stored&, const Stored&) = default;
};

Stored WhatIsStored(Kept& kept, int household) {
  return {kept.Raw(household, "used"), kept.Raw(household, "warm"), kept.Raw(household, "index"),
          kept.Rolled(household, "used"), kept.Rolled(household, "index")};
}

TEST(KeyRenewalTest, EverythingIsAsBeforeAndUnderNewKeysOfThisMonthOfRollupsAndOfTheRegistry) {
  Kept kept(kRetain, 2);
  Fill(kept);
  const Stored before[] = {WhatIsStored(kept, 0), WhatIsStored(kept, 1)};
  ASSERT_GT(before[0].rolled_used.size(), 10u);
  ASSERT_GT(before[0].used.size(), 20u);
  const auto old = KeysOfRows(kept.vault());
  ASSERT_EQ(old.size(), 4u);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(Renew(kept).ok());
    EXPECT_TRUE(kept.vault().Replaced().empty());
    for (const auto& [table, keys] : KeysOfRows(kept.vault())) {
      for (const auto& [owner, epoch] : keys) {
        const uint32_t base = store::BaseEpoch(epoch);
        const bool earlier_month = (base & store::kRollupEpochs) == 0 && base != 0 && base < kMarch;
        EXPECT_EQ(store::GenerationOf(epoch), earlier_month ? 0 : round) << int(table);
      }
    }
    for (const int household : {0, 1}) {
      EXPECT_TRUE(WhatIsStored(kept, household) == before[household]);
    }
  }
  kept.Reopen();
  for (const int household : {0, 1}) {
    EXPECT_TRUE(WhatIsStored(kept, household) == before[household]);
  }
}

TEST(KeyRenewalTest, RetentionGoesOnAsIfNothingHadHappened) {
  std::optional<Stored> without;
  for (const bool renewed : {false, true}) {
    Kept kept(kRetain, 2);
    Fill(kept);
    ASSERT_TRUE(!renewed || Renew(kept).ok());
    // Into blocks and rollups that were sealed anew.
    kept.Send(0, "used", At("2013-03-20T00:00:00Z"), 7);
    kept.Send(0, "index", At("2013-03-20T00:00:00Z"), 47 * 86'400);
    kept.Decide(At("2013-04-10T00:00:00Z"));
    kept.Retain(At("2013-04-10T00:00:00Z"));
    ASSERT_TRUE(!renewed || Renew(kept, kMarch + 1).ok());
    const Stored stored = WhatIsStored(kept, 0);
    if (!without.has_value()) without = stored;
    EXPECT_EQ(stored.rolled_used.size(), without->rolled_used.size());
    EXPECT_TRUE(stored == *without);
    // In the end no key of a month is left, of any generation.
    kept.Retain(At("2013-07-01T00:00:00Z"));
    for (const auto& [owner, epoch] : kept.vault().OwnersKeys()) {
      const uint32_t base = store::BaseEpoch(epoch);
      EXPECT_TRUE(base == 0 || (base & store::kRollupEpochs) != 0) << base;
    }
    EXPECT_FALSE(kept.vault().MaySeal(kept.OwnerOf(0), kMarch));
    kept.Retain(At("2015-01-01T00:00:00Z"));
    EXPECT_TRUE(kept.Rolled(0, "used").empty());
    EXPECT_EQ(kept.vault().OwnersKeys().size(), 2u);  // of the registry
  }
}

// What a failed renewal left is under two keys; the process goes on before the next one.
TEST(KeyRenewalTest, WhatComesBetweenTwoTriesIsKeptAndLaterSealedAnewToo) {
  Kept kept(kRetain, 2);
  Fill(kept);
  KeyRenewal renewal(kept.vault());
  ASSERT_TRUE(renewal.Begin(kMarch).ok());
  for (int i = 1; i < 20; ++i) {
    kept.Send(0, "used", At("2013-03-19T01:00:00Z") + i * minutes(30), i);
    ASSERT_TRUE(kept.core().Checkpoint(At(kNow)).ok());
  }
  kept.Decide(At("2013-04-10T00:00:00Z"));
  kept.Retain(At("2013-04-10T00:00:00Z"));  // rollups get a second key, too, and rows of two
  const Stored before = WhatIsStored(kept, 0);
  kept.Crash();
  KeyRenewal rest(kept.vault());
  ASSERT_TRUE(kept.core().CheckpointAndForgetBlocks(At(kNow)).ok());
  ASSERT_TRUE(rest.Finish().ok());
  ASSERT_TRUE(rest.End().ok());
  EXPECT_TRUE(kept.vault().Replaced().empty());
  EXPECT_TRUE(WhatIsStored(kept, 0) == before);
  KeysOfRows(kept.vault());
}

TEST(KeyRenewalTest, WhatIsUnderTheNewKeyAlreadyIsNotOverwritten) {
  Kept kept(kRetain, 2);
  Fill(kept);
  KeyRenewal renewal(kept.vault());
  ASSERT_TRUE(renewal.Begin(kMarch).ok());
  for (int i = 1; i <= 3; ++i) {  // parts 0 to 2 of a run whose older one begins with 0, too
    kept.Send(0, "used", At("2013-03-19T01:00:00Z") + i * minutes(30), i);
    ASSERT_TRUE(kept.core().Checkpoint(At(kNow)).ok());
  }
  const Stored before = WhatIsStored(kept, 0);
  ASSERT_TRUE(kept.core().CheckpointAndForgetBlocks(At(kNow)).ok());
  ASSERT_TRUE(renewal.Finish().ok());
  EXPECT_TRUE(WhatIsStored(kept, 0) == before);
  kept.Send(0, "used", At("2013-03-19T03:00:00Z"), 4);  // a part behind those that were moved
  EXPECT_EQ(kept.Raw(0, "used").size(), before.used.size() + 1);
}

TEST(KeyRenewalTest, AReadThatIsUnderWayWhenTheKeysGoFindsTheRest) {
  Kept kept(kRetain, 2);
  Fill(kept);
  for (int i = 1; i <= 3; ++i) {
    kept.Send(0, "used", At("2013-03-19T01:00:00Z") + i * minutes(30), i);
    ASSERT_TRUE(kept.core().Checkpoint(At(kNow)).ok());
  }
  std::size_t want = 0;
  for (const bool renewed : {false, true}) {
    const store::Vault::Reader reader(kept.vault());
    std::size_t found = 0;
    bool first = true;
    ASSERT_TRUE(VisitStored(kept.vault(), kMarch, kept.OwnerOf(0),
                            [&](const SeriesId&, const std::vector<Reading>& readings) {
                              found += readings.size();
                              const bool now = renewed && std::exchange(first, false);
                              return now ? Renew(kept) : OkStatus();
                            }, [](const DamagedBlock&) { ADD_FAILURE(); }).ok());
    if (!renewed) want = found;
    EXPECT_EQ(found, want);
  }
  EXPECT_GT(want, 40u);
}

TEST(KeyRenewalTest, ARowThatDoesNotOpenStaysWithItsKeyAndHoldsNothingUp) {
  Kept kept(kRetain, 2);
  Fill(kept);
  const Stored before = WhatIsStored(kept, 1);
  std::string key, value;
  ASSERT_TRUE(kept.vault().db().Scan(Table::kBlocks, "", "", [&](std::string_view k,
                                                                 std::string_view v) {
    const auto head = store::ParseRowHeader(v);
    if (head->owner != kept.OwnerOf(0) || head->epoch != kMarch) return true;
    key = k;
    value = v;
    return false;
  }).ok());
  ASSERT_FALSE(key.empty());
  value.back() = static_cast<char>(value.back() ^ 1);
  store::Batch batch;
  batch.Put(Table::kBlocks, key, value);
  ASSERT_TRUE(kept.vault().Commit(batch).ok());

  KeyRenewal renewal(kept.vault());
  ASSERT_TRUE(renewal.Begin(kMarch).ok());
  ASSERT_TRUE(kept.core().CheckpointAndForgetBlocks(At(kNow)).ok());
  ASSERT_TRUE(renewal.Finish().ok());
  EXPECT_EQ(renewal.damaged(), 1u);
  EXPECT_EQ(kept.vault().Replaced(),
            (std::vector<store::Vault::OwnerKey>{{kept.OwnerOf(0), kMarch}}));
  EXPECT_EQ(kept.vault().OpenRow(Table::kBlocks, key, value).status().code(),
            StatusCode::kDataLoss);  // not NotFound, which would be no loss
  EXPECT_TRUE(WhatIsStored(kept, 1) == before);
}

TEST(KeyRenewalTest, WhoeverReadsBesideItFindsEveryReadingEveryTime) {
  Kept kept(kRetain, 2);
  Fill(kept);
  const OwnerId owner = kept.OwnerOf(0);
  const std::size_t raw = kept.Raw(0, "used").size() + kept.Raw(0, "warm").size() +
                          kept.Raw(0, "index").size();
  const std::size_t rolled = kept.Rolled(0, "used").size();
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done.load()) {
        const store::Vault::Reader reader(kept.vault());
        std::size_t found = 0;
        const auto months = StoredMonths(kept.vault(), Table::kBlocks, owner);
        ASSERT_TRUE(months.ok());
        for (const uint32_t month : *months) {
          EXPECT_TRUE(VisitStored(kept.vault(), month, owner,
                                  [&](const SeriesId&, const std::vector<Reading>& readings) {
                                    found += readings.size();
                                    return OkStatus();
                                  }, [](const DamagedBlock&) { ADD_FAILURE(); }).ok());
        }
        EXPECT_EQ(found, raw);
        const auto rollups = Rollups(kept.vault()).Read(
            owner, MetricId("used"), {At("2013-01-01T00:00:00Z"), At("2014-01-01T00:00:00Z")});
        ASSERT_TRUE(rollups.ok()) << Message(rollups.status());
        EXPECT_EQ(rollups->size(), rolled);
        reads.fetch_add(1);
      }
    });
  }
  for (int round = 0; round < 50 || reads.load() < 20; ++round) ASSERT_TRUE(Renew(kept).ok());
  done.store(true);
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace gateway::pipeline
