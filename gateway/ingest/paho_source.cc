#include "gateway/ingest/paho_source.h"

#include <mqtt/async_client.h>

#include <cstdlib>
#include <random>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/base/mutex.h"
#include "gateway/ingest/backoff.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kKeepAlive{30};
constexpr std::chrono::seconds kConnectTimeout{10};
// Paho reports every attempt's end; should it once not, a gateway must not stay deaf for ever.
constexpr std::chrono::seconds kAttemptMax{60};
constexpr std::chrono::seconds kDisconnectMax{3};
constexpr milliseconds kStopPoll{200};
constexpr milliseconds kResubscribeAfter{1'000};
constexpr milliseconds kHandlerRetryMin{10};
constexpr milliseconds kHandlerRetryMax{1'000};
// 0xFFFFFFFF (never) would be read as a negative number by Paho C 1.3.12.
constexpr int32_t kSessionExpirySeconds = 30 * 24 * 3600;

enum class Link { kDown, kConnecting, kUp };

}  // namespace

// Paho calls the listeners and the lost handlers under its own process-wide lock, so they set
// atomics and wake the supervisor, nothing else. mutex_ only pairs with wake_; nobody calls Paho
// while holding it.
struct PahoSource::Impl {
  struct ConnectListener final : mqtt::iaction_listener {
    explicit ConnectListener(Impl& owner) : impl(owner) {}
    void on_success(const mqtt::token&) override {
      impl.subscribe_due.store(true);
      impl.link.store(Link::kUp);
      impl.Wake();
    }
    void on_failure(const mqtt::token&) override { impl.Down(); }
    Impl& impl;
  };
  // The context of a token is the epoch of its subscription, so that a late answer to one of an
  // earlier connection counts for nothing.
  struct SubscribeListener final : mqtt::iaction_listener {
    explicit SubscribeListener(Impl& owner) : impl(owner) {}
    void on_success(const mqtt::token& token) override {
      if (token.get_user_context() == impl.EpochContext()) impl.unconfirmed.fetch_sub(1);
      impl.Wake();
    }
    void on_failure(const mqtt::token& token) override {
      if (token.get_user_context() == impl.EpochContext()) impl.subscribe_failed.store(true);
      impl.Wake();
    }
    Impl& impl;
  };

  Impl(PahoSourceOptions given, Handler given_handler)
      : options(std::move(given)),
        handler(std::move(given_handler)),
        random(std::random_device{}()),
        client(std::make_unique<mqtt::async_client>(options.broker, options.client_id,
                                                    mqtt::create_options(MQTTVERSION_5))) {
    // All before the first connect: the broker sends what it kept before connect() has returned.
    client->set_message_callback(
        [this](const mqtt::const_message_ptr& message) noexcept { OnMessage(*message); });
    client->set_connection_lost_handler([this](const std::string&) noexcept { Down(); });
    client->set_disconnected_handler(
        [this](const mqtt::properties&, mqtt::ReasonCode) noexcept { Down(); });
  }

  bool Stopping() const { return options.stop->load(); }
  void* EpochContext() const { return reinterpret_cast<void*>(epoch.load()); }

  void Wake() {
    { const MutexLock lock(mutex); }
    wake.NotifyAll();
  }

  void Down() {
    link.store(Link::kDown);
    Wake();
  }

  // noexcept: an exception that left a Paho callback would unwind through C frames that hold its
  // lock. Better to end here, with the message unacknowledged.
  void OnMessage(const mqtt::message& message) noexcept;
  void WaitBeforeRetry(milliseconds pause) noexcept;
  milliseconds Supervise();
  void Connect();
  void Subscribe();

  const PahoSourceOptions options;
  const Handler handler;

  // Confined to the supervising thread.
  std::minstd_rand random;
  Backoff backoff{limits::kReconnectMin, limits::kReconnectMax};
  bool attempt_planned = true;
  SteadyTime next_attempt{};
  SteadyTime attempt_began{};
  SteadyTime next_subscribe{};
  bool announced = false;
  bool outage_logged = false;

  // Written by Paho's threads.
  std::atomic<Link> link{Link::kDown};
  std::atomic<bool> subscribe_due{false};
  std::atomic<bool> subscribe_failed{false};
  std::atomic<uintptr_t> epoch{0};
  std::atomic<std::size_t> unconfirmed{1};  // filters whose SUBACK is missing

  Mutex mutex;
  CondVar wake;

  ConnectListener connect_listener{*this};
  SubscribeListener subscribe_listener{*this};
  std::unique_ptr<mqtt::async_client> client;  // last: it goes first, and its callbacks with it
};

void PahoSource::Impl::WaitBeforeRetry(milliseconds pause) noexcept {
  const SteadyTime until = std::chrono::steady_clock::now() + pause;
  const MutexLock lock(mutex);
  while (!Stopping() && wake.WaitUntil(mutex, until)) {
  }
}

void PahoSource::Impl::OnMessage(const mqtt::message& message) noexcept {
  const port::Delivery delivery{.topic = message.get_topic(),
                                .payload = message.get_payload(),
                                .retained = message.is_retained(),
                                .redelivered = message.is_duplicate()};
  milliseconds pause = kHandlerRetryMin;
  for (bool logged = false;;) {
    const Status status = handler(delivery);
    if (status.ok()) {
      if (logged) Log(LogLevel::kInfo, "ingest: messages are stored again");
      return;
    }
    if (!logged) {
      Log(LogLevel::kError, "ingest: a message cannot be stored and is not acknowledged, will "
          "try again: %s", Message(status));
      logged = true;
    }
    if (!Stopping()) WaitBeforeRetry(pause);
    if (Stopping()) {
      Log(LogLevel::kError, "ingest: stopping with a message that could not be stored; the "
          "broker keeps it");
      std::_Exit(kExitUnacknowledged);
    }
    pause = std::min(pause * 2, kHandlerRetryMax);
  }
}

void PahoSource::Impl::Connect() {
  attempt_planned = false;
  attempt_began = std::chrono::steady_clock::now();
  unconfirmed.store(options.filters.size());
  subscribe_failed.store(false);
  epoch.fetch_add(1);
  link.store(Link::kConnecting);
  try {
    mqtt::connect_options connect;
    connect.set_mqtt_version(MQTTVERSION_5);
    connect.set_clean_start(false);
    connect.set_automatic_reconnect(false);
    connect.set_keep_alive_interval(kKeepAlive);
    connect.set_connect_timeout(kConnectTimeout);
    mqtt::properties properties;
    properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, kSessionExpirySeconds});
    properties.add({mqtt::property::RECEIVE_MAXIMUM,
                    static_cast<int32_t>(limits::kBrokerInflightMax)});
    properties.add({mqtt::property::MAXIMUM_PACKET_SIZE,
                    static_cast<int32_t>(limits::kPacketBytesMax)});
    connect.set_properties(std::move(properties));
    // Copied, not moved: moved options of Paho C++ 1.2.0 point at the properties of the moved-from
    // object, which are empty, and the session would end with the connection.
    client->connect(connect, nullptr, connect_listener);
  } catch (const mqtt::exception&) {
    link.store(Link::kDown);
  }
}

