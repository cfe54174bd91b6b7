#include "gateway/store/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "tests/support/prng.h"

namespace gateway::store {
namespace {

const Time kStart{Millis{1'358'121'600'000}};

SeriesId Series(char name) { return SeriesId::FromBytes(std::string(SeriesId::kBytes, name)); }

std::vector<Reading> Regular(std::size_t count) {
  std::vector<Reading> readings;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<int64_t>(i);
    readings.push_back({.time = kStart + Millis{1'800'000 * n}, .value = 200 + n % 7});
  }
  return readings;
}

std::string Encode(const std::vector<Reading>& readings) {
  return EncodeBlock({{.series = Series('s'), .readings = readings}});
}

std::size_t CountOf(const std::vector<Column>& columns) {
  std::size_t count = 0;
  for (const Column& column : columns) count += column.readings.size();
  return count;
}

void ExpectRoundTrip(const std::vector<Column>& columns) {
  const std::string block = EncodeBlock(columns);
  EXPECT_EQ(block.size() % kBlockLineBytes, 0u);
  const auto decoded = DecodeBlock(block);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, columns);
  Time first = Time::max();
  Time last = Time::min();
  for (const Column& column : columns) {
    first = std::min(first, column.readings.front().time);
    last = std::max(last, column.readings.back().time);
  }
  const auto head = PeekBlock(block);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->first, first);
  EXPECT_EQ(head->last, last);
  EXPECT_EQ(head->readings, CountOf(columns));
}

