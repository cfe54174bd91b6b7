#include "tests/bench/ingest_subscribers.h"

#include <poll.h>

#include <algorithm>
#include <cstdio>

#include "gateway/base/check.h"

namespace gateway::bench {
namespace {

constexpr const char* kFilters[] = {"sensors/+/+", "senml/#"};

std::vector<ingest::Profile> Profiles() {
  auto profiles = ingest::LoadProfiles(GATEWAY_SOURCE_DIR "/gateway/ingest/profiles");
  GW_CHECK(profiles.ok());
  return *std::move(profiles);
}

}  // namespace

NullSubscriber::NullSubscriber(const std::string& uri, const std::string& client, Done done)
    : client_(uri, client, mqtt::create_options(MQTTVERSION_5)) {
  client_.set_message_callback([done = std::move(done)](mqtt::const_message_ptr) { done(); });
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(false);
  options.set_properties({{mqtt::property::SESSION_EXPIRY_INTERVAL, 3600}});
  client_.connect(options)->wait();
  for (const char* filter : kFilters) client_.subscribe(filter, 1)->wait();
}

NullSubscriber::~NullSubscriber() { client_.disconnect()->wait(); }

GatewaySubscriber::GatewaySubscriber(const std::string& uri, const std::string& client,
                                     Gateway& gateway, Done done)
    : done_(std::move(done)),
      door_(Profiles(), gateway.pipeline(), heard_),
      thread_([=, this] { Run(uri, client); }) {
  connected_.wait(false);
}

void GatewaySubscriber::Run(const std::string& uri, const std::string& client) {
  ingest::PahoSourceOptions options{
      .broker = uri, .gateway = GatewayId(client), .stop = &stop_, .clock = &clock_};
  for (const char* filter : kFilters) options.filters.push_back({.text = filter});
  auto source =
      ingest::PahoSource::Create(std::move(options), [this](const port::Delivery& delivery) {
        Status status = door_.Handle(delivery);
        if (status.ok()) done_();
        return status;
      });
  GW_CHECK(source.ok());
  while (!(*source)->connected()) {
    const auto wait = std::min((*source)->Supervise(), std::chrono::milliseconds(2));
    ::poll(nullptr, 0, static_cast<int>(wait.count()));
  }
  connected_ = true;
  connected_.notify_all();
  (*source)->RunUntilStopped();
  (*source)->Stop();
}

GatewaySubscriber::~GatewaySubscriber() {
  stop_ = true;
  thread_.join();
}

std::unique_ptr<Subscriber> Subscribe(const std::string& uri, Gateway* gateway,
                                      Subscriber::Done done) {
  if (gateway == nullptr) return std::make_unique<NullSubscriber>(uri, "null", std::move(done));
  return std::make_unique<GatewaySubscriber>(uri, "bench", *gateway, std::move(done));
}

void Finish::Count() {
  if (count_.fetch_add(1) + 1 != messages_) return;
  at_ = Steady::now();
  done_.store(true);
  done_.notify_all();
}

Steady::time_point Finish::Wait() {
  done_.wait(false);
  return at_;
}

double Seconds(Steady::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double Quantile(std::vector<double> values, double q) {
  GW_CHECK(!values.empty());
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

void Print(const std::string& bench, double value, const char* unit, double baseline,
           const char* baseline_name, double ratio, const std::string& params) {
  std::printf("{\"bench\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"baseline\":%.6g,"
              "\"baseline_name\":\"%s\",\"ratio\":%.3f,\"params\":{%s}}\n",
              bench.c_str(), value, unit, baseline, baseline_name, ratio, params.c_str());
  std::fflush(stdout);
}

}  // namespace gateway::bench
