#include <gtest/gtest.h>

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

TEST_F(LossTest, DaysThatEndedBeforeItWasAcknowledgedAreSuppressedAsLost) {
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

TEST_F(LossTest, ADayThatHasNotEndedIsDecidedFromWhatIsThere) {
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At("2013-01-14T12:00:00Z")).ok());
  Lose();
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kNone);
}

TEST_F(LossTest, ALateMessageThatOpensAGivenUpDayFindsItLostAfterARestartToo) {
  ASSERT_TRUE(commons_.gateway().AdvanceClock(At("2013-01-14T12:00:00Z")).ok());
  Lose();
  ASSERT_TRUE(commons_.gateway().AcknowledgeLoss().ok());
  commons_.Restart();
  for (const Member& member : members_) commons_.SendDay(member, "2013-01-12T00:00:00Z", 100);
  ASSERT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 2u);
  EXPECT_EQ(ReasonOf("2013-01-12T00:00:00Z"), SuppressionReason::kLost);
  EXPECT_EQ(ReasonOf(kDay), SuppressionReason::kNone);
}

TEST_F(LossTest, WithoutALossThereIsNothingToAcknowledge) {
  EXPECT_EQ(commons_.gateway().AcknowledgeLoss().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gateway::pipeline
