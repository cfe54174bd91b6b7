// A PahoSource with its thread and what its handler took, for the tests against a real mosquitto.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/ingest/paho_source.h"
#include "mosquitto.h"

namespace gateway::ingest {

inline constexpr char kGateway[] = "gw-test";
inline constexpr char kTopic[] = "sensors/meter-1/load";
inline constexpr std::chrono::seconds kPatience{20};
using Payloads = std::vector<std::string>;

struct Message {
  std::string topic, payload;
  bool retained = false, redelivered = false;
  Millis waited_max{0};
};

// Collects what the handler took; waits by condition, not by time.
class Inbox {
 public:
  Status Put(const port::Delivery& delivery) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back({std::string(delivery.topic), std::string(delivery.payload),
                           delivery.retained, delivery.redelivered, delivery.waited_max});
    }
    changed_.notify_all();
    return OkStatus();
  }
  // All messages once there are `count`; fewer if that takes longer than kPatience.
  std::vector<Message> Wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return messages_.size() >= count; });
    return messages_;
  }
  Payloads WaitPayloads(std::size_t count) {
    Payloads payloads;
    for (const Message& message : Wait(count)) payloads.push_back(message.payload);
    return payloads;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> messages_;
};

// Asks again and again, until it is so or kPatience has passed.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// A source with a thread that supervises it, as the daemon's main thread does.
class Running {
 public:
  Running(const std::string& uri, PahoSource::Handler handler)
      : Running(PahoSourceOptions{.broker = uri}, std::move(handler)) {}
  // Sets what is not set.
  Running(PahoSourceOptions options, PahoSource::Handler handler) {
    options.gateway = GatewayId(kGateway);
    options.stop = &stop_;
    if (options.clock == nullptr) options.clock = &clock_;
    if (options.filters.empty()) options.filters = {{.text = "sensors/+/+"}};
    auto source = PahoSource::Create(std::move(options), std::move(handler));
    GW_CHECK(source.ok());
    source_ = *std::move(source);
    thread_ = std::thread([this] { source_->RunUntilStopped(); });
  }
  ~Running() { Stop(); }

  void Stop() {
    if (!thread_.joinable()) return;
    stop_.store(true);
    thread_.join();
    source_->Stop();
  }
  bool WaitUntilConnected(bool connected = true) {
    return Eventually([&] { return source_->connected() == connected; });
  }
  // Whether one of the operator's warnings contains `words`.
  bool Warns(std::string_view words) const {
    for (const std::string& warning : source_->broker().warnings) {
      if (warning.find(words) != std::string::npos) return true;
    }
    return false;
  }
  bool WaitUntilWarned(std::string_view words) {
    if (Eventually([&] { return Warns(words); })) return true;
    for (const std::string& warning : source_->broker().warnings) ADD_FAILURE() << warning;
    return false;
  }
  PahoSource* operator->() const { return source_.get(); }

 private:
  std::atomic<bool> stop_{false};
  RealClock clock_;
  std::unique_ptr<PahoSource> source_;
  std::thread thread_;
};

class MqttTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::Installed()) GTEST_SKIP() << "mosquitto is not installed";
    StartBroker();
  }
  void StartBroker(const std::string& settings = Mosquitto::kOpen) {
    broker_ = std::make_unique<Mosquitto>(settings);
    broker_->Start();
  }
  PahoSource::Handler IntoInbox() {
    return [this](const port::Delivery& delivery) { return inbox_.Put(delivery); };
  }

  std::unique_ptr<Mosquitto> broker_;
  Inbox inbox_;
};

}  // namespace gateway::ingest
