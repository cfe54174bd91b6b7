#include "gateway/ingest/cbor.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/support/prng.h"
#include "tests/support/vectors.h"

namespace gateway::ingest {
namespace {

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return hex;
}

// In diagnostic notation; false at an error.
bool Print(CborReader& reader, const CborItem& item, std::string& into) {
  switch (item.kind) {
    case CborKind::kNumber: into += item.text; return true;
    case CborKind::kNotANumber: into += "NaN"; return true;
    case CborKind::kText: into += nlohmann::json(std::string(item.text)).dump(); return true;
    case CborKind::kBytes: into += "h'" + ToHex(item.text) + "'"; return true;
    case CborKind::kTrue: into += "true"; return true;
    case CborKind::kFalse: into += "false"; return true;
    case CborKind::kNull: into += "null"; return true;
    case CborKind::kEnd: ADD_FAILURE() << "an end where an item should be"; return false;
    case CborKind::kArray:
    case CborKind::kMap: break;
  }
  const bool map = item.kind == CborKind::kMap;
  into += map ? "{" : "[";
  CborItem inner;
  for (int n = 0;; ++n) {
    if (!reader.Next(inner)) return false;
    if (inner.kind == CborKind::kEnd) break;
    if (n > 0) into += map && n % 2 != 0 ? ": " : ", ";
    if (!Print(reader, inner, into)) return false;
  }
  into += map ? "}" : "]";
  return true;
}

// Diagnostic notation, or "error NAME".
std::string Read(std::string_view bytes) {
  CborReader reader(bytes);
  CborItem item;
  std::string text;
  if (reader.Next(item) && Print(reader, item, text)) {
    EXPECT_FALSE(reader.Next(item));
  }
  if (reader.error() == CborError::kNone) return text;
  EXPECT_FALSE(reader.Next(item));  // for ever
  return "error " + std::string(CborErrorName(reader.error()));
}

std::string ReadHex(std::string_view hex) { return Read(FromHex(hex)); }

// What of the appendix SenML has no use for.
const std::map<std::string, std::string>& Refused() {
  static const auto* refused = new std::map<std::string, std::string>{
      {"c249010000000000000000", "tag"}, {"c349010000000000000000", "tag"},
      {"f7", "simple"}, {"f0", "simple"}, {"f818", "simple"}, {"f8ff", "simple"},
      {"c074323031332d30332d32315432303a30343a30305a", "tag"}, {"c11a514b67b0", "tag"},
      {"c1fb41d452d9ec200000", "tag"}, {"d74401020304", "tag"}, {"d818456449455446", "tag"},
      {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "tag"}};
  return *refused;
}

TEST(CborTest, EveryVectorOfAppendixAIsDecodedOrRefusedByName) {
  const auto vectors = testing::LoadVectors("cbor_rfc7049_appendix_a/appendix_a.json");
  if (!vectors) GTEST_SKIP() << "no shared vectors: cbor_rfc7049_appendix_a";
  std::size_t refused = 0;
  for (const auto& vector : *vectors) {
    const std::string hex = vector["hex"];
    SCOPED_TRACE(hex);
    const std::string got = ReadHex(hex);
    if (const auto it = Refused().find(hex); it != Refused().end()) {
      EXPECT_EQ(got, "error " + it->second);
      ++refused;
    } else if (!vector.contains("decoded")) {
      std::string want = vector["diagnostic"];
      if (want.ends_with("Infinity")) want = "NaN";
      if (want == "(_ h'0102', h'030405')") want = "h'0102030405'";  // one string again
      EXPECT_EQ(got, want);
    } else if (vector["decoded"].is_number_float() && (hex.starts_with("f9") || hex.starts_with("fa"))) {
      EXPECT_EQ(std::stof(got), vector["decoded"].get<float>());
    } else {
      ASSERT_TRUE(nlohmann::json::accept(got)) << got;
      EXPECT_EQ(nlohmann::json::parse(got), vector["decoded"]) << got;
    }
  }
  EXPECT_EQ(vectors->size(), 82u);
  EXPECT_EQ(refused, Refused().size());
}

TEST(CborTest, EveryTruncationOfAVectorIsRefused) {
  const auto vectors = testing::LoadVectors("cbor_rfc7049_appendix_a/appendix_a.json");
  if (!vectors) GTEST_SKIP() << "no shared vectors: cbor_rfc7049_appendix_a";
  for (const auto& vector : *vectors) {
    const std::string hex = vector["hex"];
    if (Refused().contains(hex)) continue;
    const std::string bytes = FromHex(hex);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      EXPECT_EQ(Read(bytes.substr(0, i)), "error truncated") << hex << " cut to " << i;
    }
    EXPECT_EQ(Read(bytes + '\0'), "error trailing") << hex;
  }
}

