#include "gateway/base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/prng.h"

namespace gateway {
namespace {

using std::string_view_literals::operator""sv;

TEST(BytesTest, NumbersAreBigEndian) {
  ByteWriter writer;
  writer.U8(1).U16(0x0203).U32(0x04050607).U64(0x08090a0b0c0d0e0f);
  EXPECT_EQ(HexEncode(writer.bytes()), "0102030405060708090a0b0c0d0e0f");
}

TEST(BytesTest, VarintsAreTheBytesOfLeb128) {
  struct Case {
    uint64_t value;
    std::string_view hex;
  };
  for (const Case& c : {Case{0, "00"}, Case{127, "7f"}, Case{128, "8001"}, Case{300, "ac02"},
                        Case{std::numeric_limits<uint64_t>::max(), "ffffffffffffffffff01"}}) {
    SCOPED_TRACE(c.value);
    ByteWriter writer;
    writer.Varint(c.value);
    EXPECT_EQ(HexEncode(writer.bytes()), c.hex);
  }
}

TEST(BytesTest, ZigZagKeepsSmallNegativesShort) {
  ByteWriter writer;
  writer.ZigZag(0).ZigZag(-1).ZigZag(1).ZigZag(-64);
  EXPECT_EQ(HexEncode(writer.bytes()), "0001027f");
}

TEST(BytesTest, WhatIsWrittenIsRead) {
  testing::Prng prng(1);
  std::vector<int64_t> values = {0, std::numeric_limits<int64_t>::min(),
                                 std::numeric_limits<int64_t>::max()};
  for (int i = 0; i < 500; ++i) {
    values.push_back(static_cast<int64_t>(prng.Next() >> prng.Below(64)));
  }
  for (const int64_t value : values) {
    SCOPED_TRACE(value);
    const auto raw = static_cast<uint64_t>(value);
    ByteWriter writer;
    writer.I64(value).ZigZag(value).Varint(raw).Text("a\0b"sv).U16(static_cast<uint16_t>(raw));
    ByteReader reader(writer.bytes());
    EXPECT_EQ(reader.I64(), value);
    EXPECT_EQ(reader.ZigZag(), value);
    EXPECT_EQ(reader.Varint(), raw);
    EXPECT_EQ(reader.Text(), "a\0b"sv);
    EXPECT_EQ(reader.U16(), static_cast<uint16_t>(raw));
    EXPECT_TRUE(reader.Finish("row").ok());
  }
}

TEST(BytesTest, RefusesMalformedVarints) {
  for (const std::string_view hex :
       {"", "80", "ffff", "8000", "ff00", "ffffffffffffffffff02", "ffffffffffffffffff81",
        "ffffffffffffffffffff01", "80808080808080808080"}) {
    SCOPED_TRACE(hex);
    const StatusOr<std::string> bytes = HexDecode(hex);
    ASSERT_TRUE(bytes.ok());
    ByteReader reader(*bytes);
    EXPECT_EQ(reader.Varint(), 0u);
    EXPECT_EQ(reader.Finish("row").code(), StatusCode::kDataLoss);
  }
}

TEST(BytesTest, EveryTruncationFails) {
  ByteWriter writer;
  writer.U32(7).Text("hello").Varint(300).U64(1);
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    SCOPED_TRACE(size);
    ByteReader reader(std::string_view(writer.bytes()).substr(0, size));
    reader.U32();
    reader.Text();
    reader.Varint();
    reader.U64();
    EXPECT_EQ(reader.Finish("row").code(), StatusCode::kDataLoss);
  }
}

TEST(BytesTest, ATextLongerThanItsBytesIsNotRead) {
  ByteWriter writer;
  writer.Varint(std::numeric_limits<uint64_t>::max()).Raw("abc");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.Text(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(BytesTest, TheFirstFailureSticks) {
  ByteReader reader("\x01");
  reader.U16();
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(BytesTest, LeftOverBytesAreAnError) {
  ByteReader reader("ab");
  reader.U8();
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.Finish("row").code(), StatusCode::kDataLoss);
}

TEST(HexTest, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const StatusOr<std::string> back = HexDecode(HexEncode(bytes));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, bytes);
}

TEST(HexTest, RefusesOddLengthUpperCaseAndOtherCharacters) {
  for (const std::string_view hex : {"0", "abc", "AB", "0g", "g0", " 00", "0x"}) {
    SCOPED_TRACE(hex);
    EXPECT_EQ(HexDecode(hex).status().code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace gateway
