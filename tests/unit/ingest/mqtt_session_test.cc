// Which subscriptions the broker ends up with, what it is told of lost sessions and waiting
// messages: PahoSource against a real mosquitto.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway/model/limits.h"
#include "mqtt_fixture.h"

namespace gateway::ingest {
namespace {

// What a gateway's store keeps between two runs.
class Memory {
 public:
  PahoSourceOptions Options(const std::string& uri, std::vector<Filter> filters) {
    return {.broker = uri,
            .filters = std::move(filters),
            .remembered = [this] { return filters_; },
            .remember = [this](const std::vector<std::string>& given) {
              filters_ = given;
              return OkStatus();
            }};
  }

 private:
  std::vector<std::string> filters_;
};

// In order: as the broker keeps the order, whatever comes after shows that what was to come before
// did not.
constexpr char kFence[] = "sensors/fence/load";

TEST_F(MqttTest, FiltersMayChangeWhileItRuns) {
  PahoSourceOptions options{.broker = broker_->uri()};
  options.filters_now = [] { return std::vector<Filter>{{"other/+"}, {"sensors/fence/+"}}; };
  Running source(std::move(options), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  source->FiltersChanged();
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, "no longer wanted");
  publisher.Publish("other/1", "new");
  publisher.Publish(kFence, "fence");
  EXPECT_EQ(inbox_.WaitPayloads(2), (Payloads{"new", "fence"}));
}

TEST_F(MqttTest, AFilterThatLeftTheConfigurationIsTakenBackFromTheOldSession) {
  Memory memory;
  {
    Running first(memory.Options(broker_->uri(), {{"old/+"}, {"sensors/+/+"}}), IntoInbox());
    ASSERT_TRUE(first.WaitUntilConnected());
  }
  {
    Running second(memory.Options(broker_->uri(), {{"new/+"}, {"sensors/+/+"}}), IntoInbox());
    ASSERT_TRUE(second.WaitUntilConnected());
  }
  Publisher publisher(broker_->port());  // while nobody is there, so that only the session decides
  publisher.Publish("old/1", "of the old subscription");
  publisher.Publish("new/1", "new");
  publisher.Publish(kFence, "fence");
  Running third(memory.Options(broker_->uri(), {{"new/+"}, {"sensors/+/+"}}), IntoInbox());
  EXPECT_EQ(inbox_.WaitPayloads(2), (Payloads{"new", "fence"}));
}

TEST_F(MqttTest, FiltersThatCoverEachOtherDeliverOnce) {
  Running source({.broker = broker_->uri(), .filters = {{kTopic}, {"sensors/+/+"}, {"sensors/#"}}},
                 IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, "once");
  publisher.Publish(kFence, "fence");
  EXPECT_EQ(inbox_.WaitPayloads(2), (Payloads{"once", "fence"}));
}

TEST_F(MqttTest, RetainedMessagesComeAtEverySubscribeWhereTheyAreAskedFor) {
  Publisher publisher(broker_->port());
  publisher.Publish("homeassistant/sensor/a/config", "{}", /*retain=*/true);
  publisher.Publish(kTopic, "stale", /*retain=*/true);
  const std::vector<Filter> filters{{.text = "sensors/+/+"},
                                    {.text = "homeassistant/+/+/config", .retained = true}};
  for (int run = 0; run < 2; ++run) {
    Running source({.broker = broker_->uri(), .filters = filters}, IntoInbox());
    ASSERT_TRUE(source.WaitUntilConnected());
    publisher.Publish(kFence, "fence");
    inbox_.Wait(run == 0 ? 3 : 5);
  }
  const Payloads payloads = inbox_.WaitPayloads(5);
  EXPECT_EQ(std::ranges::count(payloads, "{}"), 2);
  EXPECT_EQ(std::ranges::count(payloads, "stale"), 1);
}

TEST_F(MqttTest, ALostSessionIsCountedSaidAndSubscribedAnew) {
  Running source(broker_->uri(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  EXPECT_EQ(source->broker().sessions_lost, 0u);
  broker_->Kill();
  ASSERT_TRUE(source.WaitUntilConnected(false));
  broker_->Start();
  ASSERT_TRUE(source.WaitUntilConnected());
  EXPECT_EQ(source->broker().sessions_lost, 1u);
  EXPECT_TRUE(source.Warns("the broker lost its session"));
  Publisher(broker_->port()).Publish(kTopic, "1");
  EXPECT_EQ(inbox_.WaitPayloads(1), Payloads{"1"});
}

TEST_F(MqttTest, ASessionLostWhileTheGatewayWasAwayIsSaid) {
  Memory memory;
  {
    Running first(memory.Options(broker_->uri(), {{"sensors/+/+"}}), IntoInbox());
    ASSERT_TRUE(first.WaitUntilConnected());
    EXPECT_EQ(first->broker().sessions_lost, 0u) << "there was none before";
  }
  broker_->Kill();
  broker_->Start();
  Running second(memory.Options(broker_->uri(), {{"sensors/+/+"}}), IntoInbox());
  ASSERT_TRUE(second.WaitUntilConnected());
  EXPECT_EQ(second->broker().sessions_lost, 1u);
  EXPECT_TRUE(second.Warns("between the gateway's last run and"));
}

TEST_F(MqttTest, ABrokerWithPersistenceKeepsSessionAndMessagesThroughARestart) {
  broker_->Stop();
  broker_->Configure(std::string(Mosquitto::kOpen) + "persistence true\npersistence_location " +
                     broker_->dir() + "/\n");
  broker_->Start();
  {
    Running first(broker_->uri(), IntoInbox());
    ASSERT_TRUE(first.WaitUntilConnected());
  }
  Publisher(broker_->port()).Publish(kTopic, "kept");
  broker_->Stop();
  broker_->Start();
  Running second(broker_->uri(), IntoInbox());
  ASSERT_TRUE(second.WaitUntilConnected());
  EXPECT_EQ(inbox_.WaitPayloads(1), Payloads{"kept"});
  EXPECT_EQ(second->broker().sessions_lost, 0u);
}

TEST_F(MqttTest, MessagesThatWaitedSayHowLongAtMostAndThoseAfterTheMarkerNothing) {
  constexpr std::size_t kBacklog = 5 * limits::kBrokerInflightMax;
  {
    Running first(broker_->uri(), IntoInbox());
    ASSERT_TRUE(first.WaitUntilConnected());
    Publisher(broker_->port()).Publish(kTopic, "in a new session");
    EXPECT_EQ(inbox_.Wait(1)[0].waited_max, Millis(0));
  }
  Publisher publisher(broker_->port());
  publisher.PublishAll(Payloads(kBacklog, kTopic), "waited");
  Running second(broker_->uri(), IntoInbox());
  for (const Message& message : inbox_.Wait(1 + kBacklog)) {
    EXPECT_EQ(message.waited_max,
              message.payload == "waited" ? Millis(limits::kSessionLife) : Millis(0));
  }
  ASSERT_EQ(inbox_.Wait(1 + kBacklog).size(), 1 + kBacklog);
  // Until the marker is back new ones count as well; then no more.
  std::size_t sent = 1 + kBacklog;
  ASSERT_TRUE(Eventually([&] {
    publisher.Publish(kTopic, "live");
    return inbox_.Wait(++sent).back().waited_max == Millis(0);
  }));
}

// kill -9 brings it back to what it saved last: nothing that came since counts.
TEST_F(MqttTest, AfterACrashOfTheBrokerOldMessagesMayHaveWaitedAsLongAsASessionLives) {
  broker_->Stop();
  broker_->Configure(std::string(Mosquitto::kOpen) + "persistence true\npersistence_location " +
                     broker_->dir() + "/\n");
  broker_->Start();
  {
    Running first(broker_->uri(), IntoInbox());
    ASSERT_TRUE(first.WaitUntilConnected());
  }
  Publisher(broker_->port()).Publish(kTopic, "old");
  broker_->Stop();  // saves it
  broker_->Start();
  Running source(broker_->uri(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  inbox_.Wait(1);
  std::size_t sent = 1;
  ASSERT_TRUE(Eventually([&] {
    Publisher(broker_->port()).Publish(kTopic, "live");
    return inbox_.Wait(++sent).back().waited_max == Millis(0);
  }));
  broker_->Kill();
  broker_->Start();
  const std::vector<Message> messages = inbox_.Wait(sent + 1);
  ASSERT_GT(messages.size(), sent);
  EXPECT_EQ(messages[sent].payload, "old");
  EXPECT_EQ(messages[sent].waited_max, limits::kSessionLife);
}

// As a board does that is suspended with a message in hand: no marker can have come back meanwhile.
TEST_F(MqttTest, TimeThatTheBoardSleptCountsAsWaiting) {
  class Sleeper final : public Clock {
   public:
    Time SystemNow() const override { return real_.SystemNow(); }
    std::chrono::steady_clock::time_point SteadyNow() const override {
      return real_.SteadyNow() + std::chrono::hours(slept_.load());
    }
    bool Synchronised() const override { return true; }
    void SleepFor3Hours() { slept_ += 3; }

   private:
    RealClock real_;
    std::atomic<int> slept_{0};
  };
  Sleeper clock;
  PahoSourceOptions options{.broker = broker_->uri()};
  options.clock = &clock;
  bool first = true;
  Running source(std::move(options), [&](const port::Delivery& delivery) -> Status {
    if (!std::exchange(first, false)) return inbox_.Put(delivery);
    clock.SleepFor3Hours();
    return Unavailable("asleep");
  });
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher(broker_->port()).Publish(kTopic, "in hand");
  const std::vector<Message> messages = inbox_.Wait(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_GE(messages[0].waited_max, std::chrono::hours(3));
  EXPECT_LT(messages[0].waited_max, std::chrono::hours(4));
}

TEST_F(MqttTest, StateIsToldWhileAMessageCannotBeStored) {
  std::atomic<bool> refuse{true};
  std::atomic<int> tries{0};
  Running source(broker_->uri(), [&](const port::Delivery& delivery) {
    if (refuse.load()) {
      ++tries;
      return Unavailable("the disk is full");
    }
    return inbox_.Put(delivery);
  });
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, "first");
  ASSERT_TRUE(Eventually([&] { return tries.load() >= 3; }));
  EXPECT_TRUE(source->broker().connected) << "answers without Paho's lock";
  refuse.store(false);
  EXPECT_EQ(inbox_.WaitPayloads(1), Payloads{"first"});
}

// A login that the broker's access list keeps from something.
class AccessTest : public MqttTest {
 protected:
  void SetUp() override {
    MqttTest::SetUp();
    if (broker_ == nullptr) return;
    broker_->Stop();
    std::ofstream(broker_->dir() + "/acl") << "user gw\n" << acl_ << "user dev\ntopic write #\n";
    std::ofstream(broker_->dir() + "/passwords") << "gw:secret\ndev:secret\n";
    const std::string hash = "mosquitto_passwd -U " + broker_->dir() + "/passwords";
    GW_CHECK(std::system(hash.c_str()) == 0);
    WriteLogin("gw:secret\n");
    broker_->Configure("allow_anonymous false\npassword_file " + broker_->dir() +
                       "/passwords\nacl_file " + broker_->dir() + "/acl\n");
    broker_->Start();
  }
  void WriteLogin(const std::string& text) {
    const std::string path = broker_->dir() + "/login";
    std::ofstream(path) << text;
    GW_CHECK(chmod(path.c_str(), 0600) == 0);
  }
  PahoSourceOptions Options() {
    return {.broker = broker_->uri(),
            .filters = {{.text = "sensors/+/+", .may_be_shown = true}, {.text = "of/one/device"}},
            .login_file = broker_->dir() + "/login"};
  }
  std::string acl_;
};

class MarkerRefusedTest : public AccessTest {
 protected:
  MarkerRefusedTest() { acl_ = "topic read #\n"; }
};

TEST_F(MarkerRefusedTest, ThenEveryMessageMayHaveWaitedAndTheOperatorKnows) {
  {
    Running first(Options(), IntoInbox());  // leaves a session
    ASSERT_TRUE(first.WaitUntilConnected());
  }
  Running source(Options(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected()) << "messages are taken all the same";
  EXPECT_TRUE(source.WaitUntilWarned("publish and read commons/gw-test/marker"));
  EXPECT_FALSE(source.Warns("subscriptions"));
  Publisher(broker_->port(), "dev", "secret").Publish(kTopic, "1");
  EXPECT_EQ(inbox_.Wait(1)[0].waited_max, limits::kSessionLife);
}

TEST_F(MarkerRefusedTest, AWrongLoginIsNamedAndARightOneIsTakenWithoutARestart) {
  WriteLogin("gw:wrong\n");
  Running source(Options(), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("refused the login in " + broker_->dir() + "/login"));
  WriteLogin("gw:secret\n");
  ASSERT_TRUE(source.WaitUntilConnected());
  EXPECT_FALSE(source.Warns("refused the login"));
}

TEST_F(MarkerRefusedTest, ALoginThatOthersMayReadIsNotUsed) {
  GW_CHECK(chmod((broker_->dir() + "/login").c_str(), 0644) == 0);
  Running source(Options(), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("mode 0644 lets others at it"));
  EXPECT_FALSE(source->connected());
}

// A login that the dynamic-security plugin lets subscribe to sensors/# and $SYS/# alone.
class RefusedFilterTest : public AccessTest {
 protected:
  void SetUp() override {
    AccessTest::SetUp();
    if (broker_ == nullptr) return;
    broker_->Stop();
    std::string plugin;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib")) {
      const auto path = entry.path() / "mosquitto_dynamic_security.so";
      if (std::filesystem::exists(path)) plugin = path.string();
    }
    if (plugin.empty()) GTEST_SKIP() << "mosquitto has no dynamic-security plugin here";
    const std::string file = broker_->dir() + "/logins.json";
    const std::string make = "mosquitto_ctrl dynsec init " + file +
                             " gw secret > /dev/null && sed -i 's,\"#\",\"sensors/#\",' " + file;
    GW_CHECK(std::system(make.c_str()) == 0);
    broker_->Configure("allow_anonymous false\nplugin " + plugin + "\nplugin_opt_config_file " +
                       file + "\n");
    broker_->Start();
  }
};

TEST_F(RefusedFilterTest, IsReportedWithoutItsTextAndTheRestIsThere) {
  PahoSourceOptions options = Options();
  options.filters_now = [] { return std::vector<Filter>{{"sensors/+/+"}}; };
  Running source(std::move(options), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("refused 1 of 4 subscriptions: 1 not shown here"));
  EXPECT_TRUE(source.WaitUntilWarned("publish and read commons/gw-test/marker"));
  EXPECT_FALSE(source->connected());
  source->FiltersChanged();
  ASSERT_TRUE(source.WaitUntilConnected());
  EXPECT_FALSE(source.Warns("subscriptions"));
}

TEST_F(RefusedFilterTest, IsNamedIfItStandsInAProfileFile) {
  PahoSourceOptions options = Options();
  options.filters[1].may_be_shown = true;
  Running source(std::move(options), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("of/one/device (not authorized)"));
}

}  // namespace
}  // namespace gateway::ingest
