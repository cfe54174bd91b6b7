// Retention and the fold beside rows that do not open, and when space and time are short.
#include <gtest/gtest.h>

#include <atomic>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/crypto/dsse.h"
#include "tests/support/prng.h"
#include "tests/unit/pipeline/kept_fixture.h"
#include "tests/unit/pipeline/set_clock.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using store::Table;

std::string RollAll(const std::string& keep) {
  std::string all;
  for (const std::string metric : {"used", "index", "warm"}) {
    all += "  - {id: r-" + metric + ", metric: " + metric + ", tier: raw, keep: " + keep +
           ", then: rollup}\n  - {id: u-" + metric + ", metric: " + metric +
           ", tier: rollup, bucket: P1D, keep: P730D, then: erase}\n";
  }
  return all;
}

const Time kDay = At("2013-02-14T00:00:00Z");

// A bit of one column of rollups.
void Damage(Kept& kept, const SeriesId& column) {
  std::string key, value;
  ASSERT_TRUE(kept.vault().db().Scan(Table::kRollups, "", "", [&](std::string_view k,
                                                                  std::string_view v) {
    if (k.substr(20, SeriesId::kBytes) != column.view()) return true;
    key = k;
    value = v;
    return false;
  }).ok());
  ASSERT_FALSE(key.empty());
  value.back() = static_cast<char>(value.back() ^ 1);
  store::Batch batch;
  batch.Put(Table::kRollups, key, value);
  ASSERT_TRUE(kept.vault().Commit(batch).ok());
}

void DamageRollups(Kept& kept, const std::string& metric) {
  Damage(kept, Rollups(kept.vault()).ColumnOf(kept.OwnerOf(0), MetricId(metric)));
}

TEST(RetentionDamageTest, ALateReadingBesideRollupsThatDoNotOpenIsExpiredAndTheFoldGoesOn) {
  Kept kept(RollAll("P30D"));
  kept.Send(0, "used", kDay, 100);
  kept.Decide(kDay + hours(24 * 5));
  const Time now = kDay + hours(24 * 31);
  kept.Retain(now);
  ASSERT_EQ(kept.Rolled(0, "used").size(), 1u);
  DamageRollups(kept, "used");
  kept.Send(0, "used", kDay + hours(5), 1, now);
  kept.Send(0, "used", kDay + hours(6), 1, now);
  kept.Send(0, "warm", kDay + hours(5), 20, now);
  EXPECT_EQ(kept.Counts()["expired"], 2u);
  EXPECT_EQ(kept.core().retention().damaged, 2u);
  EXPECT_EQ(kept.Raw(0, "warm").size(), 1u);
  EXPECT_EQ(kept.core().folded(), kept.journal().last());
}

TEST(RetentionDamageTest, OfAnOwnerWithOneDamagedMetricTheOthersAreRolledUpWhole) {
  Kept kept(RollAll("P30D"));
  for (const char* metric : {"index", "used", "warm"}) {
    kept.Send(0, metric, kDay + hours(1), 10);
    kept.Send(0, metric, kDay + hours(25), 20);
  }
  kept.Decide(kDay + hours(24 * 5));
  kept.Retain(kDay + hours(24 * 30) + Millis(1));
  for (const char* metric : {"index", "used", "warm"}) ASSERT_EQ(kept.Raw(0, metric).size(), 1u);
  DamageRollups(kept, "used");
  for (int run = 1; run <= 2; ++run) {
    kept.Retain(kDay + hours(24 * 31) + Millis(1));
    ASSERT_EQ(kept.Raw(0, "used").size(), 1u);  // what it would be added to may be mended
    EXPECT_EQ(kept.Raw(0, "used")[0].value, 20);
    for (const char* metric : {"index", "warm"}) {
      EXPECT_TRUE(kept.Raw(0, metric).empty()) << metric;
      EXPECT_EQ(kept.Rolled(0, metric).size(), 2u) << metric;
    }
    EXPECT_EQ(kept.core().retention().rolled_up, 3u + 2);
    EXPECT_EQ(kept.core().retention().erased, 0u);
    EXPECT_EQ(kept.core().retention().damaged, static_cast<uint64_t>(run));
  }
}

TEST(RetentionDamageTest, WithoutTheLastReadingOfTheDayBeforeACounterStartsAnew) {
  for (const bool damaged : {false, true}) {
    Kept kept(RollAll("P30D"));
    for (int i = 0; i < 96; ++i) kept.Send(0, "index", kDay + i * minutes(30), 10 * i);
    kept.Decide(kDay + hours(24 * 5));
    kept.Retain(kDay + hours(24 * 30) + Millis(1));
    ASSERT_EQ(kept.Rolled(0, "index").size(), 1u);
    if (damaged) {
      Damage(kept, Rollups(kept.vault()).LastColumnOf(kept.OwnerOf(0), kept.SeriesOf(0, "index")));
    }
    kept.Retain(kDay + hours(24 * 31) + Millis(1));
    EXPECT_TRUE(kept.Raw(0, "index").empty());
    const auto rolled = kept.Rolled(0, "index");
    ASSERT_EQ(rolled.size(), 2u);
    EXPECT_EQ(rolled[1].value, damaged ? 470 : 480);
    EXPECT_EQ(rolled[1].readings, 48u);
  }
}

