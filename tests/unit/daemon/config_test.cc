#include "gateway/daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace gateway::daemon {
namespace {

using ::testing::HasSubstr;

constexpr char kConfig[] =
    "schema: commonsd/1\ngateway: gw-a\nbroker: \"tcp://127.0.0.1:1883\"\nkey_file: \"/k\"\n";

StatusOr<Arguments> Parse(std::vector<const char*> arguments) {
  return ParseArguments(arguments, "/default");
}

TEST(ArgumentsTest, DirectoryAndClock) {
  const auto arguments = Parse({"--dir", "a", "--replay-clock"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->dir, "a");
  EXPECT_TRUE(arguments->replay_clock);
  EXPECT_EQ(Parse({"--dir=b"})->dir, "b");
  EXPECT_EQ(Parse({})->dir, "/default");
  EXPECT_FALSE(Parse({})->replay_clock);
}

TEST(ArgumentsTest, RefusesWhatItDoesNotKnow) {
  for (const char* argument : {"--dir", "--dir=", "--replay", "a", "--replay-clock=1", ""}) {
    EXPECT_EQ(Parse({argument}).status().code(), StatusCode::kInvalidArgument) << argument;
  }
}

TEST(ConfigTest, ReadsWhatInitWrites) {
  const auto config = ParseConfig(kConfig);
  ASSERT_TRUE(config.ok()) << Message(config.status());
  EXPECT_EQ(config->gateway, GatewayId("gw-a"));
  EXPECT_EQ(config->broker, "tcp://127.0.0.1:1883");
  EXPECT_EQ(config->key_file, "/k");
  EXPECT_EQ(config->checkpoint, std::chrono::seconds(60));
  EXPECT_EQ(config->log_level, LogLevel::kInfo);
}

TEST(ConfigTest, ReadsTheOptionalFields) {
  const auto config = ParseConfig(std::string(kConfig) +
                                  "checkpoint: PT5S\nlog_level: debug\nprofiles: /p\nlisten: \"0.0.0.0:7443\"\n");
  ASSERT_TRUE(config.ok()) << Message(config.status());
  EXPECT_EQ(config->checkpoint, std::chrono::seconds(5));
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
  EXPECT_EQ(config->profiles, "/p");
  EXPECT_EQ(config->listen, "0.0.0.0:7443");
}

TEST(ConfigTest, RefusesWithThePlace) {
  struct Case {
    const char* name;
    std::string text;
    const char* want;
  };
  const std::string good = kConfig;
  for (const Case& c : std::vector<Case>{
           {"unknown key", good + "brokr: x\n", "brokr"},
           {"other schema", "schema: commonsd/2\n" + good.substr(good.find('\n') + 1), "schema"},
           {"relative key file", good + "profiles: p\n", "profiles"},
           {"listen without port", good + "listen: somewhere\n", "listen"},
           {"checkpoint too short", good + "checkpoint: PT0S\n", "checkpoint"},
           {"checkpoint too long", good + "checkpoint: PT2H\n", "checkpoint"},
           {"bad level", good + "log_level: loud\n", "log_level"},
           {"no gateway", "schema: commonsd/1\n", "gateway"},
           {"bad gateway", "schema: commonsd/1\ngateway: GW\nbroker: a://b\nkey_file: /k\n",
            "gateway"},
           {"not a mapping", "- a\n", "line 1"}}) {
    SCOPED_TRACE(c.name);
    const auto config = ParseConfig(c.text);
    EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr(c.want));
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr("line "));
  }
}

TEST(ConfigTest, WithoutAKeyFileTheGatewayWaitsForUnlock) {
  const auto config = ParseConfig("schema: commonsd/1\ngateway: gw-a\nbroker: \"a://b\"\n");
  ASSERT_TRUE(config.ok()) << Message(config.status());
  EXPECT_EQ(config->key_file, "");
}

TEST(ModeTest, ReadsBothModesAndNothingElse) {
  EXPECT_FALSE(ParseMode("live\n")->replay_start.has_value());
  EXPECT_EQ(ParseMode("replay 1970-01-01T00:00:01Z\n")->replay_start, Time(Millis(1000)));
  for (const char* text : {"", "live", "live\n\n", "replay\n", "replay 1970-01-01T00:00:01Z",
                           "replay yesterday\n", "LIVE\n"}) {
    EXPECT_EQ(ParseMode(text).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST(ModeTest, RecordedAndLiveDataNeverMeet) {
  const Mode live;
  const Mode replay{.replay_start = Time()};
  EXPECT_TRUE(CheckMode(live, {.dir = "d", .replay_clock = false}).ok());
  EXPECT_TRUE(CheckMode(replay, {.dir = "d", .replay_clock = true}).ok());
  EXPECT_EQ(CheckMode(live, {.dir = "d", .replay_clock = true}).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckMode(replay, {.dir = "d", .replay_clock = false}).code(),
            StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gateway::daemon
