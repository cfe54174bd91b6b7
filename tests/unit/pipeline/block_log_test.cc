#include "gateway/pipeline/block_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/crypto/secret.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "tests/support/prng.h"
#include "tests/unit/store/scratch.h"

namespace gateway::pipeline {
namespace {

const Time kStart{Millis{1'357'000'000'000}};  // 2013-01-01T00:26:40Z
constexpr Millis kMinute{60'000};

template <typename T>
T Must(StatusOr<T> result) {
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

class BlockLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::InitCrypto().ok());
    Open();
  }

  void Open() {
    log_.reset();
    vault_.reset();
    database_.reset();
    database_ = Must(store::Database::Open(scratch_.dir()));
    vault_ = Must(store::Vault::Open(*database_, Must(crypto::SecretKey::FromBytes(
                                                     std::string(crypto::SecretKey::kBytes, 'm')))));
    log_ = std::make_unique<BlockLog>(*database_, *vault_);
  }

  SeriesPlace Place(const std::string& metric, const std::string& device = "meter") const {
    return {.owner = OwnerId::FromBytes(std::string(OwnerId::kBytes, 'o')),
            .device = DeviceKey::FromBytes(vault_->RowPseudonym("device", device)),
            .series = vault_->SeriesOf(device, metric)};
  }

  void Append(const SeriesPlace& place, Time time, int64_t value) {
    ASSERT_TRUE(log_->Append(OwnerKind::kHousehold, place, MonthOf(time),
                             {.time = time, .value = value})
                    .ok());
  }

  void Checkpoint() {
    store::Batch batch;
    ASSERT_TRUE(log_->WriteTo(batch).ok());
    ASSERT_TRUE(database_->Commit(batch).ok());
    log_->Written();
  }

  void Merge(Time time) {
    store::Batch batch;
    ASSERT_TRUE(log_->Merge(batch, MonthOf(time), Place("load").owner).ok());
    ASSERT_TRUE(database_->Commit(batch).ok());
  }

  // By series, then time; fails on a reading that is there twice.
  std::map<SeriesId, std::map<Time, int64_t>> All(uint64_t damaged_expected = 0) {
    std::map<SeriesId, std::map<Time, int64_t>> all;
    for (const uint32_t month : Must(log_->Months())) {
      const uint64_t damaged = Must(log_->VisitMonth(
          month, [&](OwnerKind, const OwnerId&, const SeriesId& series,
                     const std::vector<Reading>& readings) {
            for (const Reading& reading : readings) {
              EXPECT_TRUE(all[series].emplace(reading.time, reading.value).second);
            }
          }));
      EXPECT_EQ(damaged, damaged_expected);
    }
    return all;
  }

  std::size_t Rows() {
    std::size_t rows = 0;
    EXPECT_TRUE(database_
                    ->Scan(store::Table::kBlocks, "", "",
                           [&](std::string_view, std::string_view) {
                             ++rows;
                             return true;
                           })
                    .ok());
    return rows;
  }

