// PahoSource against a real mosquitto. Two tests need a process that dies, so this program starts
// itself again with --child (see Child below).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/ingest/paho_source.h"
#include "mosquitto.h"
#include "mqtt_fixture.h"

namespace gateway::ingest {
namespace {

TEST_F(MqttTest, DeliversTopicPayloadAndFlagsInOrder) {
  Running source(broker_->uri(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher publisher(broker_->port());
  const std::string binary("a\0\xFF", 3);
  publisher.Publish(kTopic, "0.509");
  publisher.Publish("sensors/meter-2/load", binary);
  publisher.Publish("other/meter-2/load", "not subscribed");
  publisher.Publish(kTopic, "");
  const std::vector<Message> messages = inbox_.Wait(3);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].topic, kTopic);
  EXPECT_EQ(messages[0].payload, "0.509");
  EXPECT_FALSE(messages[0].retained);
  EXPECT_FALSE(messages[0].redelivered);
  EXPECT_EQ(messages[1].topic, "sensors/meter-2/load");
  EXPECT_EQ(messages[1].payload, binary);
  EXPECT_EQ(messages[2].payload, "");
}

TEST_F(MqttTest, SubscribesAgainWhenTheBrokerForgotTheSession) {
  Running source(broker_->uri(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  for (const std::string round : {"1", "2"}) {
    broker_->Stop();
    ASSERT_TRUE(source.WaitUntilConnected(false));
    broker_->Start();
    ASSERT_TRUE(source.WaitUntilConnected());
    Publisher(broker_->port()).Publish(kTopic, round);
  }
  EXPECT_EQ(inbox_.WaitPayloads(2), (Payloads{"1", "2"}));
}

TEST_F(MqttTest, ConnectsToABrokerThatStartsLater) {
  broker_->Stop();
  Running source(broker_->uri(), IntoInbox());
  broker_->Start();
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher(broker_->port()).Publish(kTopic, "1");
  EXPECT_EQ(inbox_.WaitPayloads(1), Payloads{"1"});
}

TEST_F(MqttTest, AMessageThatFailsTwiceIsTriedAgainAndComesBeforeTheNext) {
  std::atomic<int> calls{0};
  Running source(broker_->uri(), [&](const port::Delivery& delivery) {
    if (++calls <= 2) return Unavailable("the disk is full");
    return inbox_.Put(delivery);
  });
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, "1");
  publisher.Publish(kTopic, "2");
  EXPECT_EQ(inbox_.WaitPayloads(2), (Payloads{"1", "2"}));
  EXPECT_EQ(calls.load(), 4);
}

TEST_F(MqttTest, MessagesSentWhileTheGatewayWasAwayArrive) {
  {
    Running first(broker_->uri(), IntoInbox());
    ASSERT_TRUE(first.WaitUntilConnected());
  }
  Publisher publisher(broker_->port());
  Payloads sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    publisher.Publish(kTopic, sent.back());
  }
  Running second(broker_->uri(), IntoInbox());
  EXPECT_EQ(inbox_.WaitPayloads(50), sent);
}

TEST_F(MqttTest, RetainedMessagesComeFlaggedAndOnlyForANewSubscription) {
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, "stale", /*retain=*/true);
  {
    Running first(broker_->uri(), IntoInbox());
    const std::vector<Message> messages = inbox_.Wait(1);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_TRUE(messages[0].retained);
  }
  Running second(broker_->uri(), IntoInbox());
  ASSERT_TRUE(second.WaitUntilConnected());
  publisher.Publish("sensors/meter-2/load", "fresh");
  EXPECT_EQ(inbox_.WaitPayloads(2), (Payloads{"stale", "fresh"}));
}

TEST_F(MqttTest, APacketBeyondTheLimitDoesNotBlockTheNext) {
  Running source(broker_->uri(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, std::string(70'000, 'x'));  // too large a payload: the door counts it
  publisher.Publish(kTopic, std::string(2u << 20, 'x'));  // too large a packet: the broker drops it
  publisher.Publish(kTopic, "next");
  const std::vector<Message> messages = inbox_.Wait(2);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].payload.size(), 70'000u);
  EXPECT_TRUE(messages[1].payload == "next") << messages[1].payload.size() << " bytes";
}

// A start that fails after the source was made, because a port is taken, ends it so.
TEST_F(MqttTest, StopsAlthoughNobodyWantsTheProcessToEnd) {
  const std::atomic<bool> stop{false};
  const RealClock clock;
  const auto source = PahoSource::Create({.broker = broker_->uri(),
                                          .gateway = GatewayId(kGateway),
                                          .filters = {{.text = "sensors/+/+"}},
                                          .stop = &stop,
                                          .clock = &clock},
                                         IntoInbox());
  ASSERT_TRUE(source.ok());
  (*source)->Supervise();
  (*source)->Stop();
  EXPECT_FALSE((*source)->connected());
}

TEST_F(MqttTest, CreateRefusesAnAddressThatPahoCannotUse) {
  const std::atomic<bool> stop{false};
  const RealClock clock;
  const auto code = [&](const std::string& broker, const std::string& gateway,
                        std::vector<Filter> filters) {
    return PahoSource::Create({.broker = broker,
                               .gateway = GatewayId(gateway),
                               .filters = std::move(filters),
                               .stop = &stop,
                               .clock = &clock},
                              [](const port::Delivery&) { return OkStatus(); })
        .status()
        .code();
  };
  EXPECT_EQ(code("gopher://host", "gw-a", {{"a"}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(broker_->uri(), "", {{"a"}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(broker_->uri(), "gw-a", {}), StatusCode::kInvalidArgument);
}

// This program in a second process, with one source. `mode` is what its handler does with the
// payload "bad": "kill" itself, or "fail" for ever. It writes one byte to its stdout when it is
// connected and one at each call for "bad".
class Child {
 public:
  Child(const std::string& mode, const std::string& uri) {
    int ends[2];
    GW_CHECK(pipe(ends) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl("/proc/self/exe", "mqtt_child", "--child", mode.c_str(), uri.c_str(),
            static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    out_ = ends[0];
  }
  ~Child() { close(out_); }
  char ReadByte() const {
    char byte = 0;
    return read(out_, &byte, 1) == 1 ? byte : '\0';
  }
  void Terminate() const { kill(pid_, SIGTERM); }
  int WaitForEnd() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

std::atomic<bool> child_stop{false};

void Say(char byte) { GW_CHECK(write(STDOUT_FILENO, &byte, 1) == 1); }

int ChildMain(const std::string& mode, const std::string& uri) {
  signal(SIGTERM, [](int) { child_stop.store(true); });
  alarm(30);
  const RealClock clock;
  auto source = PahoSource::Create(
      {.broker = uri,
       .gateway = GatewayId(kGateway),
       .filters = {{"sensors/+/+"}},
       .stop = &child_stop,
       .clock = &clock},
      [&](const port::Delivery& delivery) {
        if (delivery.payload != "bad") return OkStatus();
        Say('b');
        if (mode == "kill") kill(getpid(), SIGKILL);
        return Unavailable("the disk is full");
      });
  GW_CHECK(source.ok());
  bool said = false;
  while (!child_stop.load()) {
    (*source)->Supervise();
    if (said || !(*source)->connected()) continue;
    Say('c');
    said = true;
  }
  (*source)->Stop();
  return 0;
}

TEST_F(MqttTest, AMessageThatTheGatewayWasKilledInIsDeliveredAgain) {
  const Child child("kill", broker_->uri());
  ASSERT_EQ(child.ReadByte(), 'c');
  Publisher publisher(broker_->port());
  publisher.Publish(kTopic, "good");
  publisher.Publish(kTopic, "bad");
  const int status = child.WaitForEnd();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  publisher.Publish(kTopic, "later");

  Running after(broker_->uri(), IntoInbox());
  std::vector<Message> messages = inbox_.Wait(2);
  ASSERT_GE(messages.size(), 2u);
  const std::size_t bad = messages[0].payload == "good" ? 1 : 0;  // its ack may not have left in time
  if (bad == 1) messages = inbox_.Wait(3);
  ASSERT_GE(messages.size(), bad + 2);
  EXPECT_EQ(messages[bad].payload, "bad");
  EXPECT_TRUE(messages[bad].redelivered);
  EXPECT_EQ(messages[bad + 1].payload, "later");
}

TEST_F(MqttTest, StoppingWithAMessageThatCannotBeStoredLeavesItToTheBroker) {
  const Child child("fail", broker_->uri());
  ASSERT_EQ(child.ReadByte(), 'c');
  Publisher(broker_->port()).Publish(kTopic, "bad");
  ASSERT_EQ(child.ReadByte(), 'b');
  ASSERT_EQ(child.ReadByte(), 'b');
  child.Terminate();
  const int status = child.WaitForEnd();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), PahoSource::kExitUnacknowledged);

  Running after(broker_->uri(), IntoInbox());
  const std::vector<Message> messages = inbox_.Wait(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].payload, "bad");
  EXPECT_TRUE(messages[0].redelivered);
}

}  // namespace

int RunChild(const std::string& mode, const std::string& uri) { return ChildMain(mode, uri); }

}  // namespace gateway::ingest

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--child") {
    return gateway::ingest::RunChild(argv[2], argv[3]);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
