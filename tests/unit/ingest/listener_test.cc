// Who is silent, and what a stranger would be enrolled with.
#include "gateway/ingest/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/ingest/own_profile.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// One device that may send power each minute, load each half hour, and doors whenever they open.
class Table final : public port::AdmissionTable {
 public:
  Table() {
    Add("power", minutes(1), MetricKind::kGauge);
    Add("load", minutes(30), MetricKind::kDelta);
    Add("doors", minutes(1), MetricKind::kEvent);
  }
  const port::Admission& Find(std::string_view profile, std::string_view /*claim*/,
                              std::string_view metric) const override {
    static const port::Admission unknown;
    if (profile == "unconfirmed") return unknown;
    for (const auto& [name, admission] : admissions_) {
      if (name == metric) return admission;
    }
    return unknown;
  }
  DoorCode FindDevice(std::string_view, std::string_view claim) const override {
    for (const auto& device : enrolled) {
      if (device->claim == claim) return DoorCode::kAdmitted;
    }
    return DoorCode::kUnknownDevice;
  }
  std::span<const std::shared_ptr<const port::EnrolledDevice>> devices() const override {
    return enrolled;
  }
  const TimeZone& time_zone() const override {
    static const TimeZone utc = TimeZone::Utc();
    return utc;
  }
  // Nobody else any more.
  void Enrol(std::vector<port::EnrolledDevice> devices) {
    enrolled.clear();
    for (port::EnrolledDevice& device : devices) {
      if (!device.own_profile.empty()) device.own = OwnProfile::Read(device.own_profile);
      enrolled.push_back(std::make_shared<port::EnrolledDevice>(std::move(device)));
    }
  }
  std::vector<std::shared_ptr<const port::EnrolledDevice>> enrolled;

 private:
  void Add(const char* id, Millis interval, MetricKind kind) {
    metrics_.push_back(std::make_unique<Metric>(Metric{.id = MetricId(id), .kind = kind,
                                                       .resolution = *Decimal::Parse("1"),
                                                       .interval = interval}));
    admissions_.emplace_back(id, port::Admission{.code = DoorCode::kAdmitted,
                                                 .metric = metrics_.back().get()});
  }
  std::vector<std::unique_ptr<Metric>> metrics_;
  std::vector<std::pair<std::string, port::Admission>> admissions_;
};

class Intake final : public port::Intake {
 public:
  std::shared_ptr<const port::AdmissionTable> admissions() const override { return table; }
  Time Now() const override { return now; }
  bool ClockSound() const override { return true; }
  bool ComparesStampsWithNow() const override { return true; }
  void Received(uint32_t) override {}
  void Refused(DoorCode) override {}
  Status Append(const port::Delivery&, std::span<const port::Admitted>, bool) override {
    return OkStatus();
  }
  void Quarantine(const port::Delivery&, const port::PutAside&) override {}
  std::shared_ptr<Table> table = std::make_shared<Table>();
  Time now{Millis(1'000'000)};
};

class ListenerTest : public ::testing::Test {
 protected:
  Listener Make() {
    return Listener({.heard = &heard_, .announcements = &announcements_, .intake = &intake_, .profiles = {},
                     .installed = installed_,
                     .sends = [this](const port::EnrolledDevice&) { return sends_; },
                     .broker = [] { return port::BrokerState{}; },
                     .logins = nullptr});
  }
  Millis Expected(Sending sends, const char* profile = "p") {
    return ExpectedInterval({.device = DeviceId("a"), .profile = profile, .claim = "a",
                             .expected = minutes(30)}, sends, *intake_.table);
  }

  Heard heard_;
  Announcements announcements_;
  Intake intake_;
  Sending sends_;
  std::vector<Profile> installed_;
};

TEST_F(ListenerTest, TheShortestAdmittedIntervalIsExpectedAndEventsAreNot) {
  EXPECT_EQ(Expected({.metrics = {"load", "power"}}), minutes(1));
  EXPECT_EQ(Expected({.metrics = {"load", "doors", "voltage"}}), minutes(30));
  EXPECT_EQ(Expected({.metrics = {"doors"}}), Millis(0));
  EXPECT_EQ(Expected({.metrics = {"load"}}, "unconfirmed"), Millis(0));
  EXPECT_EQ(Expected({}), minutes(30));  // any metric: the longest, as the table says
}

TEST_F(ListenerTest, AProfileThatSaysHowOftenIsBelievedIfAnythingIsAdmitted) {
  EXPECT_EQ(Expected({.metrics = {"load"}, .expects = minutes(5)}), minutes(5));
  EXPECT_EQ(Expected({.metrics = {}, .expects = minutes(5)}), minutes(5));
  EXPECT_EQ(Expected({.metrics = {"doors"}, .expects = minutes(5)}), Millis(0));
}

TEST_F(ListenerTest, ADeviceGoesFromStartingToOkToStoppedAndOneNeverHeardToNever) {
  sends_ = {.metrics = {"power"}};
  intake_.table->Enrol({{.device = DeviceId("a"), .profile = "p", .claim = "a"},
                             {.device = DeviceId("b"), .profile = "p", .claim = "b"}});
  const Listener listener = Make();
  const auto states = [&] {
    std::vector<std::string> found;
    for (const auto& device : listener.Hearing()) found.emplace_back(device.state);
    return found;
  };
  EXPECT_THAT(states(), ElementsAre("starting", "starting"));
  heard_.Admitted(DeviceId("a"), intake_.now);
  EXPECT_THAT(states(), ElementsAre("ok", "starting"));
  intake_.now += minutes(3);
  EXPECT_THAT(states(), ElementsAre("ok", "starting"));
  intake_.now += Millis(1);
  EXPECT_THAT(states(), ElementsAre("stopped", "never"));
  heard_.Admitted(DeviceId("a"), intake_.now);
  EXPECT_THAT(states(), ElementsAre("ok", "never"));
}

