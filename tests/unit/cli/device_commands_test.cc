// `commons device` and `commons broker`: the compiled program against a real socket with fakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/admin/server.h"
#include "tests/support/fake_commands.h"
#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::FakeCells;
using gateway::testing::FakeCommands;
using gateway::testing::FakeListening;
using gateway::testing::Folder;
using gateway::testing::Outcome;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class DeviceCommandsTest : public ::testing::Test {
 protected:
  Outcome Commons(const std::string& arguments) {
    auto server = admin::AdminServer::Start(folder_ / "admin.sock", commands_, cells_, listening_);
    EXPECT_TRUE(server.ok()) << Message(server.status());
    if (!server.ok()) return {};
    return folder_.Commons(arguments);
  }

  Folder folder_;
  FakeCommands commands_;
  FakeCells cells_;
  FakeListening listening_;
};

TEST_F(DeviceCommandsTest, AddEnrolsWithProfileAndClaimAndShowsTheLoginOnce) {
  commands_.credentials = {"commons-abc", "a-password"};
  const Outcome outcome = Commons(
      "device add heater --household flat-1 --profile tasmota --claim tasmota_4F2A --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json(), (json{{"device", "heater"}, {"household", "flat-1"},
                                  {"profile", "tasmota"}, {"login", "commons-abc"},
                                  {"password", "a-password"}}));
  EXPECT_EQ(commands_.enrolment.claim, "tasmota_4F2A");
  EXPECT_EQ(commands_.enrolment.profile, "tasmota");
  EXPECT_FALSE(commands_.enrolment.secret);
}

TEST_F(DeviceCommandsTest, WithoutProfileAndLoginsADeviceIsGenericAndHasNone) {
  const Outcome outcome = Commons("device add sds-1 --place post-1 --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json(),
            (json{{"device", "sds-1"}, {"place", "post-1"}, {"profile", "generic"}}));
  EXPECT_EQ(commands_.asked, "sds-1/place post-1");
}

TEST_F(DeviceCommandsTest, AnUnknownProfileIsRefusedWithThoseThereAre) {
  const Outcome outcome = Commons("device add heater --household flat-1 --profile tasmotta");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("generic, tasmota"));
  EXPECT_EQ(commands_.asked, "");
}

TEST_F(DeviceCommandsTest, ASecretClaimComesFromAFileAndIsMarked) {
  folder_.Write("token", "s3cret\n");
  ASSERT_EQ(Commons("device add kit --place post-1 --claim-file token").code, 0);
  EXPECT_EQ(commands_.enrolment.claim, "s3cret");
  EXPECT_TRUE(commands_.enrolment.secret);
  folder_.Write("empty", "\n");
  EXPECT_THAT(Commons("device add kit --place post-1 --claim-file empty").err,
              HasSubstr("is empty"));
  EXPECT_EQ(Commons("device add kit --place post-1 --claim x --claim-file token").code, 2);
}

TEST_F(DeviceCommandsTest, DiscoverListsStrangersWithWhatTheyWouldYield) {
  listening_.strangers = {{.profile = "tasmota", .claim = "tasmota_4F2A",
                           .metrics = {"power", "energy-index"}, .messages = 7,
                           .first = Time(Millis(1000)), .last = Time(Millis(61'000))}};
  EXPECT_EQ(Commons("device discover --format json").json(),
            json::parse(R"([{"heard": "tasmota_4F2A", "profile": "tasmota", "messages": 7,
                             "metrics": ["power", "energy-index"],
                             "first_heard": "1970-01-01T00:00:01Z",
                             "last_heard": "1970-01-01T00:01:01Z"}])"));
}

TEST_F(DeviceCommandsTest, DiscoverShowsOnWhichTopicsSomethingWasAnnounced) {
  listening_.strangers = {{.profile = "home-assistant", .claim = "plug", .metrics = {"power"},
                           .topics = {"plugs/7/power", "plugs/7/state"}}};
  EXPECT_EQ(Commons("device discover --format json").json(),
            json::parse(R"([{"heard": "plug", "profile": "home-assistant", "messages": 0,
                             "metrics": ["power"],
                             "topics": ["plugs/7/power", "plugs/7/state"]}])"));
}

TEST_F(DeviceCommandsTest, DiscoverEnrolsWhatWasHeardInOneStep) {
  listening_.proposal = {.profile = "smartcitizen", .claim = "the-token", .secret = true};
  const Outcome outcome = Commons(
      "device discover --enrol secret-0000beef --as kit --household flat-1 --profile tasmota");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.enrolment.device, "kit");
  EXPECT_EQ(commands_.enrolment.claim, "the-token");
  EXPECT_EQ(commands_.enrolment.profile, "tasmota");
  EXPECT_TRUE(commands_.enrolment.secret);
  EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("the-token")));
}

