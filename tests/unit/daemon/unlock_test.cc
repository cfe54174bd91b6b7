#include "gateway/daemon/unlock.h"

#include <gtest/gtest.h>

namespace gateway::daemon {
namespace {

using std::chrono::seconds;

TEST(TryDelayTest, FiveTriesAreFreeThenTheWaitDoublesUpToFiveMinutes) {
  TryDelay delay;
  TryDelay::TimePoint now{};
  for (int i = 0; i < 4; ++i) {
    delay.Failed(now);
    EXPECT_TRUE(delay.MayTry(now).ok()) << i;
  }
  for (const int wait : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}) {
    delay.Failed(now);
    EXPECT_EQ(delay.MayTry(now + seconds(wait) - std::chrono::nanoseconds(1)).code(),
              StatusCode::kResourceExhausted) << wait;
    EXPECT_TRUE(delay.MayTry(now + seconds(wait)).ok()) << wait;
    now += seconds(wait);
  }
}

}  // namespace
}  // namespace gateway::daemon
