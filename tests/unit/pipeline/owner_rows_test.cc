// Registry rows of households and places, and what makes a share rule another one.
#include <gtest/gtest.h>

#include <string>

#include "gateway/base/bytes.h"
#include "gateway/pipeline/registry_rows.h"

namespace gateway::pipeline {
namespace {

Household Post() {
  Household place;
  place.kind = OwnerKind::kPlace;
  place.id = HouseholdId("post-1");
  place.zone = ZoneId("north");
  place.subject = SubjectId::FromBytes(std::string(16, 's'));
  place.adults = 0;
  place.confirmed_at = Time(Millis(1'358'121'600'000));
  place.confirmation = "an envelope";
  place.devices = {{.device = DeviceId("sds-1"), .profile = "generic", .claim = "sds-1"},
                   {.device = DeviceId("kit-1"),
                    .profile = "smartcitizen",
                    .claim = "a token",
                    .secret = true,
                    .own_profile = "schema: commons-profile/1",
                    .login = "commons-x",
                    .password = "y"}};
  return place;
}

TEST(OwnerRowsTest, APlaceReadsBackAsAPlace) {
  const StatusOr<Household> back = DecodeHousehold(EncodeHousehold(Post()), "testville");
  ASSERT_TRUE(back.ok()) << Message(back.status());
  EXPECT_EQ(back->kind, OwnerKind::kPlace);
  EXPECT_EQ(back->id, HouseholdId("post-1"));
  EXPECT_EQ(back->subject, Post().subject);
  EXPECT_EQ(back->adults, 0u);
  EXPECT_EQ(back->confirmed_at, Post().confirmed_at);
  EXPECT_EQ(back->confirmation, "an envelope");
  ASSERT_EQ(back->devices.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const port::EnrolledDevice &read = back->devices[i], wanted = Post().devices[i];
    EXPECT_EQ(read.device, wanted.device);
    EXPECT_EQ(read.profile, wanted.profile);
    EXPECT_EQ(read.claim, wanted.claim);
    EXPECT_EQ(read.secret, wanted.secret);
    EXPECT_EQ(read.own_profile, wanted.own_profile);
    EXPECT_EQ(read.login, wanted.login);
    EXPECT_EQ(read.password, wanted.password);
  }
}

TEST(OwnerRowsTest, ARowFromBeforeVotesReadsBackWithoutAny) {
  std::string row = EncodeHousehold(Post());
  for (int i = 0; i < 3; ++i) {  // objections, notices and votes: how many there are
    ASSERT_EQ(row.back(), 0);
    row.pop_back();
  }
  row[1] = 3;
  const StatusOr<Household> back = DecodeHousehold(row, "testville");
  ASSERT_TRUE(back.ok()) << Message(back.status());
  EXPECT_EQ(back->id, HouseholdId("post-1"));
  EXPECT_TRUE(back->votes.empty());
}

TEST(OwnerRowsTest, OtherKindsAndVersionsAreDataLoss) {
  const std::string row = EncodeHousehold(Post());
  for (const auto& [at, value] : {std::pair{1, 0}, {1, 2}, {1, 5}, {2, 0}, {2, 3}}) {
    std::string changed = row;
    changed[static_cast<std::size_t>(at)] = static_cast<char>(value);
    EXPECT_EQ(DecodeHousehold(changed, "testville").status().code(), StatusCode::kDataLoss)
        << at << " " << value;
  }
}

TEST(OwnerRowsTest, BrokerLoginsReadBackAndAnUnknownVersionDoesNot) {
  std::string row = EncodeBridges({{"attic", "zigbee2mqtt", "commons-a", "b"}});
  const auto back = DecodeBridges(row);
  ASSERT_TRUE(back.ok()) << Message(back.status());
  ASSERT_EQ(back->size(), 1u);
  EXPECT_EQ((*back)[0].name, "attic");
  EXPECT_EQ((*back)[0].profile, "zigbee2mqtt");
  EXPECT_EQ((*back)[0].login, "commons-a");
  EXPECT_EQ((*back)[0].password, "b");
  row[1] = 2;
  EXPECT_EQ(DecodeBridges(row).status().code(), StatusCode::kDataLoss);
}

// Each of these changes what leaves or whom it is about, so the day it changes in does not count.
TEST(OwnerRowsTest, KindOwnerAndSafeguardsArePartOfARulesFingerprint) {
  policy::Policy policy;
  policy.metrics = {{.id = MetricId("people"), .resolution = *Decimal::Parse("1")}};
  const policy::ShareRule rule{.id = RuleId("people-hourly"), .metric = MetricId("people")};
  const std::string before = RuleFingerprint(rule, policy);
  policy::ShareRule counted = rule;
  counted.min_count = 5;
  EXPECT_NE(RuleFingerprint(counted, policy), before);
  Metric& metric = policy.metrics[0];
  metric.kind = MetricKind::kCounter;
  EXPECT_NE(RuleFingerprint(rule, policy), before);
  metric.kind = MetricKind::kDelta;
  metric.owner = OwnerKind::kPlace;
  EXPECT_NE(RuleFingerprint(rule, policy), before);
  metric.owner = OwnerKind::kHousehold;
  metric.bucket_min = std::chrono::hours(1);
  EXPECT_NE(RuleFingerprint(rule, policy), before);
}

}  // namespace
}  // namespace gateway::pipeline
