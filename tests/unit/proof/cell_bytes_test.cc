#include "gateway/proof/cell_bytes.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"

namespace gateway::proof {
namespace {

using std::chrono::seconds;

Cell ReleasedCell() {
  Cell cell;
  cell.commons = "sunny-row";
  cell.gateway = GatewayId("gw-a");
  cell.rule = RuleId("load-hourly");
  cell.policy_version = 3;
  cell.metric = MetricId("load");
  cell.unit = "Wh";
  cell.resolution = "1";
  cell.zone = ZoneId("north");
  cell.window = {Time(seconds(1358121600)), Time(seconds(1358125200))};
  cell.status = CellStatus::kReleased;
  cell.figures = Figures{
      .count = 12, .sum = -4321, .mean = -360, .completeness_pct = 97, .homes_in_zone = 15};
  cell.stats = {"count", "sum", "mean"};
  cell.k_min = 10;
  cell.top1_max_pct = 30;
  cell.age_min = seconds(86400);
  cell.replay = true;
  return cell;
}

Cell SuppressedCell() {
  Cell cell = ReleasedCell();
  cell.status = CellStatus::kSuppressed;
  cell.figures.reset();
  cell.replay = false;
  return cell;
}

Cell PlaceCell() {
  Cell cell = ReleasedCell();
  cell.owner_kind = OwnerKind::kPlace;
  cell.k_min = 0;
  cell.top1_max_pct = 0;
  cell.bucket_min = seconds(900);
  cell.min_count = 5;
  return cell;
}

Cell CellBelow() {
  Cell cell = PlaceCell();
  cell.figures = Figures{.homes_in_zone = 15, .below = 5};
  return cell;
}

// The hex strings were made in Python from the same values, with protobuf and hashlib or by hand.
constexpr std::string_view kReleasedHex =
    "0801120973756e6e792d726f771a0467772d61220b6c6f61642d686f75726c792803300138014204"
    "6c6f61644a0257685201315a056e6f7274686080aa9a8f0a68a0e29a8f0a70017a0c080c10c14318"
    "cf052061280f82010d65786163742d73686565742f318a0108080a101e1880a30592010130980101"
    "a20105636f756e74a2010373756da201046d65616e";

TEST(CellBytesTest, ReleasedCellHasTheGoldenBytes) {
  EXPECT_EQ(HexEncode(EncodeCell(ReleasedCell())), kReleasedHex);
}

TEST(CellBytesTest, SuppressedCellHasTheGoldenBytesAndNoFigures) {
  EXPECT_EQ(HexEncode(EncodeCell(SuppressedCell())),
            "0801120973756e6e792d726f771a0467772d61220b6c6f61642d686f75726c792803300138014204"
            "6c6f61644a0257685201315a056e6f7274686080aa9a8f0a68a0e29a8f0a700282010d6578616374"
            "2d73686565742f318a0108080a101e1880a30592010130a20105636f756e74a2010373756da20104"
            "6d65616e");
}

TEST(CellBytesTest, OnlyFiguresNamedInStatsLeave) {
  Cell cell = ReleasedCell();
  cell.stats = {"sum"};
  const std::string bytes = EncodeCell(cell);
  EXPECT_EQ(HexEncode(bytes),
            "0801120973756e6e792d726f771a0467772d61220b6c6f61642d686f75726c792803300138014204"
            "6c6f61644a0257685201315a056e6f7274686080aa9a8f0a68a0e29a8f0a70017a0710c143206128"
            "0f82010d65786163742d73686565742f318a0108080a101e1880a30592010130980101a201037375"
            "6d");
  const StatusOr<Cell> decoded = DecodeCell(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded->figures,
            (Figures{.sum = -4321, .completeness_pct = 97, .homes_in_zone = 15}));
}

TEST(CellBytesTest, DecodesWhatItEncodes) {
  const Cell cell = ReleasedCell();
  const StatusOr<Cell> back = DecodeCell(EncodeCell(cell));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->gateway, cell.gateway);
  EXPECT_EQ(back->rule, cell.rule);
  EXPECT_EQ(back->policy_version, 3u);
  EXPECT_EQ(back->window, cell.window);
  EXPECT_EQ(back->status, CellStatus::kReleased);
  EXPECT_EQ(back->figures, cell.figures);
  EXPECT_EQ(back->stats, cell.stats);
  EXPECT_EQ(back->age_min, cell.age_min);
  EXPECT_TRUE(back->replay);
  EXPECT_EQ(EncodeCell(*back), EncodeCell(cell));
  EXPECT_FALSE(DecodeCell(EncodeCell(SuppressedCell()))->figures.has_value());
}

TEST(CellBytesTest, WhateverDecodesEncodesToTheSameBytes) {
  for (const Cell& whole : {ReleasedCell(), CellBelow()}) {
    const std::string bytes = EncodeCell(whole);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string changed = bytes;
      changed[bit / 8] =
          static_cast<char>(static_cast<uint8_t>(changed[bit / 8]) ^ (1u << (bit % 8)));
      const StatusOr<Cell> cell = DecodeCell(changed);
      if (cell.ok()) {
        EXPECT_EQ(EncodeCell(*cell), changed) << bit;
      } else {
        EXPECT_EQ(cell.status().code(), StatusCode::kDataLoss) << bit;
      }
    }
  }
}

TEST(CellBytesTest, RefusesUnknownFieldsAndTruncation) {
  const std::string bytes = EncodeCell(ReleasedCell());
  EXPECT_EQ(DecodeCell(bytes + std::string("\xf8\x06\x01", 3)).status().code(),
            StatusCode::kDataLoss);  // field 111
  EXPECT_EQ(DecodeCell("").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeCell(bytes.substr(0, bytes.size() - 1)).status().code(), StatusCode::kDataLoss);
}