TEST(CborTest, IntegersAreExactToTheLastOf64Bits) {
  EXPECT_EQ(ReadHex("1bffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(ReadHex("3bffffffffffffffff"), "-18446744073709551616");
  EXPECT_EQ(ReadHex("3bfffffffffffffffe"), "-18446744073709551615");
  EXPECT_EQ(ReadHex("1800"), "0");  // longer than it need be
}

TEST(CborTest, FloatsAreTheShortestTextOfTheirWidth) {
  EXPECT_EQ(ReadHex("fa41b8cccd"), "23.1");
  EXPECT_EQ(ReadHex("fb403719999999999a"), "23.1");
  EXPECT_EQ(ReadHex("fb41d303a1ab400419"), "1276020397.00025");
  EXPECT_EQ(ReadHex("f95620"), "98");
  EXPECT_EQ(ReadHex("f9c400"), "-4");
  EXPECT_EQ(ReadHex("fb0000000000000001"), "5e-324");
}

TEST(CborTest, DecimalFractionsOfTwoIntegersAreNumbers) {
  EXPECT_EQ(ReadHex("c48221196ab3"), "27315e-2");
  EXPECT_EQ(ReadHex("c482211a00041eb3"), "270003e-2");
  EXPECT_EQ(ReadHex("82c482000301"), "[3e0, 1]");
  EXPECT_EQ(ReadHex("c4822139ffff"), "-65536e-2");
  for (const std::string_view hex : {"c401", "c48121", "c483210101", "c49f2101ff", "c482c2410101",
                                     "c4822141ff", "c482f90000f90000", "d9d9f700"}) {
    EXPECT_EQ(ReadHex(hex), "error tag") << hex;
  }
  EXPECT_EQ(ReadHex("c4"), "error truncated");
  EXPECT_EQ(ReadHex("c48221"), "error truncated");
}

TEST(CborTest, WhatIsNotWellFormedIsRefusedByName) {
  const struct {
    std::string_view hex, error;
  } cases[] = {{"", "truncated"}, {"1c", "reserved"}, {"1d", "reserved"}, {"1e", "reserved"},
               {"1f", "reserved"}, {"3f", "reserved"}, {"df00", "reserved"}, {"fc", "reserved"},
               {"5c", "reserved"}, {"ff", "break"}, {"81ff", "break"}, {"a101ff", "break"},
               {"bf01ff", "break"}, {"bf010203ff", "break"}, {"5f01ff", "chunk"}, {"5f6161ff", "chunk"},
               {"7f4161ff", "chunk"}, {"7f7f6161ffff", "chunk"}, {"5fff00", "trailing"},
               {"61ff", "not-utf-8"}, {"62c080", "not-utf-8"}, {"63eda080", "not-utf-8"},
               {"7f61c361bcff", "not-utf-8"}, {"6161c3", "trailing"},
               {"9bffffffffffffffff", "truncated"}, {"bbffffffffffffffff", "truncated"},
               {"bb8000000000000000", "truncated"}, {"5bffffffffffffffff", "truncated"},
               {"7bffffffffffffffff00", "truncated"}, {"8301", "truncated"}, {"a201", "truncated"},
               {"9f", "truncated"}, {"bf", "truncated"}, {"5f", "truncated"}, {"7f6161", "truncated"},
               {"f800", "simple"}, {"f815", "simple"}, {"0000", "trailing"}};
  for (const auto& [hex, error] : cases) {
    EXPECT_EQ(ReadHex(hex), "error " + std::string(error)) << hex;
  }
}

TEST(CborTest, DepthIsBounded) {
  const auto nested = [](std::size_t depth, char open) {
    return std::string(depth, open) + '\0' + (open == '\x81' ? "" : std::string(depth, '\xff'));
  };
  for (const char open : {'\x81', '\x9f'}) {
    EXPECT_FALSE(Read(nested(kCborDepthMax, open)).starts_with("error"));
    EXPECT_EQ(Read(nested(kCborDepthMax + 1, open)), "error depth");
    EXPECT_EQ(Read(nested(60'000, open)), "error depth");
  }
}

TEST(CborTest, SkippedItemsLeaveTheReaderBehindThem) {
  const std::string bytes = FromHex("83" "bf61619f0102ff6162a101f5ff" "820304" "05");
  CborReader reader(bytes);
  CborItem item;
  ASSERT_TRUE(reader.Next(item));
  for (const CborKind kind : {CborKind::kMap, CborKind::kArray, CborKind::kNumber}) {
    ASSERT_TRUE(reader.Next(item));
    EXPECT_EQ(item.kind, kind);
    EXPECT_TRUE(reader.Skip(item));
  }
  ASSERT_TRUE(reader.Next(item));
  EXPECT_EQ(item.kind, CborKind::kEnd);
  EXPECT_FALSE(reader.Next(item));
  EXPECT_EQ(reader.error(), CborError::kNone);
}

TEST(CborTest, RandomBytesEndInAnItemOrAnError) {
  testing::Prng prng(5);
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes(static_cast<std::size_t>(prng.Between(0, 40)), '\0');
    for (char& c : bytes) c = static_cast<char>(prng.Between(0, 255));
    EXPECT_FALSE(Read(bytes).empty());
  }
}

}  // namespace
}  // namespace gateway::ingest
