// Logins at a real mosquitto with the dynamic-security plugin.
#include "gateway/ingest/broker_control.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "mqtt_fixture.h"

namespace gateway::ingest {
namespace {

std::string PluginPath() {
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib")) {
    const auto path = folder.path() / "mosquitto_dynamic_security.so";
    if (std::error_code ignored; std::filesystem::exists(path, ignored)) return path;
  }
  return "";
}

bool Holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Table final : public port::AdmissionTable {
 public:
  const port::Admission& Find(std::string_view, std::string_view,
                              std::string_view) const override {
    static const port::Admission unknown;
    return unknown;
  }
  port::DoorCode FindDevice(std::string_view, std::string_view) const override {
    return port::DoorCode::kUnknownDevice;
  }
  std::span<const std::shared_ptr<const port::EnrolledDevice>> devices() const override {
    return enrolled;
  }
  const TimeZone& time_zone() const override {
    static const TimeZone utc = TimeZone::Utc();
    return utc;
  }
  std::vector<std::shared_ptr<const port::EnrolledDevice>> enrolled;
};

class Intake final : public port::Intake {
 public:
  void Enrol(const std::vector<std::string>& names) {
    auto table = std::make_shared<Table>();
    for (const std::string& name : names) {
      table->enrolled.push_back(std::make_shared<port::EnrolledDevice>(port::EnrolledDevice{
          .device = DeviceId(name), .profile = "generic", .claim = name,
          .login = "commons-" + name, .password = "of-" + name}));
    }
    const std::lock_guard lock(mutex_);
    table_ = std::move(table);
  }
  std::shared_ptr<const port::AdmissionTable> admissions() const override {
    const std::lock_guard lock(mutex_);
    return table_;
  }
  Time Now() const override { return {}; }
  bool ClockSound() const override { return true; }
  bool ComparesStampsWithNow() const override { return true; }
  void Received(uint32_t) override {}
  void Refused(port::DoorCode) override {}
  Status Append(const port::Delivery&, std::span<const port::Admitted>, bool) override {
    return OkStatus();
  }
  void Quarantine(const port::Delivery&, const port::PutAside&) override {}

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const port::AdmissionTable> table_ = std::make_shared<Table>();
};

class BrokerControlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::Installed() || PluginPath().empty()) {
      GTEST_SKIP() << "mosquitto or its dynamic-security plugin is not installed";
    }
    Forget();
    broker_.Configure("allow_anonymous false\nplugin " + PluginPath() +
                      "\nplugin_opt_config_file " + File() + "\n");
    broker_.Start();
  }
  std::string File() const { return broker_.dir() + "/dynamic-security.json"; }
  // What the plugin has when only the gateway's own login was made.
  void Forget() {
    std::filesystem::remove(File());
    ASSERT_EQ(std::system(("mosquitto_ctrl dynsec init " + File() + " own pw > /dev/null").c_str()),
              0);
  }
  std::string PluginsFile() const {
    std::ifstream in(File());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Start(std::chrono::milliseconds answer_max = limits::kBrokerAnswerMax) {
    auto control = BrokerControl::Start(
        {.broker = broker_.uri(),
         .ca_file = {},
         .client_id = "commonsd-gw-logins",
         .login = []() -> StatusOr<Login> { return Login{"own", "pw"}; },
         .logins = [](const port::AdmissionTable& table) {
           std::vector<BrokerLogin> logins;
           for (const auto& device : table.devices()) {
             logins.push_back({device->login, device->password,
                               {"sensors/" + device->claim + "/+"}});
           }
           return logins;
         },
         .intake = &intake_,
         .answer_max = answer_max});
    ASSERT_TRUE(control.ok()) << gateway::Message(control.status());
    control_ = *std::move(control);
  }
  bool WaitFor(uint64_t present) {
    return Eventually([&] {
      const port::BrokerLogins state = control_->state();
      return state.present == present && state.wanted == present && state.problem.empty();
    });
  }

  Mosquitto broker_;
  Intake intake_;
  std::unique_ptr<BrokerControl> control_;
};

