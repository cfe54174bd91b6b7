#include "gateway/store/losses.h"

#include <gtest/gtest.h>

#include "gateway/base/file.h"
#include "gateway/model/limits.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

constexpr Time kNow = Time(Millis(1'358'121'600'000));
const Loss kEntries{.what = "journal entries 4711 to 4800", .file = "", .found = kNow};
const Loss kLeaves{
    .what = "ledger entries 12 to 13", .file = "000012.sst", .found = kNow, .ledger = true};

class LossesTest : public ::testing::Test {
 protected:
  LossesTest() { std::filesystem::create_directory(scratch_.dir()); }
  std::unique_ptr<Losses> Load() {
    auto losses = Losses::Load(scratch_.dir(), kNow);
    EXPECT_TRUE(losses.ok()) << losses.status();
    return *std::move(losses);
  }
  std::string path() const { return scratch_.dir() + "/losses"; }

  Scratch scratch_;
};

TEST_F(LossesTest, ANewStoreLostNothingAndHasAReport) {
  EXPECT_FALSE(HasLossReport(scratch_.dir()));
  EXPECT_FALSE(Load()->blocking());
  EXPECT_TRUE(HasLossReport(scratch_.dir()));
}

TEST_F(LossesTest, ALossBlocksUntilAcknowledgedAlsoAfterARestart) {
  ASSERT_TRUE(Load()->Add(kEntries).ok());
  EXPECT_TRUE(Load()->blocking());
  EXPECT_FALSE(Load()->ledger_concerned());
  ASSERT_TRUE(Load()->Add(kLeaves).ok());
  EXPECT_EQ(Load()->all(), (std::vector<Loss>{kEntries, kLeaves}));
  EXPECT_TRUE(Load()->ledger_concerned());
  ASSERT_TRUE(Load()->Acknowledge().ok());
  EXPECT_FALSE(Load()->blocking());
  EXPECT_TRUE(Load()->all().empty());
}

TEST_F(LossesTest, TheSameLossIsReportedOnce) {
  const auto losses = Load();
  ASSERT_TRUE(losses->Add(kEntries).ok());
  Loss again = kEntries;
  again.found += std::chrono::hours(1);
  ASSERT_TRUE(losses->Add(again).ok());
  EXPECT_EQ(losses->all(), (std::vector<Loss>{kEntries}));
}

TEST_F(LossesTest, TheReportIsBoundedAndSaysThatThereIsMore) {
  const auto losses = Load();
  std::vector<Loss> many;
  for (std::size_t i = 0; i < limits::kLossesMax + 10; ++i) {
    many.push_back({.what = Format("journal entry %d", i), .file = "", .found = kNow,
                    .ledger = i == limits::kLossesMax});
  }
  ASSERT_TRUE(losses->AddAll(many).ok());
  EXPECT_EQ(losses->all().size(), limits::kLossesMax);
  EXPECT_EQ(losses->all().back().what, "more than this report can hold");
  EXPECT_TRUE(losses->ledger_concerned());
  EXPECT_EQ(Load()->all(), losses->all());
}

TEST_F(LossesTest, DescriptionNamesRangeFileAndTime) {
  EXPECT_EQ(Describe(kLeaves),
            "ledger entries 12 to 13 (file 000012.sst), found 2013-01-14T00:00:00Z");
}

TEST_F(LossesTest, ADamagedReportStaysBlockingWhateverIsFlippedOrCut) {
  ASSERT_TRUE(Load()->AddAll({kEntries, kLeaves}).ok());
  const std::string whole = *ReadFile(path(), 1u << 20);
  std::vector<std::string> broken;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    broken.push_back(whole);
    broken.back()[i] = static_cast<char>(broken.back()[i] ^ 0x01);
    broken.push_back(whole.substr(0, i));
  }
  for (const std::string& bytes : broken) {
    std::ofstream(path(), std::ios::binary) << bytes;
    const auto losses = Load();
    ASSERT_TRUE(losses->blocking()) << bytes;
    EXPECT_TRUE(losses->ledger_concerned()) << bytes;
    EXPECT_EQ(losses->all().back().what, "part of the report of earlier losses");
    EXPECT_EQ(Load()->all(), losses->all());
  }
}

TEST_F(LossesTest, ADiskThatRefusesKeepsWhatWasAndBlocks) {
  const auto losses = Load();
  std::filesystem::remove_all(scratch_.dir());
  EXPECT_EQ(losses->Add(kEntries).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(losses->blocking());
  EXPECT_EQ(losses->Acknowledge().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(losses->blocking());
}

}  // namespace
}  // namespace gateway::store
