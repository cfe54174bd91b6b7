#include "gateway/ingest/backoff.h"

#include <gtest/gtest.h>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, StaysBetweenHalfAndOneAndAHalfOfADoublingBoundedStep) {
  Backoff least(limits::kReconnectMin, limits::kReconnectMax);
  Backoff most(limits::kReconnectMin, limits::kReconnectMax);
  for (const int step : {500, 1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
    EXPECT_EQ(least.Next(0), milliseconds(step / 2));
    EXPECT_EQ(most.Next(UINT32_MAX), milliseconds(step * 3 / 2));
  }
}

TEST(BackoffTest, ResetReturnsToTheFirstStep) {
  Backoff backoff(milliseconds(100), milliseconds(1'000));
  backoff.Next(0);
  backoff.Next(0);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0), milliseconds(50));
}

}  // namespace
}  // namespace gateway::ingest
