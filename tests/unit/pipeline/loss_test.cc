#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/store/high_water.h"
#include "gateway/store/losses.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr std::string_view kDay = "2013-01-14T00:00:00Z";
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

// Three households' day is stored; then the store says that something else was lost.
class LossTest : public ::testing::Test {
 protected:
  LossTest() {
    for (int i = 0; i < 3; ++i) members_.push_back(commons_.Join("flat-" + std::to_string(i)));
    for (const Member& member : members_) commons_.SendDay(member, kDay, 100);
  }
  void Lose() {
    auto losses = store::Losses::Load(commons_.dir(), At(kDay));
    ASSERT_TRUE(losses.ok());
    ASSERT_TRUE((*losses)->Add({.what = "journal entries 7 to 9", .file = "", .found = At(kDay)}).ok());
    commons_.Restart();
  }
  SuppressionReason ReasonOf(std::string_view day) {
    const auto why = commons_.gateway().ExplainCell("load-daily", "north", At(day));
    EXPECT_TRUE(why.ok()) << Message(why.status());
    return why.ok() ? why->reason : SuppressionReason::kNone;
  }

  Commons commons_;
  std::vector<Member> members_;
};

TEST_F(LossTest, NothingIsDecidedUntilItIsAcknowledgedAndIntakeGoesOn) {
  Lose();
  EXPECT_EQ(commons_.gateway().GetStatus()->lost,
            (std::vector<std::string>{"journal entries 7 to 9, found 2013-01-14T00:00:00Z"}));
  commons_.Send(members_[0], "2013-01-15T00:00:00Z", 100);
  EXPECT_EQ(commons_.Counts()[""], 1u);
  EXPECT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 0u);
  EXPECT_TRUE(commons_.Cells().empty());
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  EXPECT_TRUE(commons_.gateway().GetStatus()->lost.empty());
  EXPECT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
}

TEST_F(LossTest, DaysThatBeganBeforeItWasAcknowledgedAreSuppressedAsLost) {
  Lose();
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At(kDue)).ok());
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
  const auto cells = commons_.Cells();
  ASSERT_EQ(cells.size(), 25u);
  for (const port::DecidedCell& decided : cells) {
    EXPECT_EQ(decided.cell.status, CellStatus::kSuppressed);
    EXPECT_FALSE(decided.cell.figures.has_value());
  }
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kLost);
  EXPECT_EQ(commons_.gateway().GetStatus()->ledger_size, 1u);
}

TEST_F(LossTest, TheDayInProgressIsLostTooWhateverComesOfItAfterwards) {
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At("2013-01-14T12:00:00Z")).ok());
  Lose();
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kLost);
}

// Its first readings came before the loss, from devices whose clocks run ahead.
TEST_F(LossTest, ADayThatIsOpenBeforeItBeginsIsLost) {
  Lose();
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kLost);
}

TEST_F(LossTest, ADayThatBeginsAfterwardsIsDecided) {
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At("2013-01-15T00:00:00Z")).ok());
  Lose();
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  for (const Member& member : members_) commons_.SendDay(member, "2013-01-15T00:00:00Z", 100);
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At("2013-01-17T06:00:00Z")), 2u);
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kLost);
  EXPECT_EQ(ReasonOf("2013-01-15T00:00:00Z"), SuppressionReason::kNone);
}

TEST_F(LossTest, ALateMessageThatOpensAGivenUpDayFindsItLostAfterARestartToo) {
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At("2013-01-14T12:00:00Z")).ok());
  Lose();
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  commons_.Restart();
  for (const Member& member : members_) commons_.SendDay(member, "2013-01-12T00:00:00Z", 100);
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 2u);
  EXPECT_EQ(ReasonOf("2013-01-12T00:00:00Z"), SuppressionReason::kLost);
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kLost);
}

TEST_F(LossTest, WhatWasReleasedBeforeStaysReadableAndIsTheSame) {
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
  const auto before = commons_.Cells();
  ASSERT_EQ(before.size(), 25u);
  Lose();
  const auto after = commons_.Cells();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i].bytes, before[i].bytes);
}