TEST(BlockTest, TheBytesAreTheDocumentedOnes) {
  const std::vector<Column> columns{
      {.series = Series('\x11'),
       .readings = {{.time = Time(Millis{1'000}), .value = 5},
                    {.time = Time(Millis{2'000}), .value = -1},
                    {.time = Time(Millis{2'999}), .value = 64, .quality = 3}}},
      {.series = Series('\x22'), .readings = {{.time = Time(Millis{2'000}), .value = 300}}}};
  const std::string head = std::string("02" "00") +       // format, stored
                           "00000000000003e8" "cf0f" +    // first time, 1 999 ms to the last
                           "03" "04" "39";                // rows, readings, bytes of body
  const std::string body = std::string("d00f" "01") +     // +1000, one less
                           "02" +                         // columns
                           "11111111111111111111111111111111" +
                           "03" +                         // all three rows
                           "02" "00" "01" "03" +          // two of quality 0, one of quality 3
                           "00" "01" "01" "060041" +      // from -1, one plane
                           "22222222222222222222222222222222" +
                           "00" "01" "01" "01" +          // of the rows: none, not one, one, not one
                           "01" "00" +                    // one of quality 0
                           "00" "d804" "00";              // 300, no plane
  const std::string golden = head + body;
  const std::string padded = golden + std::string(2 * 2 * kBlockLineBytes - golden.size(), '0');
  EXPECT_EQ(HexEncode(EncodeBlock(columns)), padded);
  EXPECT_EQ(*DecodeBlock(*HexDecode(padded)), columns);
}

// The encoder may become better; what was written with this one must stay readable.
TEST(BlockTest, ACompressedBlockOfThisFormatStaysReadable) {
  std::vector<Reading> readings;
  for (int i = 0; i < 100; ++i) {
    readings.push_back({.time = kStart + Millis{i * 60'000}, .value = i % 2 == 0 ? 7 : 1'000});
  }
  ByteWriter raw;
  raw.Varint(120'000).Varint(0).Varint(98).Varint(1).Raw(Series('s').view());
  raw.Varint(100).Varint(100).U8(0).U8(0).ZigZag(7).U8(2);
  for (int i = 0; i < 100; ++i) raw.U8(i % 2 == 0 ? 0 : 993 & 0xff);
  for (int i = 0; i < 100; ++i) raw.U8(i % 2 == 0 ? 0 : 993 >> 8);
  std::string packed(ZSTD_compressBound(raw.bytes().size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.bytes().data(),
                              raw.bytes().size(), 1));
  ByteWriter block;
  block.U8(2).U8(1).U64(1'358'121'600'000).Varint(99 * 60'000).Varint(100).Varint(100);
  block.Varint(raw.bytes().size()).Varint(packed.size()).Raw(packed);
  std::string bytes = block.Take();
  bytes.resize((bytes.size() + 63) / 64 * 64, '\0');
  const auto decoded = DecodeBlock(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, (std::vector<Column>{{.series = Series('s'), .readings = readings}}));
}

TEST(BlockTest, TheSmallestTheLargestAndExtremeBlocksRoundTrip) {
  ExpectRoundTrip({{.series = Series('a'), .readings = Regular(1)}});
  ExpectRoundTrip({{.series = Series('a'), .readings = Regular(limits::kReadingsPerBlockMax)}});
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  ExpectRoundTrip({{.series = Series('a'),
                    .readings = {{.time = Time::min(), .value = kMax, .quality = 255},
                                 {.time = Time{}, .value = kMin},
                                 {.time = Time::max(), .value = 0}}},
                   {.series = Series('b'), .readings = {{.time = Time::max(), .value = kMin}}}});
  // As many columns as there can be, each with its own time and value.
  std::vector<Column> wide;
  testing::Prng prng(7);
  for (std::size_t i = 0; i < limits::kReadingsPerBlockMax; ++i) {
    wide.push_back({.series = SeriesId::FromBytes(
                        ByteWriter().U64(prng.Next()).U64(i).bytes()),
                    .readings = {{.time = Time(Millis(static_cast<int64_t>(prng.Next()))),
                                  .value = static_cast<int64_t>(prng.Next()),
                                  .quality = static_cast<uint8_t>(prng.Below(256))}}});
  }
  ExpectRoundTrip(wide);
}

TEST(BlockTest, ADayOfHalfHoursTakesTwoLines) {
  EXPECT_LE(Encode(Regular(48)).size(), 128u);
}

TEST(BlockTest, TheMetricsOfADeviceShareTheirTimes) {
  // Times without a rhythm, which nothing can shorten.
  testing::Prng prng(3);
  std::vector<Reading> readings;
  Time time = kStart;
  for (int i = 0; i < 300; ++i) {
    time += Millis(static_cast<int64_t>(1 + prng.Below(1u << 24)));
    readings.push_back({.time = time, .value = i % 3});
  }
  const std::size_t one = EncodeBlock({{Series('a'), readings}}).size();
  const std::size_t three =
      EncodeBlock({{Series('a'), readings}, {Series('b'), readings}, {Series('c'), readings}})
          .size();
  EXPECT_LE(three, one + 2 * kBlockLineBytes);
}

TEST(BlockTest, AnyReadingsRoundTrip) {
  testing::Prng prng(20'130'114);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Column> columns;
    const std::size_t count = 1 + prng.Below(5);
    for (std::size_t i = 0; i < count; ++i) {
      std::map<Time, Reading> readings;
      Time time = kStart;
      const std::size_t size = 1 + prng.Below(round % 50 == 0 ? 400 : 40);
      for (std::size_t j = 0; j < size; ++j) {
        const bool wild = prng.Below(20) == 0;
        time = wild ? Time(Millis(static_cast<int64_t>(prng.Next())))
                    : Time(Millis(static_cast<int64_t>(
                          static_cast<uint64_t>(time.time_since_epoch().count()) +
                          60'000 * (1 + prng.Below(3)))));
        readings[time] = {.time = time,
                          .value = wild ? static_cast<int64_t>(prng.Next())
                                        : static_cast<int64_t>(prng.Below(1'000)) - 500,
                          .quality = static_cast<uint8_t>(prng.Below(10) == 0 ? prng.Below(256) : 0)};
      }
      Column column{.series = Series(static_cast<char>('a' + i)), .readings = {}};
      for (const auto& [at, reading] : readings) column.readings.push_back(reading);
      columns.push_back(std::move(column));
    }
    ExpectRoundTrip(columns);
  }
}

TEST(BlockTest, EveryTruncationAndExtensionIsDataLoss) {
  for (const std::size_t count : {20u, 300u}) {  // stored, and compressed
    const std::string block = Encode(Regular(count));
    for (std::size_t size = 0; size < block.size(); ++size) {
      EXPECT_EQ(DecodeBlock(block.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
    }
    EXPECT_EQ(DecodeBlock(block + std::string(kBlockLineBytes, '\0')).status().code(),
              StatusCode::kDataLoss);
  }
}

// Sealed blocks do not change by themselves, but a decoder that trusts its caller is a trap.
TEST(BlockTest, AnyChangedByteIsDataLossOrAnotherBlock) {
  for (const std::size_t count : {20u, 300u}) {
    const std::string block = Encode(Regular(count));
    for (std::size_t i = 0; i < block.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string changed = block;
        changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
        const auto decoded = DecodeBlock(changed);
        if (decoded.ok()) {
          EXPECT_LE(CountOf(*decoded), limits::kReadingsPerBlockMax);
        } else {
          EXPECT_EQ(decoded.status().code(), StatusCode::kDataLoss);
        }
      }
    }
  }
}

struct Malformed {
  const char* name;
  std::string head, body;
  const char* complaint;
};

TEST(BlockTest, MalformedBlocksAreRefusedByName) {
  const std::string id = "73737373737373737373737373737373";
  const std::string column = id + "02" "0200" "00" "00" "00";  // two rows, quality 0, value 0
  const std::string start = "0000000000000000";
  const std::string good = "02" "00" + start + "01" "02" "02";
  const std::vector<Malformed> cases{
      {"another format", "01" "00" + start + "01" "02" "02", "02" "01" + column, "format 1"},
      {"another method", "02" "02" + start + "01" "02" "02", "02" "01" + column, "method 2"},
      {"no rows", "02" "00" + start + "01" "00" "02", "02" "01" + column, "in 0 rows"},
      {"fewer readings than rows", "02" "00" + start + "01" "02" "01", "02" "01" + column,
       "1 readings in 2 rows"},
      {"too many readings", "02" "00" + start + "01" "02" "8110", "02" "01" + column, "limit"},
      {"times that stand still", good, "00" "01" "01" + column, "do not ascend"},
      {"times that miss their end", good, "04" "01" + column, "do not ascend"},
      {"a run of no steps", good, "00" "00" "01" + column, "do not ascend"},
      {"no columns", good, "02" "00", "0 columns"},
      {"more columns than readings", good, "02" "03" + column, "3 columns"},
      {"a column of no rows", good, "02" "01" + id + "00" "02" "0100" "00" "00" "00",
       "without readings"},
      {"an empty run of rows", good, "02" "01" + id + "01" "00" "01" "0200" "00" "00" "00",
       "run of 0 rows"},
      {"a run beyond the rows", good, "02" "01" + id + "03" "0200" "00" "00" "00",
       "run of 3 rows"},
      {"qualities beyond the readings", good, "02" "01" + id + "02" "0300" "00" "00" "00",
       "run of 3 qualities"},
      {"an empty run of qualities", good, "02" "01" + id + "02" "0000" "0200" "00" "00" "00",
       "run of 0 qualities"},
      {"an unknown transform", good, "02" "01" + id + "02" "0200" "02" "00" "00", "kind 2"},
      {"nine planes", good, "02" "01" + id + "02" "0200" "00" "00" "09", "9 planes"},
      {"planes cut short", good, "02" "01" + id + "02" "0200" "00" "00" "01" "07", "block"},
      {"a series twice", "02" "00" + start + "01" "02" "04", "02" "02" + column + column, "twice"},
      {"bytes left over", good, "02" "01" + column + "00", "block"},
      {"fewer readings than the head says", "02" "00" + start + "01" "02" "03",
       "02" "01" + column, "1 readings are missing"},
  };
  for (const Malformed& each : cases) {
    const std::string body = *HexDecode(each.body);
    std::string bytes = ByteWriter().Raw(*HexDecode(each.head)).Varint(body.size()).Raw(body).Take();
    bytes.resize((bytes.size() + 63) / 64 * 64, '\0');
    const auto refused = DecodeBlock(bytes);
    EXPECT_EQ(refused.status().code(), StatusCode::kDataLoss) << each.name;
    EXPECT_THAT(std::string(Message(refused.status())), ::testing::HasSubstr(each.complaint))
        << each.name;
  }
  // The frame that they are put in is not what is refused.
  const std::string body = *HexDecode("02" "01" + column);
  std::string bytes = ByteWriter().Raw(*HexDecode(good)).Varint(body.size()).Raw(body).Take();
  bytes.resize(64, '\0');
  ASSERT_TRUE(DecodeBlock(bytes).ok()) << DecodeBlock(bytes).status();
  bytes.back() = 1;
  EXPECT_THAT(std::string(Message(DecodeBlock(bytes).status())), ::testing::HasSubstr("padding"));
}

TEST(BlockTest, ABodyThatSaysItIsHugeIsRefusedBeforeMemoryIsTaken) {
  ByteWriter block;
  block.U8(2).U8(1).U64(0).Varint(1).Varint(2).Varint(2).Varint(uint64_t{1} << 40).Varint(4);
  std::string bytes = block.Raw("\x28\xb5\x2f\xfd").Take();
  bytes.resize(64, '\0');
  EXPECT_THAT(std::string(Message(DecodeBlock(bytes).status())),
              ::testing::HasSubstr("a body of 1099511627776"));
}

}  // namespace
}  // namespace gateway::store
