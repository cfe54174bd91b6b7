#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "tests/unit/pipeline/commons_fixture.h"

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