TEST(RetentionDamageTest, OfTwoReadingsAtOneTimeARollupIsMadeOfTheFirst) {
  Kept kept(RollAll("P30D"));
  kept.Send(0, "used", kDay + hours(3), 100);
  kept.Decide(kDay + hours(24 * 5));
  BlockLog blocks(kept.vault().db(), kept.vault());
  ASSERT_EQ(kept.Raw(0, "used").size(), 1u);
  const SeriesPlace place{.owner = kept.OwnerOf(0),
                          .device = kept.core().registry().DeviceOf(kept.SeriesOf(0, "used")),
                          .series = kept.SeriesOf(0, "used")};
  store::Batch batch;
  ASSERT_TRUE(blocks.Append(OwnerKind::kHousehold, place, MonthOf(kDay) + 1,
                            {kDay + hours(3), 50}).ok());
  ASSERT_TRUE(blocks.WriteTo(batch).ok());
  ASSERT_TRUE(kept.vault().Commit(batch).ok());
  kept.Retain(kDay + hours(24 * 31));
  EXPECT_TRUE(kept.Raw(0, "used").empty());
  const auto rolled = kept.Rolled(0, "used");
  ASSERT_EQ(rolled.size(), 1u);
  EXPECT_EQ(rolled[0].value, 100);
  EXPECT_EQ(rolled[0].readings, 1u);
}

// A day of February stays undecided, so the month's rows do not all go and none of its files do.
TEST(RetentionDamageTest, BySizeOnlyAsManyMonthsGoAsMustThoughDeletingFreesNothing) {
  std::string erase;
  for (const std::string metric : {"used", "index", "warm"}) {
    erase += "  - {id: r-" + metric + ", metric: " + metric +
             ", tier: raw, keep: P300D, then: erase}\n";
  }
  Kept kept(erase);
  testing::Prng prng(7);
  const Time from = At("2013-02-01T00:00:00Z");
  const auto send = [&](Time start, int days) {
    for (int i = 0; i < days * 48; ++i) {
      kept.Send(0, "used", start + i * minutes(30), static_cast<int64_t>(prng.Below(1u << 24)));
    }
  };
  send(from, 27);
  send(At("2013-03-01T00:00:00Z"), 31);
  send(At("2013-04-01T00:00:00Z"), 30);
  kept.Decide(At("2013-05-20T00:00:00Z"));
  kept.Send(0, "warm", At("2013-02-28T12:00:00Z"), 20, At("2013-05-21T00:00:00Z"));
  const Time now = At("2013-05-21T00:00:00Z");
  kept.Retain(now);
  for (const Table table : {Table::kJournal, Table::kBlocks}) {
    ASSERT_TRUE(kept.vault().db().Rewrite(table).ok());
  }
  const std::size_t before = kept.Raw(0, "used").size();
  const uint64_t goal = *kept.vault().db().UsedBytes() - 1500;
  ASSERT_TRUE(kept.core().RetainToSize(now, goal).ok());
  const auto left = kept.Raw(0, "used");
  EXPECT_EQ(kept.Raw(0, "warm").size(), 1u);
  ASSERT_EQ(left.size(), before - 27 * 48);
  EXPECT_EQ(left[0].time, At("2013-03-01T00:00:00Z"));
  EXPECT_LE(*kept.vault().db().UsedBytes(), goal);
}

// Both of its times are what the test says.
TEST(RetentionDamageTest, ARunThatFailsIsTriedAgainAfterTheIntervalAndNotEverySecond) {
  Commons commons;  // for its folder, key and documents
  SetClock clock(At("2013-01-14T00:00:00Z"));
  const std::string dir = commons.dir().parent_path() / "live";
  const auto open = [&] {
    return Pipeline::Open({.dir = dir,
                           .master = *crypto::SecretKey::FromBytes(commons.master()),
                           .gateway = GatewayId("gw-a"),
                           .clock = &clock});
  };
  {
    auto gateway = open();
    ASSERT_TRUE(gateway.ok()) << Message(gateway.status());
    const std::string roster =
        "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
        "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
        "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}]\n";
    ASSERT_TRUE((*gateway)->ActivateDocuments(
        {commons.Sign(crypto::kCharterType, commons.CharterYaml()),
         commons.Sign(crypto::kPolicyType, commons.PolicyYaml(3)),
         commons.Sign(crypto::kRosterType, roster)}).ok());
    ASSERT_TRUE((*gateway)->Close().ok());
  }
  {  // A row that retention refuses.
    auto database = store::Database::Open(dir);
    ASSERT_TRUE(database.ok());
    store::Batch batch;
    batch.Put(Table::kRollups, ByteWriter().U32(2013 * 12).U8(1).bytes(), "x");
    ASSERT_TRUE((*database)->Commit(batch).ok());
  }
  auto gateway = open();
  ASSERT_TRUE(gateway.ok()) << Message(gateway.status());
  SetLogLevel(LogLevel::kDebug);
  // Each run begins with a checkpoint, and nothing else makes one here.
  const auto runs_after = [&](Millis step, int times) {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < times; ++i) {
      clock.Advance(step);
      // A turn of the pipeline's thread ends between two commands.
      EXPECT_TRUE((*gateway)->GetStatus().ok() && (*gateway)->GetStatus().ok());
    }
    const std::string log = ::testing::internal::GetCapturedStderr();
    int runs = 0;
    for (std::size_t at = 0; (at = log.find("checkpoint begins", at)) != std::string::npos; ++at) {
      ++runs;
    }
    return runs;
  };
  EXPECT_EQ(runs_after(std::chrono::seconds(2), 5), 1);
  EXPECT_EQ(runs_after(std::chrono::hours(6), 1), 1);
  EXPECT_EQ(runs_after(std::chrono::seconds(2), 5), 0);
  SetLogLevel(LogLevel::kInfo);
  EXPECT_EQ((*gateway)->GetStatus()->retention.last_run, Time{});
}

}  // namespace
}  // namespace gateway::pipeline