void PahoSource::Impl::Subscribe() {
  unconfirmed.store(options.filters.size());
  epoch.fetch_add(1);
  try {
    // Retained messages only for a subscription that is new to the broker; the door refuses them,
    // and with every reconnect they would be counted again.
    const mqtt::subscribe_options only_new(false, false,
                                           mqtt::subscribe_options::SEND_RETAINED_ON_NEW);
    for (const std::string& filter : options.filters) {
      client->subscribe(filter, 1, EpochContext(), subscribe_listener, only_new);
    }
  } catch (const mqtt::exception&) {
    subscribe_failed.store(true);
  }
}

milliseconds PahoSource::Impl::Supervise() {
  const SteadyTime now = std::chrono::steady_clock::now();
  const auto until = [now](SteadyTime then) {
    return std::chrono::ceil<milliseconds>(std::max(then - now, SteadyTime::duration::zero()));
  };
  switch (link.load()) {
    case Link::kDown:
      if (!attempt_planned) {
        const milliseconds pause = backoff.Next(static_cast<uint32_t>(random()) << 1);
        next_attempt = now + pause;
        attempt_planned = true;
        Log(outage_logged ? LogLevel::kDebug : LogLevel::kWarning,
            "ingest: no connection to the broker, next attempt in %d ms", pause.count());
        outage_logged = true;
        announced = false;
      }
      if (now < next_attempt) return until(next_attempt);
      Connect();
      return kStopPoll;
    case Link::kConnecting:
      if (now - attempt_began > kAttemptMax) link.store(Link::kDown);
      return kStopPoll;
    case Link::kUp:
      break;
  }
  if (subscribe_due.exchange(false)) {
    Subscribe();
  } else if (subscribe_failed.exchange(false)) {
    Log(LogLevel::kWarning, "ingest: the broker did not take a subscription, will try again");
    next_subscribe = now + kResubscribeAfter;
  } else if (next_subscribe != SteadyTime{} && now >= next_subscribe) {
    next_subscribe = {};
    Subscribe();
  } else if (!announced && unconfirmed.load() == 0) {
    Log(LogLevel::kInfo, "ingest: connected to the broker and subscribed");
    announced = true;
    outage_logged = false;
    backoff.Reset();
  }
  return kStopPoll;
}