TEST_F(LossTest, WithoutALossThereIsNothingToAcknowledge) {
  EXPECT_EQ(commons_.gateway().AcknowledgeLoss().code(), StatusCode::kFailedPrecondition);
}

// Ends the process without a word, and takes the last `bytes` of its write-ahead log.
TEST_F(LossTest, AWriteAheadLogThatIsCutShortIsNamed) {
  commons_.Restart();  // what is there is in files; the log is new
  commons_.Send(members_[0], "2013-01-15T00:00:00Z", 1);
  commons_.Send(members_[0], "2013-01-15T00:30:00Z", 2);
  const uint64_t journaled = commons_.gateway().GetStatus()->journaled;
  auto high_water = store::HighWater::Open(commons_.dir());
  ASSERT_TRUE(high_water.ok());
  store::Mark mark = (*high_water)->mark();
  mark.journal = journaled;
  mark.changes += 2;
  commons_.Crash([&](const std::filesystem::path& dir) {
    auto copy = store::HighWater::Open(dir);
    ASSERT_TRUE(copy.ok() && (*copy)->Write(mark).ok());
    for (const auto& file : std::filesystem::directory_iterator(dir)) {
      if (file.path().extension() != ".log") continue;
      const auto size = std::filesystem::file_size(file.path());
      if (size > 0) std::filesystem::resize_file(file.path(), size - 1);
    }
  });
  const auto lost = commons_.gateway().GetStatus()->lost;
  ASSERT_FALSE(lost.empty());
  EXPECT_THAT(lost, ::testing::Contains(::testing::StartsWith(
                        "journal entry " + std::to_string(journaled) + ", found")));
  // The same message again: the number is not used up, and nothing is counted twice.
  commons_.Send(members_[0], "2013-01-15T00:30:00Z", 2);
  EXPECT_EQ(commons_.gateway().GetStatus()->journaled, journaled);
}

TEST_F(LossTest, ALostHighWaterFileOrReportIsReportedAndNotFatal) {
  for (const char* name : {"high-water", "losses"}) {
    commons_.Crash([&](const std::filesystem::path& dir) { std::filesystem::remove(dir / name); });
    const auto lost = commons_.gateway().GetStatus()->lost;
    ASSERT_EQ(lost.size(), 1u) << name;
    EXPECT_THAT(lost[0], ::testing::HasSubstr(std::string("(file ") + name + ")"));
    ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
    commons_.Crash();
    EXPECT_TRUE(commons_.gateway().GetStatus()->lost.empty());
  }
}

TEST_F(LossTest, AJournalEntryThatIsMissingOrDamagedIsNamedAndLeftOut) {
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At("2013-01-15T00:00:00Z")).ok());
  const uint64_t first = commons_.gateway().GetStatus()->journaled + 1;
  for (int i = 0; i < 5; ++i) {
    commons_.Send(members_[0], FormatTime(At("2013-01-15T00:00:00Z") + std::chrono::hours(i)), i);
  }
  commons_.Crash([&](const std::filesystem::path& dir) {
    auto database = store::Database::Open(dir.string());
    ASSERT_TRUE(database.ok());
    store::Batch batch;
    batch.Delete(store::Table::kJournal, ByteWriter().U64(first + 1).Take());
    const std::string damaged = ByteWriter().U64(first + 3).Take();
    std::string value = **(*database)->Get(store::Table::kJournal, damaged);
    value.back() = static_cast<char>(value.back() ^ 1);
    batch.Put(store::Table::kJournal, damaged, value);
    ASSERT_TRUE((*database)->Commit(batch).ok());
    ASSERT_TRUE((*database)->Close().ok());
  });
  const auto lost = commons_.gateway().GetStatus()->lost;
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_THAT(lost[0], ::testing::StartsWith("journal entry " + std::to_string(first + 1) + ","));
  EXPECT_THAT(lost[1], ::testing::StartsWith("journal entry " + std::to_string(first + 3) + ","));
  EXPECT_EQ(commons_.gateway().GetStatus()->folded, first + 4);
  commons_.Send(members_[0], "2013-01-15T12:00:00Z", 1);
  EXPECT_EQ(commons_.gateway().GetStatus()->journaled, first + 5);
}

}  // namespace
}  // namespace gateway::pipeline
