// Which topics a login may publish to.
#include "gateway/ingest/login_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::ingest {
namespace {

using ::testing::ElementsAre;

TEST(LoginTopicsTest, TheDevicesNameIsFilledInAndOtherPlaceholdersAreWholeLevels) {
  const struct {
    const char *topic, *device, *filter;
  } cases[] = {
      {"sensors/{device}/{metric}", "m-1", "sensors/m-1/+"},
      {"shellies/shellyem3-{device}/emeter/{part}/power", "A1", "shellies/shellyem3-A1/emeter/+/power"},
      {"{device...}/status/switch:{part}", "home/plug", "home/plug/status/+"},
      {"v3/{any}/devices/{device}/up", "dev", "v3/+/devices/dev/up"},
      {"{device}_{part}/state", "d", "+/state"},
      {"a/{any...}", "d", "a/#"},
      {"a/b", "d", "a/b"},
  };
  for (const auto& one : cases) EXPECT_EQ(TopicFilterOf(one.topic, one.device), one.filter);
}

constexpr char kPlugs[] = R"(schema: commons-profile/1
id: plugs
about: Plugs with channels
messages:
  - topic: "plugs/{device...}/status/switch:{part}"
    format: json
    readings:
      - {metric: power, at: apower, unit: W}
  - {topic: "plugs/{device...}/online", ignore: true}
)";

TEST(LoginTopicsTest, APartMayUseTheTopicsOfTheWhole) {
  const auto profile = Profile::Parse(kPlugs, "plugs");
  ASSERT_TRUE(profile.ok()) << Message(profile.status());
  EXPECT_THAT(TopicsOf(*profile, "p7"),
              ElementsAre("plugs/p7/online", "plugs/p7/status/+"));
  EXPECT_THAT(TopicsOf(*profile, "p7:0"),
              ElementsAre("plugs/p7/online", "plugs/p7/status/+", "plugs/p7:0/online",
                          "plugs/p7:0/status/+"));
}

TEST(LoginTopicsTest, ABridgeMayPublishForEveryDevice) {
  const auto profile = Profile::Parse(kPlugs, "plugs");
  ASSERT_TRUE(profile.ok()) << Message(profile.status());
  EXPECT_THAT(BridgeTopicsOf(*profile), ::testing::IsSupersetOf({"plugs/+/online",
                                                                 "plugs/+/status/+"}));
}

TEST(LoginTopicsTest, WithoutPartsAColonIsPartOfTheName) {
  const auto profile = Profile::Parse(R"(schema: commons-profile/1
id: meters
about: Meters
messages:
  - topic: meters/{device}
    format: number
    readings:
      - {metric: power, unit: W}
)", "meters");
  ASSERT_TRUE(profile.ok()) << Message(profile.status());
  EXPECT_THAT(TopicsOf(*profile, "aa:bb"), ElementsAre("meters/aa:bb"));
}

}  // namespace
}  // namespace gateway::ingest