PahoSource::PahoSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PahoSource::~PahoSource() = default;

StatusOr<std::unique_ptr<PahoSource>> PahoSource::Create(PahoSourceOptions options,
                                                         Handler handler) {
  GW_CHECK(options.stop != nullptr);
  if (options.client_id.empty() || options.filters.empty()) {
    return InvalidArgument("broker: needs a client id and at least one topic filter");
  }
  try {
    return std::unique_ptr<PahoSource>(
        new PahoSource(std::make_unique<Impl>(std::move(options), std::move(handler))));
  } catch (const mqtt::exception& error) {
    return InvalidArgument("broker: the MQTT client cannot be made: %s (code %d); is the address "
                           "of the form tcp://host:port?", error.what(), error.get_return_code());
  }
}

milliseconds PahoSource::Supervise() { return impl_->Supervise(); }

void PahoSource::RunUntilStopped() {
  while (!impl_->Stopping()) {
    // Bounded, because a signal handler can set `stop` but cannot wake a condition variable.
    const milliseconds pause = std::min(impl_->Supervise(), kStopPoll);
    const MutexLock lock(impl_->mutex);
    // A change between Supervise and here is seen at the latest after kStopPoll.
    impl_->wake.WaitUntil(impl_->mutex, std::chrono::steady_clock::now() + pause);
  }
}

void PahoSource::Stop() {
  GW_CHECK(impl_->Stopping());
  impl_->Wake();  // a callback that is waiting to try again
  if (impl_->client == nullptr) return;
  if (impl_->link.load() != Link::kDown) {
    try {
      // Without a session expiry of its own the disconnect leaves the one of the connect.
      impl_->client->disconnect(std::chrono::seconds(1))->wait_for(kDisconnectMax);
    } catch (const mqtt::exception&) {
      // Paho says that there is nothing to disconnect: the broker notices by itself.
    }
  }
  impl_->client.reset();
  impl_->link.store(Link::kDown);
}

bool PahoSource::connected() const {
  return impl_->link.load() == Link::kUp && impl_->unconfirmed.load() == 0;
}

}  // namespace gateway::ingest
