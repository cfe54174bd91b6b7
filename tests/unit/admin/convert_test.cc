#include "gateway/admin/convert.h"

#include <gtest/gtest.h>

#include "tests/support/fake_commands.h"

namespace gateway::admin {
namespace {

using gateway::testing::MakeCell;

TEST(ConvertTest, ReleasedCellCarriesItsFigures) {
  const auto row = ToMessage(MakeCell(CellStatus::kReleased, 3));
  EXPECT_EQ(row.status(), "released");
  EXPECT_EQ(row.start_ms(), 1'358'132'400'000);
  EXPECT_EQ(row.end_ms() - row.start_ms(), 3'600'000);
  EXPECT_EQ(row.figures().count(), 12u);
  EXPECT_EQ(row.figures().sum(), 34567);
  EXPECT_EQ(row.figures().mean(), 2881);
  EXPECT_EQ(row.figures().completeness_pct(), 99u);
  EXPECT_EQ(row.figures().homes_in_zone(), 40u);
  EXPECT_TRUE(row.replay());
}

TEST(ConvertTest, FiguresOfACellThatIsNotReleasedAreDropped) {
  for (const CellStatus status : {CellStatus::kSuppressed, CellStatus::kPending}) {
    Cell cell = MakeCell(CellStatus::kReleased, 0);
    cell.status = status;
    EXPECT_FALSE(ToMessage(cell).has_figures());
  }
}

TEST(ConvertTest, AFigureThatTheRuleDoesNotReleaseIsDropped) {
  Cell cell = MakeCell(CellStatus::kReleased, 0);
  cell.stats = {"count", "mean"};
  const auto row = ToMessage(cell);
  EXPECT_TRUE(row.figures().has_count());
  EXPECT_FALSE(row.figures().has_sum());
  EXPECT_TRUE(row.figures().has_mean());
}

TEST(ConvertTest, AbsentTimesOfAFilterStayAbsent) {
  commons::v1::CellFilter message;
  message.set_metric("load");
  message.set_from_ms(0);
  const port::CellFilter filter = FromMessage(message);
  EXPECT_EQ(filter.metric, "load");
  ASSERT_TRUE(filter.from.has_value());
  EXPECT_EQ(filter.from->time_since_epoch().count(), 0);
  EXPECT_FALSE(filter.until.has_value());
}

}  // namespace
}  // namespace gateway::admin