TEST_F(DeviceCommandsTest, DiscoverNeedsANameAndAnOwnerToEnrol) {
  EXPECT_EQ(Commons("device discover --enrol x --household flat-1").code, 2);
  EXPECT_EQ(Commons("device discover --as kit --household flat-1").code, 2);
  EXPECT_EQ(Commons("device discover --household flat-1").code, 2);
  listening_.proposal = {.profile = "tasmota", .claim = "x"};
  EXPECT_EQ(Commons("device discover --enrol x --as kit").code, 1);
  EXPECT_EQ(Commons("device discover --enrol y --as kit --household flat-1").code, 1);
  EXPECT_EQ(commands_.asked, "");
}

TEST_F(DeviceCommandsTest, AProfileOfItsOwnNeedsNoInstalledOne) {
  listening_.proposal = {.profile = "ha-plug", .claim = "plug", .own_profile = "schema: x"};
  ASSERT_EQ(Commons("device discover --enrol plug --as plug --household flat-1").code, 0);
  EXPECT_EQ(commands_.enrolment.own_profile, "schema: x");
  EXPECT_EQ(commands_.enrolment.profile, "ha-plug");
}

TEST_F(DeviceCommandsTest, LoginRenewsAndShowsOnce) {
  commands_.credentials = {"commons-new", "a-password"};
  EXPECT_EQ(Commons("device login heater --format json").json(),
            (json{{"device", "heater"}, {"login", "commons-new"}, {"password", "a-password"}}));
  EXPECT_EQ(commands_.asked, "heater");
}

TEST_F(DeviceCommandsTest, ListShowsWhoIsSilentAndWhoseLoginTheBrokerHas) {
  commands_.devices = {{.device = "a", .household = "h", .profile = "tasmota", .claim = "tas_1",
                        .login = "commons-there"},
                       {.device = "b", .household = "h", .profile = "generic", .claim = "b",
                        .login = "commons-not-yet"}};
  listening_.hearing = {{DeviceId("a"), Time(Millis(1000)), Millis(600'000), "stopped"},
                        {DeviceId("b"), std::nullopt, Millis(0), "-"}};
  EXPECT_EQ(Commons("device list --format json").json(),
            json::parse(R"([{"device": "a", "household": "h", "profile": "tasmota",
                             "claim": "tas_1", "state": "stopped", "expected": "PT10M",
                             "last_heard": "1970-01-01T00:00:01Z", "login": "provisioned"},
                            {"device": "b", "household": "h", "profile": "generic", "state": "-",
                             "login": "waiting"}])"));
}

TEST_F(DeviceCommandsTest, StatusCountsDevicesByStateAndLoginsAtTheBroker) {
  listening_.hearing = {{DeviceId("a"), std::nullopt, Millis(1), "never"},
                        {DeviceId("b"), std::nullopt, Millis(1), "never"},
                        {DeviceId("c"), Time(), Millis(1), "ok"}};
  EXPECT_FALSE(Commons("status --format json").json().contains("broker_logins"));
  listening_.broker_logins = {.made = true, .wanted = 3, .present = 2, .problem = "no admin role"};
  const json status = Commons("status --format json").json();
  EXPECT_EQ(status["device_states"]["devices"], (json{{"never", 2}, {"ok", 1}}));
  EXPECT_EQ(status["broker_logins"], 3);
  EXPECT_EQ(status["broker_logins_present"], 2);
  EXPECT_EQ(status["broker_logins_problem"], "no admin role");
}

TEST_F(DeviceCommandsTest, BrokerLoginsAreAddedListedAndRemoved) {
  commands_.credentials = {"commons-abc", "a-password"};
  const Outcome added = Commons("broker login add attic --profile tasmota --format json");
  ASSERT_EQ(added.code, 0) << added.err;
  EXPECT_EQ(added.json()["password"], "a-password");
  EXPECT_EQ(commands_.asked, "attic/tasmota");
  commands_.broker_logins = {{"attic", "tasmota", "commons-there"}};
  EXPECT_EQ(Commons("broker login list --format json").json()[0],
            (json{{"name", "attic"}, {"profile", "tasmota"}, {"login", "commons-there"},
                  {"state", "provisioned"}}));
  ASSERT_EQ(Commons("broker login remove attic").code, 0);
  EXPECT_EQ(commands_.asked, "attic");
  EXPECT_EQ(Commons("broker login add attic --profile nothing").code, 1);
}

}  // namespace
}  // namespace gateway::cli