TEST_F(ListenerTest, AStrangerIsProposedWithItsClaimInClear) {
  heard_.NoteStranger("smartcitizen", "the-token", true, intake_.now);
  const Listener listener = Make();
  ASSERT_EQ(listener.Strangers().size(), 1u);
  const std::string tag = listener.Strangers()[0].claim;
  EXPECT_THAT(tag, Not(HasSubstr("the-token")));
  const auto proposal = listener.Propose(tag, "");
  ASSERT_TRUE(proposal.ok()) << Message(proposal.status());
  EXPECT_EQ(proposal->claim, "the-token");
  EXPECT_EQ(proposal->profile, "smartcitizen");
  EXPECT_TRUE(proposal->secret);
}

TEST_F(ListenerTest, TheTagOfASecretIsNotComputedFromIt) {
  Heard other;
  heard_.NoteStranger("smartcitizen", "the-token", true, intake_.now);
  other.NoteStranger("smartcitizen", "the-token", true, intake_.now);
  EXPECT_NE(heard_.Strangers()[0].claim, other.Strangers()[0].claim);
}

TEST_F(ListenerTest, WhoWasEnrolledIsNoStrangerAnyMore) {
  heard_.NoteStranger("p", "the-token", true, intake_.now);
  heard_.NoteStranger("p", "b", false, intake_.now);
  const Listener listener = Make();
  EXPECT_EQ(listener.Strangers().size(), 2u);
  intake_.table->Enrol({{.device = DeviceId("kit"), .profile = "p", .claim = "the-token"}});
  ASSERT_EQ(listener.Strangers().size(), 1u);
  EXPECT_EQ(listener.Strangers()[0].claim, "b");
}

// Of Home Assistant's documentation, shortened.
constexpr char kConfig[] =
    R"({"name":"Temperature","uniq_id":"0x00158d0001","stat_t":"zigbee2mqtt/attic","dev_cla":"temperature",)"
    R"("unit_of_meas":"°C","val_tpl":"{{ value_json.temperature }}","dev":{"ids":["attic-sensor"],"name":"attic"}})";

TEST_F(ListenerTest, WhatIsOnlyAnnouncedIsAStrangerWithAProfileOfItsOwn) {
  const std::string topic = "homeassistant/sensor/attic/temperature/config";
  ASSERT_TRUE(announcements_.Take({.topic = topic, .payload = kConfig, .retained = true}));
  EXPECT_FALSE(announcements_.Take({.topic = "sensors/a/load", .payload = "1"}));
  EXPECT_FALSE(announcements_.Take({.topic = "homeassistant/status", .payload = "online"}));
  const Listener listener = Make();
  ASSERT_EQ(listener.Strangers().size(), 1u);
  const port::Stranger stranger = listener.Strangers()[0];
  EXPECT_EQ(stranger.profile, Announcements::kProfile);
  EXPECT_EQ(stranger.messages, 0u);
  const auto proposal = listener.Propose(stranger.claim, "");
  ASSERT_TRUE(proposal.ok()) << Message(proposal.status());
  EXPECT_NE(proposal->own_profile.find("zigbee2mqtt/attic"), std::string::npos);
  EXPECT_TRUE(listener.Propose(stranger.claim, Announcements::kProfile).ok());
  EXPECT_EQ(listener.Propose(stranger.claim, "tasmota").status().code(), StatusCode::kNotFound);
  intake_.table->Enrol({{.device = DeviceId("attic"), .profile = proposal->profile,
                              .claim = proposal->claim}});
  EXPECT_TRUE(listener.Strangers().empty());
}

// Anybody who may publish announcements may announce a neighbour's topic.
TEST_F(ListenerTest, WhatIsAnnouncedOnATopicOfAnEnrolledDeviceIsNotProposed) {
  const std::string topic = "homeassistant/sensor/attic/temperature/config";
  ASSERT_TRUE(announcements_.Take({.topic = topic, .payload = kConfig, .retained = true}));
  installed_ = {*Profile::Parse("schema: commons-profile/1\nid: zigbee\nabout: z\nmessages:\n"
                                "  - {topic: 'zigbee2mqtt/{device}', format: json, readings: "
                                "[{metric: temperature, at: temperature}]}\n", "zigbee")};
  const Listener listener = Make();
  const std::string claim = listener.Strangers()[0].claim;
  EXPECT_TRUE(listener.Propose(claim, "").ok());
  intake_.table->Enrol({{.device = DeviceId("b"), .profile = "zigbee", .claim = "attic"}});
  const auto refused = listener.Propose(claim, "");
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("on a topic of a device"));
  // The same where that device was announced itself.
  const std::string own = "schema: commons-profile/1\nid: home-assistant\nabout: z\nclaim: other\n"
                          "messages:\n  - {topic: 'zigbee2mqtt/attic', format: json, readings: "
                          "[{metric: temperature, at: temperature}]}\n";
  intake_.table->Enrol({{.device = DeviceId("c"), .profile = "home-assistant",
                              .claim = "other", .own_profile = own}});
  EXPECT_EQ(listener.Propose(claim, "").status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(ListenerTest, OfTwoProfilesTheOperatorHasToNameOne) {
  heard_.NoteStranger("tasmota", "plug", false, intake_.now);
  heard_.NoteStranger("generic", "plug", false, intake_.now);
  const Listener listener = Make();
  EXPECT_EQ(listener.Propose("plug", "").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(listener.Propose("plug", "tasmota")->profile, "tasmota");
  EXPECT_EQ(listener.Propose("plug", "shelly").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(listener.Propose("plugg", "").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace gateway::ingest
