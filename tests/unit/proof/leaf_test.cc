#include "gateway/proof/leaf.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"

namespace gateway::proof {
namespace {

using std::chrono::seconds;

ReleaseLeaf SomeLeaf() {
  ReleaseLeaf leaf;
  leaf.at = Time(Millis(1358300000123));
  leaf.gateway_id16 = GatewayLeafId("sunny-row", "gw-a");
  leaf.policy_version = 3;
  leaf.metric = MetricId("load");
  leaf.zone = ZoneId("north");
  leaf.day_start = Time(seconds(1358121600));
  leaf.cells = {{RuleId("load-hourly"), leaf.day_start,
                 *HexDecode("ccf70e477302cec65be0153ba3b563de9ca724eb55cbd23c640cc979862dfde0")},
                {RuleId("load-daily"), leaf.day_start, std::string(32, '\x22')}};
  return leaf;
}

// The hex strings were made with Python's protobuf and hashlib from the same values.
TEST(LeafTest, GatewayLeafIdIsTheGoldenOne) {
  EXPECT_EQ(HexEncode(GatewayLeafId("sunny-row", "gw-a")), "0d78e3cfda9c77bc640adfbc0f10f098");
  EXPECT_NE(GatewayLeafId("a", "bc"), GatewayLeafId("ab", "c"));
}

TEST(LeafTest, ReleaseLeafHasTheGoldenBytes) {
  const StatusOr<std::string> bytes = EncodeReleaseLeaf(SomeLeaf());
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(HexEncode(*bytes),
            "01010000013c40fd2f7b0d78e3cfda9c77bc640adfbc0f10f0980000000300800a046c6f61641205"
            "6e6f7274681880aa9a8f0a22350a0b6c6f61642d686f75726c791080aa9a8f0a1a20ccf70e477302"
            "cec65be0153ba3b563de9ca724eb55cbd23c640cc979862dfde022340a0a6c6f61642d6461696c79"
            "1080aa9a8f0a1a202222222222222222222222222222222222222222222222222222222222222222");
}

TEST(LeafTest, DecodesWhatItEncodes) {
  const StatusOr<ReleaseLeaf> leaf = DecodeReleaseLeaf(*EncodeReleaseLeaf(SomeLeaf()));
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(*leaf, SomeLeaf());
}

TEST(LeafTest, WhateverDecodesEncodesToTheSameBytes) {
  const std::string bytes = *EncodeReleaseLeaf(SomeLeaf());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] =
        static_cast<char>(static_cast<uint8_t>(changed[bit / 8]) ^ (1u << (bit % 8)));
    const StatusOr<ReleaseLeaf> leaf = DecodeReleaseLeaf(changed);
    if (leaf.ok()) {
      EXPECT_EQ(*EncodeReleaseLeaf(*leaf), changed) << bit;
    } else {
      EXPECT_EQ(leaf.status().code(), StatusCode::kDataLoss) << bit;
    }
  }
}

TEST(LeafTest, RefusesEveryTruncationAndLeftovers) {
  const std::string bytes = *EncodeReleaseLeaf(SomeLeaf());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeReleaseLeaf(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_EQ(DecodeReleaseLeaf(bytes + "x").status().code(), StatusCode::kDataLoss);
}

TEST(LeafTest, AnEntryIsBoundedByTheBundlesLengthField) {
  ReleaseLeaf leaf = SomeLeaf();
  StatusOr<std::string> bytes = EncodeReleaseLeaf(leaf);
  std::size_t largest = 0;
  for (; bytes.ok(); bytes = EncodeReleaseLeaf(leaf)) {
    largest = bytes->size();
    EXPECT_TRUE(DecodeReleaseLeaf(*bytes).ok());
    leaf.cells.insert(leaf.cells.end(), 50, leaf.cells[0]);
  }
  EXPECT_EQ(bytes.status().code(), StatusCode::kInvalidArgument);
  EXPECT_LE(largest, kEntryBytesMax);
  EXPECT_GT(largest, kEntryBytesMax - 50 * 60);
}

TEST(LeafTest, RefusesTimesAndSizesThatDoNotFit) {
  const auto refused = [](const auto& change) {
    ReleaseLeaf leaf = SomeLeaf();
    change(leaf);
    return EncodeReleaseLeaf(leaf).status().code() == StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](ReleaseLeaf& leaf) { leaf.gateway_id16.pop_back(); }));
  EXPECT_TRUE(refused([](ReleaseLeaf& leaf) { leaf.cells[0].commitment.pop_back(); }));
  EXPECT_TRUE(refused([](ReleaseLeaf& leaf) { leaf.day_start += Millis(1); }));
  EXPECT_TRUE(refused([](ReleaseLeaf& leaf) { leaf.cells[1].start -= Millis(1); }));
  EXPECT_TRUE(refused([](ReleaseLeaf& leaf) { leaf.at = Time(Millis(-1)); }));
}

RetractionLeaf SomeRetraction() {
  return {.at = Time(Millis(1358300000123)),
          .gateway_id16 = GatewayLeafId("sunny-row", "gw-a"),
          .policy_version = 3,
          .release = 7,
          .position = 24,
          .envelope = "an envelope"};
}

TEST(LeafTest, RetractionLeafHasTheGoldenBytes) {
  const StatusOr<std::string> bytes = EncodeRetractionLeaf(SomeRetraction());
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(HexEncode(*bytes),
            "010d0000013c40fd2f7b0d78e3cfda9c77bc640adfbc0f10f0980000000300150000000000000007"
            "0018616e20656e76656c6f7065");
  const StatusOr<RetractionLeaf> leaf = DecodeRetractionLeaf(*bytes);
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(*leaf, SomeRetraction());
}

TEST(LeafTest, EntriesOfOneTypeAreNoneOfTheOther) {
  EXPECT_EQ(DecodeRetractionLeaf(*EncodeReleaseLeaf(SomeLeaf())).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(DecodeReleaseLeaf(*EncodeRetractionLeaf(SomeRetraction())).status().code(),
            StatusCode::kDataLoss);
}

TEST(LeafTest, EveryTruncationOfARetractionIsDataLoss) {
  const std::string bytes = *EncodeRetractionLeaf(SomeRetraction());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeRetractionLeaf(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_EQ(DecodeRetractionLeaf(bytes + "x").status().code(), StatusCode::kDataLoss);
}

TEST(LeafTest, RetractionsThatFitNoEntryAreRefused) {
  RetractionLeaf leaf = SomeRetraction();
  leaf.position = 0x10000;
  EXPECT_EQ(EncodeRetractionLeaf(leaf).status().code(), StatusCode::kInvalidArgument);
  leaf = SomeRetraction();
  leaf.envelope.clear();
  EXPECT_EQ(EncodeRetractionLeaf(leaf).status().code(), StatusCode::kInvalidArgument);
  leaf.envelope.assign(kEntryBytesMax - 32 - 10, 'e');
  EXPECT_EQ(EncodeRetractionLeaf(leaf)->size(), kEntryBytesMax);
  leaf.envelope.push_back('e');
  EXPECT_EQ(EncodeRetractionLeaf(leaf).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gateway::proof
