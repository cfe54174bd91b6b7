#include "gateway/ingest/waiting.h"

#include <gtest/gtest.h>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Waiting::TimePoint kStart{seconds(1'000)};

class WaitingTest : public testing::Test {
 protected:
  Waiting waiting_{"gw-a", "secret", kStart};
};

TEST_F(WaitingTest, BeforeAnyMarkerAMessageMayHaveWaitedAsLongAsASessionLives) {
  EXPECT_EQ(waiting_.Longest(kStart), limits::kSessionLife);
}

TEST_F(WaitingTest, InANewSessionNothingHasWaitedLongerThanTheSessionIsOld) {
  waiting_.Connecting(kStart);
  waiting_.SessionBegan();
  EXPECT_EQ(waiting_.Longest(kStart + seconds(4)), Millis(0));
  EXPECT_EQ(waiting_.Longest(kStart + minutes(1)), minutes(1));
}

TEST_F(WaitingTest, CountsFromTheNewestMarkerThatCameBackAsOfWhenItWasMade) {
  const auto marker = waiting_.Due(kStart);
  ASSERT_TRUE(marker.has_value());
  EXPECT_TRUE(waiting_.Arrived(*marker));
  EXPECT_EQ(waiting_.Longest(kStart + seconds(1)), Millis(0));
  EXPECT_EQ(waiting_.Longest(kStart + minutes(60)), minutes(60)) << "broker, link or disk were away";
  const auto later = waiting_.Due(kStart + minutes(60));
  EXPECT_EQ(waiting_.Longest(kStart + minutes(61)), minutes(61)) << "not back yet";
  EXPECT_TRUE(waiting_.Arrived(*later));
  EXPECT_EQ(waiting_.Longest(kStart + minutes(61)), minutes(1)) << "it took a minute itself";
  EXPECT_TRUE(waiting_.Arrived(*marker));
  EXPECT_EQ(waiting_.Longest(kStart + minutes(61)), minutes(1)) << "an old one, redelivered";
}

// A broker that crashed may have gone back to a state from before the markers that it returned.
TEST_F(WaitingTest, AtANewConnectionOnlyMarkersMadeForItCount) {
  const auto earlier = waiting_.Due(kStart);
  EXPECT_TRUE(waiting_.Arrived(*earlier));
  waiting_.Connecting(kStart + seconds(1));
  EXPECT_EQ(waiting_.Longest(kStart + seconds(1)), limits::kSessionLife);
  EXPECT_TRUE(waiting_.Arrived(*earlier));
  EXPECT_EQ(waiting_.Longest(kStart + seconds(1)), limits::kSessionLife) << "the crash kept it";
  const auto own = waiting_.Due(kStart + seconds(1));
  ASSERT_TRUE(own.has_value()) << "asked for at once";
  EXPECT_TRUE(waiting_.Arrived(*own));
  EXPECT_EQ(waiting_.Longest(kStart + seconds(2)), Millis(0));
}

TEST_F(WaitingTest, AMarkerIsDueAtItsIntervalOrWhenAskedFor) {
  ASSERT_TRUE(waiting_.Due(kStart).has_value());
  EXPECT_FALSE(waiting_.Due(kStart + limits::kMarkerInterval / 2).has_value());
  waiting_.AskSoon();
  EXPECT_TRUE(waiting_.Due(kStart + limits::kMarkerInterval / 2).has_value());
}

TEST_F(WaitingTest, WhatAnotherClientPublishesIsNoMarker) {
  Waiting other("gw-a", "another secret", kStart);
  EXPECT_FALSE(waiting_.Arrived(*other.Due(kStart)));
  for (const char* payload : {"", "secret", "secret ", "secret x", "secret 1x", "1"}) {
    EXPECT_FALSE(waiting_.Arrived(payload)) << payload;
  }
  EXPECT_EQ(waiting_.Longest(kStart), limits::kSessionLife);
}

TEST_F(WaitingTest, IsNeverMoreThanTheLifeOfASession) {
  waiting_.Connecting(kStart);
  waiting_.SessionBegan();
  EXPECT_EQ(waiting_.Longest(kStart + limits::kSessionLife * 2), limits::kSessionLife);
}

}  // namespace
}  // namespace gateway::ingest
