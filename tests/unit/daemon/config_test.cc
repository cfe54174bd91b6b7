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

TEST(ConfigTest, MetricsAreForThisMachine) {
  const std::string config(kConfig);
  EXPECT_EQ(ParseConfig(kConfig)->metrics, "");
  EXPECT_EQ(ParseConfig(config + "metrics: \"127.0.0.1:9464\"\n")->metrics, "127.0.0.1:9464");
  const auto refused = ParseConfig(config + "metrics: \"0.0.0.0:9464\"\n");
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("needs a loopback address"));
}

TEST(ConfigTest, ReadsHowTheBrokerIsReached) {
  const auto config = ParseConfig(
      "schema: commonsd/1\ngateway: gw-a\nbroker: \"ssl://b.example:8883\"\nkey_file: \"/k\"\n"
      "broker_ca: /ca.crt\nbroker_login: /login\n");
  ASSERT_TRUE(config.ok()) << Message(config.status());
  EXPECT_EQ(config->broker, "ssl://b.example:8883");
  EXPECT_EQ(config->broker_ca, "/ca.crt");
  EXPECT_EQ(config->broker_login, "/login");
  EXPECT_TRUE(ParseConfig(std::string(kConfig) + "broker_login: /login\n").ok()) << "on loopback";
}

TEST(ConfigTest, RefusesAPasswordOrReadingsWithoutTheTrustTheyNeed) {
  struct Case {
    const char* broker;
    const char* more;
    const char* want;
  };
  for (const Case& c : std::vector<Case>{
           {"ssl://b:8883", "", "needs broker_ca"},
           {"ssl://b:8883", "broker_ca: ca.crt\n", "absolute path"},
           {"tcp://127.0.0.1:1883", "broker_ca: /ca.crt\n", "ssl:// only"},
           {"tcp://192.168.1.10:1883", "broker_login: /login\n", "in clear"},
           {"tcp://127.example:1883", "broker_login: login\n", "absolute path"},
           {"ws://b:80", "", "a broker is a URI"},
       }) {
    const auto config = ParseConfig(std::string("schema: commonsd/1\ngateway: gw-a\nbroker: \"") +
                                    c.broker + "\"\nkey_file: \"/k\"\n" + c.more);
    EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument) << c.broker << c.more;
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr(c.want));
  }
}

TEST(ConfigTest, WhoMakesLoginsMustHaveOne) {
  EXPECT_FALSE(ParseConfig(kConfig)->broker_logins);
  const auto makes =
      ParseConfig(std::string(kConfig) + "broker_login: /login\nbroker_logins: true\n");
  ASSERT_TRUE(makes.ok()) << Message(makes.status());
  EXPECT_TRUE(makes->broker_logins);
  const auto without = ParseConfig(std::string(kConfig) + "broker_logins: true\n");
  EXPECT_EQ(without.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(without.status())), HasSubstr("needs broker_login"));
}

TEST(ConfigTest, ReadsHowTheDiskIsUsed) {
  const auto usual = ParseConfig(kConfig);
  ASSERT_TRUE(usual.ok());
  EXPECT_EQ(usual->sync, std::chrono::seconds(1));
  EXPECT_EQ(usual->sync_bytes, 65536u);
  EXPECT_EQ(usual->disk_quota, 0u);
  EXPECT_EQ(usual->disk_free_min, 32u << 20);
  const auto set = ParseConfig(std::string(kConfig) +
                               "sync: PT5S\nsync_bytes: 500000\ndisk_quota: 2 GiB\n"
                               "disk_free_min: 64MiB\n");
  ASSERT_TRUE(set.ok()) << Message(set.status());
  EXPECT_EQ(set->sync, std::chrono::seconds(5));
  EXPECT_EQ(set->sync_bytes, 500'000u);
  EXPECT_EQ(set->disk_quota, uint64_t{2} << 30);
  EXPECT_EQ(set->disk_free_min, 64u << 20);
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
           {"sync too rare", good + "sync: PT2M\n", "sync"},
           {"sync of too few bytes", good + "sync_bytes: 1 KiB\n", "sync_bytes"},
           {"unknown unit", good + "disk_quota: 2 TB\n", "needs a number of bytes"},
           {"quota too large", good + "disk_quota: 99999999999 GiB\n", "needs a number of bytes"},
           {"quota too small", good + "disk_quota: 1 MiB\n", "64 MiB at least"},
           {"floor too low", good + "disk_free_min: 8 MiB\n", "32 MiB at least"},
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
  const auto config = ParseConfig("schema: commonsd/1\ngateway: gw-a\nbroker: \"tcp://b\"\n");
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
