#include "gateway/store/block.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "tests/support/prng.h"

namespace gateway::store {
namespace {

const Time kStart{Millis{1'358'121'600'000}};

std::vector<Reading> Regular(std::size_t count) {
  std::vector<Reading> readings;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<int64_t>(i);
    readings.push_back({.time = kStart + Millis{1'800'000 * n}, .value = 200 + n % 7});
  }
  return readings;
}

void ExpectRoundTrip(const std::vector<Reading>& readings) {
  const std::string block = EncodeBlock(readings);
  EXPECT_EQ(block.size() % kBlockLineBytes, 0u);
  const auto decoded = DecodeBlock(block);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, readings);
}

TEST(BlockTest, TheBytesAreTheDocumentedOnes) {
  const std::vector<Reading> readings{{.time = Time(Millis{1'000}), .value = 5},
                                      {.time = Time(Millis{2'000}), .value = -1},
                                      {.time = Time(Millis{2'999}), .value = 64, .quality = 3}};
  const std::string golden = std::string("01") + "000d" +  // format, body length
                             "03" +                        // readings
                             "d00f" "00" "01" +            // +1000, same step, step one less
                             "0a" "01" "8001" +            // 5, -1, 64
                             "02" "00" "01" "03";          // two of quality 0, one of quality 3
  const std::string padded = golden + std::string(2 * kBlockLineBytes - golden.size(), '0');
  EXPECT_EQ(HexEncode(EncodeBlock(readings)), padded);
  EXPECT_EQ(*DecodeBlock(*HexDecode(padded)), readings);
}

TEST(BlockTest, EmptyFullAndExtremeBlocksRoundTrip) {
  ExpectRoundTrip({});
  ExpectRoundTrip(Regular(1));
  ExpectRoundTrip(Regular(limits::kReadingsPerBlockMax));
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  std::vector<Reading> wild;
  for (std::size_t i = 0; i < limits::kReadingsPerBlockMax; ++i) {
    wild.push_back({.time = i % 2 == 0 ? Time::min() : Time::max(),
                    .value = i % 2 == 0 ? kMax : kMin,
                    .quality = static_cast<uint8_t>(i)});
  }
  ExpectRoundTrip(wild);
}

TEST(BlockTest, ADayOfHalfHoursTakesTwoBytesAReading) {
  EXPECT_LE(EncodeBlock(Regular(48)).size(), 192u);
}

TEST(BlockTest, AnyReadingsRoundTrip) {
  testing::Prng prng(20'130'114);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Reading> readings(prng.Below(round % 50 == 0 ? 513 : 40));
    Time time = kStart;
    for (Reading& reading : readings) {
      const bool wild = prng.Below(20) == 0;
      time = wild ? Time(Millis(static_cast<int64_t>(prng.Next())))
                  : Time(Millis(static_cast<int64_t>(
                        static_cast<uint64_t>(time.time_since_epoch().count()) + 1'800'000)));
      reading.time = time;
      reading.value = wild ? static_cast<int64_t>(prng.Next())
                           : static_cast<int64_t>(prng.Below(1'000)) - 500;
      reading.quality = static_cast<uint8_t>(prng.Below(10) == 0 ? prng.Below(256) : 0);
    }
    ExpectRoundTrip(readings);
  }
}

TEST(BlockTest, EveryTruncationAndExtensionIsDataLoss) {
  const std::string block = EncodeBlock(Regular(48));
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_EQ(DecodeBlock(block.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(DecodeBlock(block + std::string(kBlockLineBytes, '\0')).status().code(),
            StatusCode::kDataLoss);
}

// Sealed blocks do not change by themselves, but a decoder that trusts its caller is a trap.
TEST(BlockTest, AnyChangedByteIsDataLossOrAnotherBlock) {
  const std::string block = EncodeBlock(Regular(20));
  for (std::size_t i = 0; i < block.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = block;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto decoded = DecodeBlock(changed);
      if (decoded.ok()) {
        EXPECT_LE(decoded->size(), limits::kReadingsPerBlockMax);
      } else {
        EXPECT_EQ(decoded.status().code(), StatusCode::kDataLoss);
      }
    }
  }
}

TEST(BlockTest, MalformedBlocksAreDataLoss) {
  const auto framed = [](std::string_view body_hex, uint8_t format = 1) {
    const std::string body = *HexDecode(body_hex);
    std::string bytes = ByteWriter().U8(format).U16(static_cast<uint16_t>(body.size())).Raw(body)
                            .Take();
    bytes.resize((bytes.size() + 63) / 64 * 64, '\0');
    return bytes;
  };
  ASSERT_TRUE(DecodeBlock(framed("00")).ok());
  struct Case {
    const char* name;
    std::string bytes;
  };
  std::string dirty = framed("00");
  dirty.back() = 1;
  const std::vector<Case> cases{
      {"nothing", ""},
      {"another format", framed("00", 2)},
      {"no body", framed("")},
      {"too many readings", framed("8104")},
      {"a count beyond memory", framed("ffffffffffffffffff01")},
      {"fewer readings than counted", framed("02000000")},
      {"an empty run", framed("010000" "0000")},
      {"a run longer than the block", framed("010000" "0200")},
      {"bytes after the last run", framed("010000" "0100" "00")},
      {"dirty padding", dirty},
      {"a line too many", framed("00") + std::string(64, '\0')},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(DecodeBlock(c.bytes).status().code(), StatusCode::kDataLoss) << c.name;
  }
}

}  // namespace
}  // namespace gateway::store