  const store::Scratch scratch_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
  std::unique_ptr<BlockLog> log_;
};

TEST_F(BlockLogTest, AMonthOfCheckpointsLeavesFewBlocksAndEveryReading) {
  std::map<SeriesId, std::map<Time, int64_t>> want;
  std::size_t rows_max = 0;
  for (int i = 0; i < 6'000; ++i) {
    for (const char* metric : {"load", "volt"}) {
      Append(Place(metric), kStart + i * kMinute, i % 97);
      want[Place(metric).series][kStart + i * kMinute] = i % 97;
    }
    if (i % 3 == 2) {
      Checkpoint();
      rows_max = std::max(rows_max, Rows());
    }
    if (i == 2'000 || i == 4'001) {  // unwritten readings go, as when a process dies
      Checkpoint();
      Open();
    }
  }
  Checkpoint();
  EXPECT_EQ(All(), want);
  // 12 000 readings are six full blocks. 2 000 checkpoints would have left as many small ones.
  EXPECT_LE(rows_max, 45u);
  Merge(kStart);
  EXPECT_EQ(Rows(), 6u);
  EXPECT_EQ(All(), want);
  Merge(kStart);
  EXPECT_EQ(Rows(), 6u);
}

TEST_F(BlockLogTest, ACheckpointWritesWhatIsNewAndNotWhatWasThere) {
  testing::Prng prng(1);
  for (int i = 0; i < 1'000; ++i) {
    Append(Place("load"), kStart + i * kMinute, static_cast<int64_t>(prng.Below(1'000)));
  }
  store::Batch first;
  ASSERT_TRUE(log_->WriteTo(first).ok());
  ASSERT_GT(first.bytes(), 1'000u);
  ASSERT_TRUE(database_->Commit(first).ok());
  log_->Written();
  Append(Place("load"), kStart + 1'000 * kMinute, 1);
  store::Batch second;
  ASSERT_TRUE(log_->WriteTo(second).ok());
  EXPECT_LT(second.bytes(), 250u);
}

TEST_F(BlockLogTest, ABatchThatWasNotCommittedIsPutAgain) {
  Append(Place("load"), kStart, 1);
  store::Batch lost;
  ASSERT_TRUE(log_->WriteTo(lost).ok());
  Append(Place("load"), kStart + kMinute, 2);
  Checkpoint();
  EXPECT_EQ(All().at(Place("load").series).size(), 2u);
}

TEST_F(BlockLogTest, ReadingsAreFoundWrittenOrNotInEveryBlock) {
  for (int i = 0; i < 200; ++i) {
    Append(Place("load"), kStart + i * kMinute, i);
    if (i % 10 == 9) Checkpoint();
  }
  Append(Place("load"), kStart + 200 * kMinute, 200);
  for (const int i : {0, 57, 199, 200}) {
    const Time time = kStart + i * kMinute;
    EXPECT_EQ(Must(log_->Find(Place("load"), {.time = time, .value = i})), Known::kRepeated);
    EXPECT_EQ(Must(log_->Find(Place("load"), {.time = time, .value = -1})), Known::kConflict);
    EXPECT_EQ(Must(log_->Find(Place("volt"), {.time = time, .value = i})), Known::kNew);
    EXPECT_EQ(Must(log_->Find(Place("load", "other"), {.time = time, .value = i})), Known::kNew);
    EXPECT_EQ(Must(log_->Find(Place("load"), {.time = time + Millis(1), .value = i})),
              Known::kNew);
    const auto last = Must(log_->LastBefore(Place("load"), kStart, time + Millis(1)));
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->value, i);
  }
  EXPECT_EQ(Must(log_->LastBefore(Place("load"), kStart + 57 * kMinute, kStart + 57 * kMinute)),
            std::nullopt);
}

TEST_F(BlockLogTest, ABlockThatDoesNotOpenHidesNoOtherAndIsNeverMergedAway) {
  for (int i = 0; i < 30; ++i) {
    Append(Place("load", i < 10 ? "a" : i < 20 ? "b" : "c"), kStart + i * kMinute, i);
  }
  Checkpoint();
  std::string key, value;
  ASSERT_TRUE(database_
                  ->Scan(store::Table::kBlocks, "", "",
                         [&](std::string_view k, std::string_view v) {
                           key = k;
                           value = v;
                           return false;
                         })
                  .ok());
  value.back() = static_cast<char>(value.back() ^ 1);
  store::Batch batch;
  batch.Put(store::Table::kBlocks, key, value);
  ASSERT_TRUE(database_->Commit(batch).ok());
  Open();
  std::size_t readings = 0;
  for (const auto& [series, list] : All(1)) readings += list.size();
  EXPECT_EQ(readings, 20u);
  // New readings of the same device are taken all the same.
  for (const char* device : {"a", "b", "c"}) {
    for (int i = 0; i < 20; ++i) {
      Append(Place("load", device), kStart + (100 + i) * kMinute, i);
      Checkpoint();
    }
  }
  Merge(kStart);
  readings = 0;
  for (const auto& [series, list] : All(1)) readings += list.size();
  EXPECT_EQ(readings, 80u);
}

TEST_F(BlockLogTest, TakesReadingsOutOfSharedBlocksToTheReading) {
  for (int i = 0; i < 100; ++i) {
    Append(Place("load"), kStart + i * kMinute, i);
    Append(Place("volt"), kStart + i * kMinute, i);
  }
  Checkpoint();
  const SeriesId load = Place("load").series;
  store::Batch batch;
  const auto removed = Must(log_->RemoveIf(
      batch, MonthOf(kStart), Place("load").owner, [&](const SeriesId& series, const Reading& r) {
        return series == load && r.time < kStart + 60 * kMinute;
      }));
  EXPECT_EQ(removed.readings, 60u);
  ASSERT_TRUE(database_->Commit(batch).ok());
  EXPECT_EQ(All().at(load).size(), 40u);
  EXPECT_EQ(All().at(load).begin()->first, kStart + 60 * kMinute);
  EXPECT_EQ(All().at(Place("volt").series).size(), 100u);
}

TEST_F(BlockLogTest, OneTimeInMoreSeriesThanABlockHoldsIsCutByCount) {
  for (std::size_t i = 0; i < limits::kReadingsPerBlockMax + 5; ++i) {
    SeriesPlace place = Place("m" + std::to_string(i));
    Append(place, kStart, 1);
  }
  Checkpoint();
  EXPECT_EQ(Rows(), 2u);
  EXPECT_EQ(All().size(), limits::kReadingsPerBlockMax + 5);
}

}  // namespace
}  // namespace gateway::pipeline
