// Questions read only the sheets that can match, and find what reading everything would.
#include "gateway/pipeline/sheet_index.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/pipeline/cell_rows.h"
#include "tests/support/prng.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using store::Table;

constexpr int kDays = 4;
constexpr std::chrono::hours kDay{24};

Time DayStart(int day) { return At("2013-01-14T00:00:00Z") + day * kDay; }

// Three households' readings of all days; those before `decided` are decided.
std::vector<Member> DecideDays(Commons& commons, int decided) {
  std::vector<Member> members;
  for (const char* name : {"flat-0", "flat-1", "flat-2"}) members.push_back(commons.Join(name));
  for (int day = 0; day < kDays; ++day) {
    for (const Member& member : members) commons.SendDay(member, FormatTime(DayStart(day)), 100);
  }
  EXPECT_EQ(*commons.gateway().AdvanceClock(DayStart(decided + 1) + std::chrono::hours(6)),
            static_cast<uint32_t>(decided));
  return members;
}

template <typename T>
T OneOf(testing::Prng& prng, std::initializer_list<T> values) {
  return values.begin()[prng.Below(values.size())];
}

port::CellFilter RandomFilter(testing::Prng& prng) {
  port::CellFilter filter{.metric = OneOf<std::string>(prng, {"", "", "load", "noise"}),
                          .zone = OneOf<std::string>(prng, {"", "", "north", "town"}),
                          .rule = OneOf<std::string>(prng, {"", "", "load-daily", "load-hourly"}),
                          .from = {},
                          .until = {}};
  const auto time = [&] { return DayStart(0) + std::chrono::minutes(prng.Between(-90, 5800)); };
  if (prng.Percent(60)) filter.from = time();
  if (prng.Percent(60)) filter.until = time();
  return filter;
}

using Found = std::vector<std::pair<uint64_t, uint32_t>>;  // leaf and position

// Each decided cell compared with the filter.
Found Matching(const std::vector<port::DecidedCell>& all, const port::CellFilter& filter) {
  Found found;
  for (const port::DecidedCell& cell : all) {
    if (Matches(filter, cell.cell)) found.emplace_back(cell.leaf, cell.position);
  }
  return found;
}

void ExpectFindsWhatReadingAllWould(Commons& commons, std::size_t cells_expected) {
  const std::vector<port::DecidedCell> all = commons.Cells();
  ASSERT_EQ(all.size(), cells_expected);
  testing::Prng prng(7);
  for (int i = 0; i < 500; ++i) {
    const port::CellFilter filter = RandomFilter(prng);
    Found found;
    for (const port::DecidedCell& cell : commons.Cells(filter)) {
      found.emplace_back(cell.leaf, cell.position);
    }
    EXPECT_EQ(found, Matching(all, filter)) << "filter " << i;
  }
}

TEST(SheetIndexTest, AnyQuestionFindsWhatReadingEveryRowWould) {
  Commons commons;
  DecideDays(commons, 2);
  ExpectFindsWhatReadingAllWould(commons, 2 * 25);
  // Sheets that are decided later join those that are known, and a restart learns all anew.
  ASSERT_TRUE(commons.gateway().AdvanceClock(DayStart(kDays + 1) + std::chrono::hours(6)).ok());
  ExpectFindsWhatReadingAllWould(commons, kDays * 25);
  commons.Restart();
  ExpectFindsWhatReadingAllWould(commons, kDays * 25);
}

using Change = std::function<void(store::Database&, store::Batch&)>;

// Changes the rows of the store behind the gateway's back.
void WithDatabase(Commons& commons, const Change& change) {
  ASSERT_TRUE(commons.gateway().Close().ok());
  {
    const auto database = store::Database::Open(commons.dir().string());
    ASSERT_TRUE(database.ok()) << database.status();
    store::Batch batch;
    change(**database, batch);
    ASSERT_TRUE((*database)->Commit(batch).ok());
    ASSERT_TRUE((*database)->Close().ok());
  }
  commons.Restart();
}

std::string RowKey(uint64_t leaf, uint16_t position) {
  return ByteWriter().U64(leaf).U16(position).Take();
}

StatusCode Ask(Commons& commons, const port::CellFilter& filter) {
  return commons.gateway().VisitCells(filter, [](const auto&) { return true; }).code();
}

TEST(SheetIndexTest, AQuestionOpensNoRowOfAnotherDaysSheet) {
  Commons commons;
  DecideDays(commons, 2);
  WithDatabase(commons, [](store::Database& database, store::Batch& batch) {
    std::string row = **database.Get(Table::kCells, RowKey(0, 3));
    row.back() = static_cast<char>(row.back() ^ 1);
    batch.Put(Table::kCells, RowKey(0, 3), row);
  });
  EXPECT_EQ(Ask(commons, {}), StatusCode::kDataLoss);
  EXPECT_EQ(Ask(commons, {.from = DayStart(0), .until = DayStart(1)}), StatusCode::kDataLoss);
  EXPECT_EQ(Ask(commons, {.from = DayStart(1), .until = DayStart(2)}), StatusCode::kOk);
  EXPECT_EQ(Ask(commons, {.metric = "noise"}), StatusCode::kOk);
}

TEST(SheetIndexTest, ASheetWhoseEndIsUnknownAnswersNothing) {
  Commons commons;
  DecideDays(commons, 2);
  WithDatabase(commons, [](store::Database&, store::Batch& batch) {
    batch.Delete(Table::kCells, RowKey(0, 24));  // the daily rule's one cell
  });
  EXPECT_EQ(Ask(commons, {}), StatusCode::kDataLoss);
}

DecidedSheet SheetOf(uint64_t leaf, int day, const std::string& metric = "load") {
  return {.leaf = leaf,
          .metric = MetricId(metric),
          .zone = ZoneId("north"),
          .window = {DayStart(day), DayStart(day + 1)}};
}

TEST(SheetIndexTest, NothingAtOrAboveTheWatermarkIsFound) {
  SheetIndex index;
  index.Extend({SheetOf(0, 0), SheetOf(1, 1), SheetOf(2, 2)}, 3);
  EXPECT_EQ(index.Find({}, 0), std::vector<LeafRun>{});
  EXPECT_EQ(index.Find({}, 2), (std::vector<LeafRun>{{0, 2}}));
  EXPECT_EQ(index.Find({}, 3), (std::vector<LeafRun>{{0, 3}}));
}

TEST(SheetIndexTest, WhatTwoReadersAddIsThereOnce) {
  SheetIndex index;
  index.Extend({SheetOf(0, 0)}, 1);
  index.Extend({SheetOf(0, 0), SheetOf(1, 1, "noise"), SheetOf(3, 2)}, 4);
  index.Extend({SheetOf(1, 1, "noise")}, 2);  // a slower reader
  EXPECT_EQ(index.covered(), 4u);
  EXPECT_EQ(index.Find({.metric = "load"}, 4), (std::vector<LeafRun>{{0, 1}, {3, 4}}));
  EXPECT_EQ(index.Find({.metric = "noise"}, 4), (std::vector<LeafRun>{{1, 2}}));
  EXPECT_EQ(index.Find({.from = DayStart(1)}, 4), (std::vector<LeafRun>{{1, 4}}));
}

}  // namespace
}  // namespace gateway::pipeline
