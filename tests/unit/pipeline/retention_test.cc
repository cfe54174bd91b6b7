#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "tests/unit/pipeline/commons_fixture.h"
#include "tests/unit/pipeline/set_clock.h"

namespace gateway::pipeline {
namespace {

// The fixture's policy keeps readings thirty days. Whether one is still there shows when it comes
// a second time: known, it is a duplicate; forgotten, it is stored anew.
TEST(RetentionTest, ReadingsAreKeptThirtyDaysAndNotASecondLonger) {
  Commons commons;
  const Member member = commons.Join("flat-0");
  commons.Send(member, "2013-01-14T00:00:00Z", 100);
  commons.Send(member, "2013-01-14T00:30:00Z", 100);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-02-13T00:00:01Z")).ok());
  commons.Send(member, "2013-01-14T00:00:00Z", 100);
  commons.Send(member, "2013-01-14T00:30:00Z", 100);
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts[""], 3u);
  EXPECT_EQ(counts["repeated"], 1u);
}

TEST(RetentionTest, ForgettingSurvivesARestartAndChangesNoCell) {
  Commons commons;
  for (int i = 0; i < 3; ++i) {
    commons.SendDay(commons.Join("flat-" + std::to_string(i)), "2013-01-14T00:00:00Z", 100);
  }
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-16T06:00:00Z")).ok());
  const std::vector<port::DecidedCell> before = commons.Cells();
  ASSERT_EQ(before.size(), 25u);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-06-01T00:00:00Z")).ok());
  commons.Restart();
  const std::vector<port::DecidedCell> after = commons.Cells();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].bytes, before[i].bytes);
  const BlockLog::Visit fail = [](OwnerKind, const OwnerId&, const SeriesId&,
                                  const std::vector<Reading>&) { ADD_FAILURE() << "kept"; };
  ASSERT_TRUE(commons.gateway().Close().ok());
  auto database = store::Database::Open(commons.dir().string());
  ASSERT_TRUE(database.ok());
  auto vault = store::Vault::Open(**database, *crypto::SecretKey::FromBytes(commons.master()));
  ASSERT_TRUE(vault.ok());
  EXPECT_TRUE(BlockLog(**database, **vault).VisitMonth(2013 * 12, fail).ok());
}

// Both of its times are what the test says.
TEST(RetentionTest, ALiveGatewayRunsItAgainEverySixHoursOfItsClock) {
  Commons commons;  // for its folder, key and documents
  SetClock clock(At("2013-01-14T00:00:00Z"));
  auto gateway = Pipeline::Open({.dir = commons.dir().parent_path() / "live",
                                 .master = *crypto::SecretKey::FromBytes(commons.master()),
                                 .gateway = GatewayId("gw-a"),
                                 .clock = &clock});
  ASSERT_TRUE(gateway.ok()) << Message(gateway.status());
  const std::string roster =
      "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
      "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}]\n";
  ASSERT_TRUE((*gateway)->ActivateDocuments(
      {commons.Sign(crypto::kCharterType, commons.CharterYaml()),
       commons.Sign(crypto::kPolicyType, commons.PolicyYaml(3)),
       commons.Sign(crypto::kRosterType, roster)}).ok());
  // A turn of the pipeline's thread ends between two commands.
  const auto last_run = [&] {
    EXPECT_TRUE((*gateway)->GetStatus().ok());
    return (*gateway)->GetStatus()->retention.last_run;
  };
  clock.Advance(std::chrono::minutes(1));
  const Time first = last_run();
  EXPECT_EQ(first, clock.SystemNow());
  clock.Advance(std::chrono::hours(6) - Millis(1));
  EXPECT_EQ(last_run(), first);
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(last_run(), clock.SystemNow());
}

// The new policy does not know the metric at all, so neither does any rule of it.
TEST(RetentionTest, ReadingsOfAMetricThatThePolicyDroppedGoAtOnce) {
  Commons commons;
  commons.Send(commons.Join("flat-0"), "2013-01-14T00:00:00Z", 100);
  ASSERT_EQ(commons.Counts()[""], 1u);
  const auto documents = commons.gateway().ShowDocuments();
  const auto row = std::find_if(documents->begin(), documents->end(),
                                [](const auto& document) { return document.type == "policy"; });
  std::string text = commons.PolicyYaml(3, 2, HexEncode(row->hash));
  for (std::size_t at = 0; (at = text.find("load", at)) != std::string::npos; at += 4) {
    text.replace(at, 4, "heat");
  }
  const Status activated = commons.Activate({{crypto::kPolicyType, text}});
  ASSERT_TRUE(activated.ok()) << Message(activated);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-01-15T00:00:00Z")).ok());
  ASSERT_TRUE(commons.gateway().Close().ok());
  auto database = store::Database::Open(commons.dir().string());
  ASSERT_TRUE(database.ok());
  auto vault = store::Vault::Open(**database, *crypto::SecretKey::FromBytes(commons.master()));
  ASSERT_TRUE(vault.ok());
  const BlockLog::Visit fail = [](OwnerKind, const OwnerId&, const SeriesId&,
                                  const std::vector<Reading>&) { ADD_FAILURE() << "kept"; };
  EXPECT_TRUE(BlockLog(**database, **vault).VisitMonth(2013 * 12, fail).ok());
}

}  // namespace
}  // namespace gateway::pipeline
