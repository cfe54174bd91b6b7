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
      {"{device}/{any...}", "d", "d/#"},
  };
  for (const auto& one : cases) EXPECT_EQ(TopicFilterOf(one.topic, one.device), one.filter);
}

TEST(LoginTopicsTest, ATopicThatWouldNotNameTheDeviceGivesNoRight) {
  for (const char* topic : {"{device}_{part}/state", "a/{any...}", "a/b", "senml/{any}",
                            "a/{any...}/{device}"}) {
    EXPECT_EQ(TopicFilterOf(topic, "d"), std::nullopt) << topic;
  }
  for (const char* device : {"+", "#", "a+", ""}) {
    EXPECT_EQ(TopicFilterOf("sensors/{device}/{metric}", device), std::nullopt) << device;
  }
}

TEST(LoginTopicsTest, AProfileOfOneDeviceGivesItsTopicsAsTheyAre) {
  const auto profile = Profile::Parse(R"(schema: commons-profile/1
id: own
about: One plug
claim: plug-7
messages:
  - topic: plugs/7/power
    format: number
    readings:
      - {metric: power, unit: W}
)", "own");
  ASSERT_TRUE(profile.ok()) << Message(profile.status());
  EXPECT_THAT(TopicsOf(*profile, "plug-7"), ElementsAre("plugs/7/power"));
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
              ElementsAre("plugs/p7/status/+"));
  EXPECT_THAT(TopicsOf(*profile, "p7:0"),
              ElementsAre("plugs/p7/status/+", "plugs/p7:0/status/+"));
}

TEST(LoginTopicsTest, ABridgeMayPublishForEveryDevice) {
  const auto profile = Profile::Parse(kPlugs, "plugs");
  ASSERT_TRUE(profile.ok()) << Message(profile.status());
  const std::vector<std::string> topics = BridgeTopicsOf(*profile);
  EXPECT_THAT(topics, ::testing::Contains("plugs/+/status/+"));
  EXPECT_THAT(topics, ::testing::Not(::testing::Contains("plugs/+/online"))) << "ignored";
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