TEST_F(BrokerControlTest, MakesLoginsThatMayPublishToTheirTopicsAndTakesThemAway) {
  intake_.Enrol({"plug", "meter"});
  Start();
  ASSERT_TRUE(WaitFor(2)) << control_->state().problem;
  EXPECT_TRUE(control_->IsAtBroker("commons-plug"));
  Publisher(broker_.port(), "commons-plug", "of-plug").Publish("sensors/plug/load", "1");
  intake_.Enrol({"meter"});
  ASSERT_TRUE(WaitFor(1));
  EXPECT_FALSE(control_->IsAtBroker("commons-plug"));
  EXPECT_TRUE(Eventually([&] {
    const std::string file = PluginsFile();  // which the plugin may be writing
    return !Holds(file, "sensors/plug/") && Holds(file, "sensors/meter/") && Holds(file, "\"own\"");
  }));
}

TEST_F(BrokerControlTest, ABrokerThatForgotIsToldAgain) {
  intake_.Enrol({"plug"});
  Start();
  ASSERT_TRUE(WaitFor(1)) << control_->state().problem;
  broker_.Stop();
  Forget();
  broker_.Start();
  ASSERT_TRUE(Eventually([&] {
    return Holds(PluginsFile(), "sensors/plug/");
  })) << control_->state().problem;
  ASSERT_TRUE(WaitFor(1));
}

TEST_F(BrokerControlTest, WhatAnEarlierProcessLeftIsComparedAndMended) {
  intake_.Enrol({"plug", "gone"});
  Start();
  ASSERT_TRUE(WaitFor(2)) << control_->state().problem;
  control_->Stop();
  intake_.Enrol({"plug", "new"});
  Start();
  ASSERT_TRUE(WaitFor(2)) << control_->state().problem;
  EXPECT_TRUE(Eventually([&] {
    return !Holds(PluginsFile(), "commons-gone") && Holds(PluginsFile(), "commons-new");
  }));
}

// What the plugin refuses of one device, here for a name that is no text, concerns no other.
TEST_F(BrokerControlTest, CommandsThatAreRefusedAreToldAndTheOthersAreCarriedOut) {
  intake_.Enrol({"bad\xff", "plug"});
  Start();
  EXPECT_TRUE(Eventually([&] {
    return Holds(control_->state().problem, "refused 2 of ") && control_->IsAtBroker("commons-plug");
  })) << control_->state().problem;
  EXPECT_TRUE(Holds(control_->state().problem, "createRole: ")) << control_->state().problem;
  EXPECT_EQ(control_->state().wanted, 2u);
  EXPECT_EQ(control_->state().present, 1u);
  Publisher(broker_.port(), "commons-plug", "of-plug").Publish("sensors/plug/load", "1");
  intake_.Enrol({"plug"});
  ASSERT_TRUE(WaitFor(1)) << control_->state().problem;
}

// More than one batch of commands, and more than one page of what is listed.
TEST_F(BrokerControlTest, ManyLoginsAreMadeInBatchesAndListedInPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 130; ++i) names.push_back(Format("d%d", i));
  intake_.Enrol(names);
  Start();
  ASSERT_TRUE(WaitFor(names.size())) << control_->state().problem;
  control_->Stop();
  names.pop_back();
  intake_.Enrol(names);
  Start();
  ASSERT_TRUE(WaitFor(names.size())) << control_->state().problem;
  EXPECT_TRUE(Eventually([&] {
    return !Holds(PluginsFile(), "\"commons-d129\"") && Holds(PluginsFile(), "\"commons-d128\"");
  }));
}

TEST_F(BrokerControlTest, ABrokerWithoutThePluginIsNamedAsTheProblem) {
  broker_.Stop();
  broker_.Configure(Mosquitto::kOpen);
  broker_.Start();
  intake_.Enrol({"plug"});
  Start(std::chrono::milliseconds(100));
  EXPECT_TRUE(Eventually([&] {
    return Holds(control_->state().problem, "dynamic-security");
  })) << control_->state().problem;
  EXPECT_FALSE(control_->IsAtBroker("commons-plug"));
}

}  // namespace
}  // namespace gateway::ingest