TEST(CellBytesTest, ACellBelowItsMinCountHasTheGoldenBytesAndNoSum) {
  EXPECT_EQ(HexEncode(EncodeCell(CellBelow())),
            "0801120973756e6e792d726f771a0467772d61220b6c6f61642d686f75726c792803300138024204"
            "6c6f61644a0257685201315a056e6f7274686080aa9a8f0a68a0e29a8f0a70017a04280f3005"
            "82010d65786163742d73686565742f318a01091880a305208407280592010130980101a20105636f"
            "756e74a2010373756da201046d65616e");
}

Cell RoundedCell() {
  Cell cell = ReleasedCell();
  cell.figures->sum = -4300;
  cell.figures->mean = -358;
  cell.top2_max_pct = 50;
  cell.round_to = 100;
  cell.redistribution = true;
  return cell;
}

TEST(CellBytesTest, ARoundedCellHasTheGoldenBytesAndReadsBack) {
  const std::string bytes = EncodeCell(RoundedCell());
  EXPECT_EQ(HexEncode(bytes),
            "0801120973756e6e792d726f771a0467772d61220b6c6f61642d686f75726c792803300138014204"
            "6c6f61644a0257685201315a056e6f7274686080aa9a8f0a68a0e29a8f0a70017a0c080c10974318"
            "cb052061280f82010d65786163742d73686565742f318a010c080a101e1880a3053032386492010"
            "130980101a20105636f756e74a2010373756da201046d65616ea80101");
  const StatusOr<Cell> back = DecodeCell(bytes);
  ASSERT_TRUE(back.ok()) << Message(back.status());
  EXPECT_EQ(back->figures, RoundedCell().figures);
  EXPECT_EQ(back->top2_max_pct, 50u);
  EXPECT_EQ(back->round_to, 100);
  EXPECT_TRUE(back->redistribution);
  EXPECT_FALSE(DecodeCell(EncodeCell(ReleasedCell()))->redistribution);
}

TEST(CellBytesTest, ASumThatIsNotAsRoundAsItSaysIsRefused) {
  Cell cell = RoundedCell();
  cell.figures->sum = -4301;
  EXPECT_EQ(DecodeCell(EncodeCell(cell)).status().code(), StatusCode::kDataLoss);
}

TEST(CellBytesTest, APlaceMayBeRoundedButHasNoTwoLargest) {
  Cell cell = PlaceCell();
  cell.figures->sum = 4300;
  cell.round_to = 100;
  EXPECT_TRUE(DecodeCell(EncodeCell(cell)).ok());
  cell.top2_max_pct = 50;
  EXPECT_EQ(DecodeCell(EncodeCell(cell)).status().code(), StatusCode::kDataLoss);
}

TEST(CellBytesTest, DecodesPlacesAndWhatIsBelow) {
  for (const Cell& cell : {PlaceCell(), CellBelow()}) {
    const StatusOr<Cell> back = DecodeCell(EncodeCell(cell));
    ASSERT_TRUE(back.ok()) << Message(back.status());
    EXPECT_EQ(back->owner_kind, OwnerKind::kPlace);
    EXPECT_EQ(back->figures, cell.figures);
    EXPECT_EQ(back->bucket_min, seconds(900));
    EXPECT_EQ(back->min_count, 5u);
  }
}

// Each is what a gateway writes but for one thing.
TEST(CellBytesTest, RefusesSafeguardsThatDoNotFitTheOwner) {
  const std::string below = EncodeCell(CellBelow());
  const auto replaced = [](std::string bytes, std::string_view from, std::string_view to) {
    const std::size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos);
    return bytes.replace(at, from.size(), to);
  };
  ASSERT_TRUE(DecodeCell(below).ok());
  const std::string cases[] = {
      replaced(below, "\x38\x02", "\x38\x01"),              // a household's
      replaced(below, "\x28\x0f\x30\x05", "\x28\x0f\x30\x06"),  // below what is no limit
      replaced(below, "\x7a\x04\x28", "\x7a\x06\x08\x02\x28"),  // with a count nevertheless
      replaced(below, "\x7a\x04\x28", "\x7a\x06\x20\x61\x28"),  // or with a completeness
      replaced(EncodeCell(PlaceCell()), std::string("\x8a\x01\x09", 3),
               std::string("\x8a\x01\x0b\x08\x0a", 5)),      // with a k_min
  };
  for (const std::string& bytes : cases) {
    EXPECT_EQ(DecodeCell(bytes).status().code(), StatusCode::kDataLoss) << HexEncode(bytes);
  }
}

TEST(CellBytesDeathTest, FiguresWithoutReleaseAreABug) {
  Cell cell = ReleasedCell();
  cell.status = CellStatus::kSuppressed;
  EXPECT_DEATH(EncodeCell(cell), "figures");
}

TEST(CellBytesTest, CommitmentIsKeyedByTheNonce) {
  std::string nonce;
  for (char c = 0; c < 32; ++c) nonce.push_back(c);
  const std::string bytes = EncodeCell(ReleasedCell());
  EXPECT_EQ(HexEncode(CommitCell(nonce, bytes)),
            "ccf70e477302cec65be0153ba3b563de9ca724eb55cbd23c640cc979862dfde0");
  EXPECT_NE(CommitCell(nonce, bytes), CommitCell(std::string(32, 'n'), bytes));
}

}  // namespace
}  // namespace gateway::proof
