// A hundred publishers at once: what one connection takes, and what a queue that is too short costs.
#include <gtest/gtest.h>

#include <set>

#include "gateway/model/limits.h"
#include "mqtt_fixture.h"

namespace gateway::ingest {
namespace {

constexpr std::size_t kPublishers = 100;
constexpr std::size_t kEach = 1'000;
static_assert(kPublishers * kEach <= limits::kBrokerQueuedMax);

std::string Settings(std::size_t max_queued) {
  return "allow_anonymous true\nmax_queued_messages " + std::to_string(max_queued) + "\n";
}

// Each message has a topic of its own.
void Burst(uint16_t port) {
  std::vector<std::unique_ptr<Publisher>> publishers;
  for (std::size_t p = 0; p < kPublishers; ++p) {
    publishers.push_back(std::make_unique<Publisher>(port));
  }
  std::vector<std::thread> threads;
  for (std::size_t p = 0; p < kPublishers; ++p) {
    threads.emplace_back([p, &publisher = *publishers[p]] {
      Payloads topics;
      for (std::size_t i = 0; i < kEach; ++i) {
        topics.push_back("sensors/" + std::to_string(p) + "/" + std::to_string(i));
      }
      publisher.PublishAll(topics, "0.509");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(MqttTest, ABurstWithinOurQueueLosesNothingOnOneConnection) {
  StartBroker(Settings(limits::kBrokerQueuedMax));
  Running source(broker_->uri(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  const auto began = std::chrono::steady_clock::now();
  Burst(broker_->port());
  const std::vector<Message> messages = inbox_.Wait(kPublishers * kEach);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::set<std::string> topics;
  for (const Message& message : messages) topics.insert(message.topic);
  EXPECT_EQ(messages.size(), kPublishers * kEach);
  EXPECT_EQ(topics.size(), kPublishers * kEach);
  EXPECT_EQ(source->broker().dropped, 0u);
  std::printf("%zu of %zu messages in %.2f s\n", messages.size(), kPublishers * kEach,
              took.count());
}

TEST_F(MqttTest, ABurstBeyondTheQueueIsSeenAndWarnedAbout) {
  StartBroker(Settings(1'000));
  std::atomic<bool> hold{true};
  std::atomic<std::size_t> came{0};
  Running source(broker_->uri(), [&](const port::Delivery&) {
    if (hold.load()) return Unavailable("held by the test");
    ++came;
    return OkStatus();
  });
  ASSERT_TRUE(source.WaitUntilConnected());
  Burst(broker_->port());
  hold.store(false);
  ASSERT_TRUE(source.WaitUntilWarned("raise max_queued_messages"));
  // At least, because a marker of the gateway's own may have been among those dropped.
  ASSERT_TRUE(Eventually([&] {
    return came.load() + source->broker().dropped >= kPublishers * kEach;
  })) << came.load() << " came, " << source->broker().dropped << " dropped";
  EXPECT_GT(source->broker().dropped, kPublishers * kEach / 2);
}

}  // namespace
}  // namespace gateway::ingest
