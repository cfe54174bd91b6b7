#include "gateway/store/high_water.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/store/syncer.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

constexpr Time kNow = Time(Millis(1'358'121'600'000));
constexpr Mark kFirst{.changes = 100, .journal = 20, .ledger = 3};
constexpr Mark kSecond{.changes = 120, .journal = 24, .ledger = 4};

class HighWaterTest : public ::testing::Test {
 protected:
  HighWaterTest() {
    EXPECT_TRUE(crypto::InitCrypto().ok());
    std::filesystem::create_directory(scratch_.dir());
  }
  std::unique_ptr<HighWater> Open() {
    auto high_water = HighWater::Open(scratch_.dir());
    EXPECT_TRUE(high_water.ok()) << high_water.status();
    return *std::move(high_water);
  }
  std::string path() const { return scratch_.dir() + "/high-water"; }
  std::string Bytes() const { return *ReadFile(path(), 1u << 20); }
  void Put(const std::string& bytes) { std::ofstream(path(), std::ios::binary) << bytes; }

  Scratch scratch_;
};

TEST_F(HighWaterTest, TheNewestMarkIsFoundAgainWhicheverSlotItIsIn) {
  EXPECT_EQ(Open()->found(), HighWater::Found::kNone);
  for (uint64_t i = 1; i <= 5; ++i) {
    const Mark mark{.changes = i, .journal = 2 * i, .ledger = 3 * i};
    ASSERT_TRUE(Open()->Write(mark).ok());
    EXPECT_EQ(Open()->found(), HighWater::Found::kWhole);
    EXPECT_EQ(Open()->mark(), mark);
  }
}

TEST_F(HighWaterTest, BytesAreAsDocumented) {
  ASSERT_TRUE(Open()->Write(kFirst).ok());
  const std::string bytes = Bytes();
  ASSERT_EQ(bytes.size(), 8192u);
  EXPECT_EQ(HexEncode(bytes.substr(4096, 40)),
            "63672d68772f310a0000000000000001000000000000006400000000000000140000000000000003");
  EXPECT_EQ(bytes.substr(0, 56), std::string(56, '\0'));
}

TEST_F(HighWaterTest, ATornWriteLeavesTheMarkBeforeIt) {
  ASSERT_TRUE(Open()->Write(kFirst).ok());
  const std::string before = Bytes();
  ASSERT_TRUE(Open()->Write(kSecond).ok());
  const std::string after = Bytes();
  for (std::size_t cut = 0; cut < 56; ++cut) {  // the second write is in the first slot
    Put(after.substr(0, cut) + before.substr(cut));
    EXPECT_EQ(Open()->mark(), kFirst) << cut;
    EXPECT_EQ(Open()->found(), HighWater::Found::kWhole);
  }
  Put(after);
  EXPECT_EQ(Open()->mark(), kSecond);
}

TEST_F(HighWaterTest, NoFlippedByteAndNoTruncationMakesUpAMark) {
  ASSERT_TRUE(Open()->Write(kFirst).ok());
  ASSERT_TRUE(Open()->Write(kSecond).ok());
  const std::string whole = Bytes();
  for (std::size_t i = 0; i < 56; ++i) {
    for (const std::size_t at : {i, 4096 + i}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
      Put(flipped);
      EXPECT_EQ(Open()->mark(), at < 4096 ? kFirst : kSecond) << at;
    }
  }
  for (const std::size_t size : {0u, 1u, 55u}) {
    Put(whole.substr(0, size));
    EXPECT_EQ(Open()->found(), HighWater::Found::kDamaged);
    EXPECT_EQ(Open()->mark(), Mark());
  }
  for (const std::size_t size : {56u, 4096u, 4151u}) {
    Put(whole.substr(0, size));
    EXPECT_EQ(Open()->mark(), kSecond);
    ASSERT_TRUE(Open()->Write(kFirst).ok());  // makes the file anew
    EXPECT_EQ(Open()->mark(), kFirst);
  }
}

TEST_F(HighWaterTest, ShortfallNamesWhatIsMissing) {
  EXPECT_TRUE(Shortfall(kFirst, kFirst, kNow).empty());
  EXPECT_TRUE(Shortfall(kFirst, kSecond, kNow).empty());
  const auto losses = Shortfall(kSecond, kFirst, kNow);
  ASSERT_EQ(losses.size(), 3u);
  EXPECT_EQ(losses[0].what, "the last 20 changes of the store");
  EXPECT_EQ(losses[1].what, "journal entries 21 to 24");
  EXPECT_EQ(losses[2].what, "ledger entry 3");
  EXPECT_TRUE(losses[2].ledger);
  EXPECT_FALSE(losses[1].ledger);
}

TEST_F(HighWaterTest, ABarrierAfterTheLedgerGrewWritesItAndStopAlways) {
  OpenStore store(scratch_);
  auto high_water = Open();
  Mark mark = kFirst;
  Batch batch;
  {
    Syncer syncer(store.db(), {.interval = std::chrono::hours(1)});
    syncer.Record(*high_water, [&] { return mark; });
    ASSERT_TRUE(syncer.Barrier().ok());
    EXPECT_EQ(Open()->mark(), kFirst);
    mark.changes = 110;  // no entry of the ledger: not worth a write
    batch.Put(Table::kMeta, "k", "v");
    ASSERT_TRUE(store.db().Commit(batch).ok());
    ASSERT_TRUE(syncer.Barrier().ok());
    EXPECT_EQ(Open()->mark(), kFirst);
  }
  EXPECT_EQ(Open()->mark().changes, 110u);
}

}  // namespace
}  // namespace gateway::store
