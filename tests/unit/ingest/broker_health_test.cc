#include "gateway/ingest/broker_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"

namespace gateway::ingest {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kNotAuthorized = 0x87;

class TestClock final : public Clock {
 public:
  Time SystemNow() const override { return now; }
  std::chrono::steady_clock::time_point SteadyNow() const override { return steady; }
  bool Synchronised() const override { return true; }
  Time now = *ParseTime("2026-11-24T12:00:00Z");
  std::chrono::steady_clock::time_point steady{hours(1)};
};

class BrokerHealthTest : public testing::Test {
 protected:
  std::vector<std::string> warnings() const { return health_.State().warnings; }
  TestClock clock_;
  BrokerHealth health_{"ssl://broker:8883", "/etc/commons/broker_login", clock_};
};

TEST_F(BrokerHealthTest, SaysWhyThereIsNoConnectionUntilThereIsOne) {
  EXPECT_THAT(warnings(), IsEmpty());
  health_.CannotConnect(0, "TCP connect timeout", std::nullopt, true);
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("TCP connect timeout")));
  health_.CannotConnect(kNotAuthorized, "", std::nullopt, true);
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("refused the login in /etc/commons/broker_login")));
  health_.Connected();
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(BrokerHealthTest, NamesWhatIsWrongWithTheCertificateNotOnlyThatItIsRefused) {
  const BrokerCertificate expired{.not_after = clock_.now - days(2),
                                  .problem = "certificate has expired"};
  health_.CannotConnect(0, "TCP/TLS connect failure", expired, true);
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("certificate has expired"),
                                            HasSubstr("until 2026-11-22T12:00:00Z"))));
}

TEST_F(BrokerHealthTest, BlamesTheClockBeforeTheCertificateIfItIsNotSet) {
  clock_.now = Time(hours(1));
  health_.CannotConnect(0, "TCP/TLS connect failure",
                        BrokerCertificate{.not_after = Time(days(20'000)),
                                          .problem = "certificate is not yet valid"},
                        /*clock_set=*/false);
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("clock not set"),
                                            HasSubstr("1970-01-01T01:00:00Z"))));
}

TEST_F(BrokerHealthTest, ACertificateThatEndsSoonIsAWarningWithTheDays) {
  health_.Certificate({.not_after = clock_.now + days(31)});
  EXPECT_THAT(warnings(), IsEmpty());
  health_.Certificate({.not_after = clock_.now + days(12) + hours(1)});
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("in 12 days")));
}

TEST_F(BrokerHealthTest, ALostSessionIsCountedAndShownForADay) {
  health_.SessionLost(clock_.now - hours(2));
  EXPECT_EQ(health_.State().sessions_lost, 1u);
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr(
      "messages between 2026-11-24T10:00:00Z and 2026-11-24T12:00:00Z may be missing")));
  clock_.steady += limits::kBrokerWarningLife;
  EXPECT_THAT(warnings(), IsEmpty());
  EXPECT_EQ(health_.State().sessions_lost, 1u);
}

TEST_F(BrokerHealthTest, ARiseOfDroppedMessagesIsAWarningWithTheRemedy) {
  health_.Dropped("0");
  EXPECT_THAT(warnings(), IsEmpty());
  health_.Dropped("17");
  EXPECT_EQ(health_.State().dropped, 17u);
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("dropped 17 messages"),
                                            HasSubstr("raise max_queued_messages"),
                                            HasSubstr("max_queued_bytes"))));
  clock_.steady += limits::kBrokerWarningLife;
  health_.Dropped("17");
  EXPECT_THAT(warnings(), IsEmpty()) << "no rise";
  health_.Dropped("3");
  EXPECT_EQ(health_.State().dropped, 3u) << "the broker was started anew";
  health_.Dropped("4");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("dropped 4 messages")));
  for (const char* payload : {"", "5x", "-5", "nan", "99999999999999999999"}) {
    health_.Dropped(payload);
    EXPECT_EQ(health_.State().dropped, 4u) << payload;
  }
}

TEST_F(BrokerHealthTest, RefusedFiltersAreCountedAndNamedOnlyIfTheyMayBe) {
  health_.Refused({{.shown = "tele/+/SENSOR", .reason = kNotAuthorized}, {.shown = ""}}, 9);
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr(
      "refused 2 of 9 subscriptions: tele/+/SENSOR (not authorized) and 1 not shown here")));
  health_.Refused({}, 9);
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(BrokerHealthTest, WhatIsHiddenFromTheGatewayIsSaid) {
  health_.Markers(true, "commons/gw-a/marker");
  health_.DropsHidden(true);
  health_.CannotRemember("the disk is full");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("commons/gw-a/marker"), HasSubstr("$SYS/broker"),
                                      HasSubstr("the disk is full")));
  health_.Markers(false, "commons/gw-a/marker");
  health_.DropsHidden(false);
  health_.CannotRemember("");
  EXPECT_THAT(warnings(), IsEmpty());
}

}  // namespace
}  // namespace gateway::ingest
