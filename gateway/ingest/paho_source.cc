#include "gateway/ingest/paho_source.h"

#include <mqtt/message.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/base/mutex.h"
#include "gateway/ingest/backoff.h"
#include "gateway/ingest/broker_login.h"
#include "gateway/ingest/paho_link.h"
#include "gateway/ingest/waiting.h"
#include "gateway/ingest/wanted_filters.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// Paho reports every attempt's end; should it once not, a gateway must not stay deaf for ever.
constexpr std::chrono::seconds kAttemptMax{60};
constexpr std::chrono::seconds kDisconnectMax{3};
constexpr milliseconds kStopPoll{200};
constexpr milliseconds kSubscribeAgainAfter{2'000};
constexpr milliseconds kRememberAgainAfter{1'000};
constexpr std::chrono::hours kLookAgainAfter{12};
constexpr milliseconds kHandlerRetryMin{10};
constexpr milliseconds kHandlerRetryMax{1'000};
constexpr std::size_t kCaBytesMax = 1u << 20;
constexpr std::string_view kDroppedTopic = "$SYS/broker/publish/messages/dropped";

enum class Link { kDown, kConnecting, kUp };

SteadyTime SteadyNow() { return std::chrono::steady_clock::now(); }

// Another process cannot know it, so no other client passes for us.
std::string RandomText() {
  std::random_device device;
  std::string text;
  for (int i = 0; i < 4; ++i) text += Format("%08x", device());
  return text;
}

}  // namespace

struct PahoSource::Impl {
  Impl(PahoSourceOptions given, Handler given_handler)
      : options(std::move(given)),
        handler(std::move(given_handler)),
        health(options.broker, options.login_file, *options.clock),
        waiting(options.gateway.value(), RandomText(), options.clock->SteadyNow()),
        wanted(options.filters, options.filters_now),
        random(std::random_device{}()) {}

  bool Stopping() const { return stopped.load() || options.stop->load(); }

  // On Paho's receive thread.
  void OnMessage(const mqtt::message& message) noexcept;
  void WaitBeforeRetry(milliseconds pause) noexcept;

  // On the supervising thread.
  milliseconds Supervise();
  void Handle(const LinkEvent& event, SteadyTime now);
  void Connect(SteadyTime now);
  void ConnectFailed(const LinkEvent& event);
  std::optional<BrokerCertificate> LookAtCertificate();
  void TakeFilters(SteadyTime now);
  void Remember(SteadyTime now);
  void ReportRefusals();
  void KeepUp(SteadyTime now);
  void SetDown();

  const PahoSourceOptions options;
  const Handler handler;
  BrokerHealth health;
  Waiting waiting;  // thread-safe where Paho's thread uses it
  WantedFilters wanted;  // thread-safe where others change it

  // Confined to the supervising thread.
  std::minstd_rand random;
  Backoff backoff{limits::kReconnectMin, limits::kReconnectMax};
  Subscriptions subscriptions{kSubscribeAgainAfter};
  Link link_state = Link::kDown;
  bool attempt_planned = true;
  SteadyTime next_attempt{};
  SteadyTime attempt_began{};
  SteadyTime next_look{};
  bool announced = false;
  bool outage_logged = false;
  bool had_session = false;
  bool loaded = false;                  // what was remembered
  std::vector<std::string> remembered;  // sorted
  bool check_memory = false;
  SteadyTime remember_at{};

  std::atomic<bool> stopped{false};  // by Stop(), whether or not the process ends
  std::atomic<Time> heard{Time{}};  // when the broker was, last
  std::atomic<bool> stuck{false};  // with a message that cannot be stored

  mutable Mutex mutex;  // only of what follows; nobody calls anything while holding it
  CondVar stop_changed;
  bool settled ABSL_GUARDED_BY(mutex) = false;

  std::unique_ptr<PahoLink> link;  // last: it goes first, and its callbacks with it
};

void PahoSource::Impl::WaitBeforeRetry(milliseconds pause) noexcept {
  const SteadyTime until = SteadyNow() + pause;
  const MutexLock lock(mutex);
  while (!Stopping() && stop_changed.WaitUntil(mutex, until)) {
  }
}

void PahoSource::Impl::OnMessage(const mqtt::message& message) noexcept {
  heard.store(options.clock->SystemNow());
  const std::string& topic = message.get_topic();
  if (topic == waiting.topic()) {
    if (waiting.Arrived(message.get_payload())) health.Markers(false, topic);
    return;
  }
  if (topic == kDroppedTopic) return health.Dropped(message.get_payload());
  port::Delivery delivery{.topic = topic,
                          .payload = message.get_payload(),
                          .retained = message.is_retained(),
                          .redelivered = message.is_duplicate()};
  milliseconds pause = kHandlerRetryMin;
  for (bool logged = false;;) {
    // Anew for each try: the time in here counts as well.
    delivery.waited_max = waiting.Longest(options.clock->SteadyNow());
    const Status status = handler(delivery);
    if (status.ok()) {
      if (logged) Log(LogLevel::kInfo, "ingest: messages are stored again");
      stuck.store(false);
      return;
    }
    if (!logged) {
      Log(LogLevel::kError, "ingest: a message cannot be stored and is not acknowledged, will "
          "try again: %s", Message(status));
      logged = true;
      stuck.store(true);
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

void PahoSource::Impl::SetDown() {
  link_state = Link::kDown;
  const MutexLock lock(mutex);
  settled = false;
}

void PahoSource::Impl::Connect(SteadyTime now) {
  attempt_planned = false;
  if (!loaded) {
    if (options.remembered) remembered = options.remembered();
    std::ranges::sort(remembered);
    subscriptions.Remember(remembered);
    had_session = !remembered.empty();
    loaded = true;
  }
  StatusOr<Login> login = ReadLogin(options.login_file);
  if (!login.ok()) return health.CannotUse(options.login_file, Message(login.status()));
  if (!options.ca_file.empty()) {
    const auto readable = ReadFile(options.ca_file, kCaBytesMax);
    if (!readable.ok()) return health.CannotUse(options.ca_file, Message(readable.status()));
  }
  attempt_began = now;
  waiting.Connecting(options.clock->SteadyNow());
  link_state = Link::kConnecting;
  link->Connect(*login, options.ca_file);
}

std::optional<BrokerCertificate> PahoSource::Impl::LookAtCertificate() {
  if (!options.look_at_certificate) return std::nullopt;
  const auto seen = options.look_at_certificate();
  return seen.ok() ? std::optional(*seen) : std::nullopt;
}

void PahoSource::Impl::ConnectFailed(const LinkEvent& event) {
  SetDown();
  const auto certificate = event.reason == 0 ? LookAtCertificate() : std::nullopt;
  health.CannotConnect(event.reason, event.text, certificate,
                       !options.clock_set || options.clock_set());
}

void PahoSource::Impl::Handle(const LinkEvent& event, SteadyTime now) {
  switch (event.kind) {
    case LinkEvent::Kind::kConnected: {
      link_state = Link::kUp;
      check_memory = true;
      health.Connected();
      next_look = now;
      const Time last = heard.load();
      if (!event.session_present) {
        if (had_session) {
          health.SessionLost(last == Time{} ? std::nullopt : std::optional(last));
        }
        waiting.SessionBegan();
      }
      had_session = true;
      subscriptions.Connected(event.session_present);
      heard.store(options.clock->SystemNow());
      return;
    }
    case LinkEvent::Kind::kFailed:
      return ConnectFailed(event);
    case LinkEvent::Kind::kLost:
      if (link_state == Link::kUp) {
        health.CannotConnect(0, "it was lost", std::nullopt, true);
      }
      return SetDown();
    case LinkEvent::Kind::kAnswered:
      subscriptions.Answered(event.id, event.reason, now);
      check_memory = true;
      return;
    case LinkEvent::Kind::kMarkerRefused:
      if (link_state == Link::kUp) health.Markers(true, waiting.topic());
      return;
  }
}

void PahoSource::Impl::TakeFilters(SteadyTime now) {
  if (wanted.pending()) {  // before it is taken, or connected() would say so in between
    const MutexLock lock(mutex);
    settled = false;
  }
  std::optional<std::vector<Filter>> taken = wanted.Take(now);
  if (!taken.has_value()) return;
  std::vector<Filter> filters = *std::move(taken);
  filters.push_back({.text = waiting.topic(), .may_be_shown = true, .optional = true});
  filters.push_back({.text = std::string(kDroppedTopic),
                     .retained = true,
                     .may_be_shown = true,
                     .optional = true});
  subscriptions.Want(WithoutCovered(std::move(filters)));
  check_memory = true;
}

// Before anything is asked of the broker that is not remembered: a gateway that is killed in between
// would not know what to take back.
void PahoSource::Impl::Remember(SteadyTime now) {
  if (!options.remember || !check_memory || now < remember_at) return;
  std::vector<std::string> possible = subscriptions.possible();
  if (possible != remembered) {
    const Status status = options.remember(possible);
    health.CannotRemember(Message(status));
    if (!status.ok()) {
      // Goes on without: to miss messages would be worse than one subscription too many.
      remember_at = now + kRememberAgainAfter;
      return;
    }
    remembered = std::move(possible);
  }
  check_memory = false;
}

void PahoSource::Impl::ReportRefusals() {
  auto refusals = subscriptions.refusals();
  const auto take = [&](std::string_view own) {
    return std::erase_if(refusals, [&](const auto& refusal) { return refusal.shown == own; }) > 0;
  };
  if (take(waiting.topic())) health.Markers(true, waiting.topic());
  health.DropsHidden(take(kDroppedTopic));
  health.Refused(refusals, subscriptions.wanted());
}

// While the connection is there.
void PahoSource::Impl::KeepUp(SteadyTime now) {
  TakeFilters(now);
  Remember(now);
  for (const Subscriptions::Step& step : subscriptions.Due(now)) {
    if (step.subscribe) {
      link->Subscribe(step.id, step.filter, step.retained);
    } else {
      link->Unsubscribe(step.id, step.filter);
    }
  }
  ReportRefusals();
  const bool all = subscriptions.settled();
  {
    const MutexLock lock(mutex);
    settled = all;
  }
  if (all && !announced) {
    Log(LogLevel::kInfo, "ingest: connected to the broker and subscribed");
    announced = true;
    outage_logged = false;
    backoff.Reset();
  }
  // A message that cannot be stored holds Paho's lock, and a marker would wait for it.
  if (subscriptions.confirmed(waiting.topic()) && !stuck.load()) {
    if (const auto marker = waiting.Due(options.clock->SteadyNow())) link->Publish(waiting.topic(), *marker);
  }
  if (now >= next_look) {
    next_look = now + kLookAgainAfter;
    if (const auto seen = LookAtCertificate()) health.Certificate(*seen);
  }
}

milliseconds PahoSource::Impl::Supervise() {
  const SteadyTime now = SteadyNow();
  for (const LinkEvent& event : link->Take()) Handle(event, now);
  if (link_state == Link::kUp) KeepUp(now);
  if (link_state == Link::kConnecting && now - attempt_began > kAttemptMax) SetDown();
  if (link_state != Link::kDown) return kStopPoll;
  if (!attempt_planned) {
    const milliseconds pause = backoff.Next(static_cast<uint32_t>(random()) << 1);
    next_attempt = now + pause;
    attempt_planned = true;
    Log(outage_logged ? LogLevel::kDebug : LogLevel::kWarning,
        "ingest: no connection to the broker, next attempt in %d ms", pause.count());
    outage_logged = true;
    announced = false;
  }
  if (now < next_attempt) return std::chrono::ceil<milliseconds>(next_attempt - now);
  TakeFilters(now);
  Connect(now);
  return kStopPoll;
}

PahoSource::PahoSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PahoSource::~PahoSource() = default;

StatusOr<std::unique_ptr<PahoSource>> PahoSource::Create(PahoSourceOptions options,
                                                         Handler handler) {
  GW_CHECK(options.stop != nullptr && options.clock != nullptr);
  if (options.gateway.value().empty() || options.filters.empty()) {
    return InvalidArgument("broker: needs the gateway's id and at least one topic filter");
  }
  if (options.filters.size() > limits::kFiltersMax) {
    return ResourceExhausted("%d topic filters, limit %d", options.filters.size(),
                             limits::kFiltersMax);
  }
  std::unique_ptr<PahoSource> source(
      new PahoSource(std::make_unique<Impl>(std::move(options), std::move(handler))));
  Impl* const impl = source->impl_.get();
  ASSIGN_OR_RETURN(impl->link,
                   PahoLink::Create(impl->options.broker,
                                    "commonsd-" + impl->options.gateway.value(),
                                    [impl](const mqtt::message& message) {
                                      impl->OnMessage(message);
                                    }));
  return source;
}

void PahoSource::FiltersChanged() {
  impl_->wanted.Changed();
  impl_->link->Wake();
}

milliseconds PahoSource::Supervise() { return impl_->Supervise(); }

void PahoSource::RunUntilStopped() {
  while (!impl_->Stopping()) {
    // Bounded, because a signal handler can set `stop` but cannot wake a condition variable.
    const milliseconds pause = std::min(impl_->Supervise(), kStopPoll);
    impl_->link->WaitUntil(SteadyNow() + pause);
  }
}

void PahoSource::Stop() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopped.store(true);
    impl_->settled = false;
  }
  impl_->stop_changed.NotifyAll();  // a callback that is waiting to try again
  impl_->link->Close(kDisconnectMax);
}

bool PahoSource::connected() const {
  const MutexLock lock(impl_->mutex);
  return impl_->settled && !impl_->wanted.pending();
}

port::BrokerState PahoSource::broker() const {
  port::BrokerState state = impl_->health.State();
  state.connected = connected();
  return state;
}

}  // namespace gateway::ingest
