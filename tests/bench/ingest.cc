// Bench `ingest`: how many QoS 1 messages per second the whole way in takes (decode, admit, seal,
// journal, acknowledge, with folding running), against a Paho subscriber that does nothing, on the
// same broker, in alternated pairs. A run counts only if every reading is read back after a
// restart of the store.
#include <mqtt/async_client.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/ingest/door.h"
#include "gateway/ingest/paho_source.h"
#include "tests/bench/mqtt_load.h"
#include "tests/unit/ingest/mosquitto.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::bench {
namespace {

constexpr int kSeries = 200;
constexpr int kMessages = 100'000;
constexpr std::size_t kPayloadBytes = 120;
constexpr int kPairs = 9;

using Steady = std::chrono::steady_clock;

double RatePerSecond(Steady::time_point from, Steady::time_point until) {
  return kMessages / std::chrono::duration<double>(until - from).count();
}

std::string DeviceOf(int series) { return "meter-flat-" + std::to_string(series); }

std::vector<Message> MakeMessages() {
  std::vector<Message> messages;
  const Time start = pipeline::At("2013-01-14T00:00:00Z");
  for (int i = 0; i < kMessages; ++i) {
    std::string payload = Format(R"({"value": 0.%03d, "unit": "kWh", "time": "%s")", i % 1000,
                                 FormatTime(start + (i / kSeries) * std::chrono::minutes(30)));
    payload += R"(, "pad": ")";
    payload.append(kPayloadBytes - payload.size() - 2, 'x');
    payload += "\"}";
    GW_CHECK(payload.size() == kPayloadBytes);
    messages.push_back({"sensors/" + DeviceOf(i % kSeries) + "/load", std::move(payload)});
  }
  return messages;
}

// Counts messages and tells when the last of them was handed back for its acknowledgement.
class Finish {
 public:
  void Count() {
    if (count_.fetch_add(1) + 1 == kMessages) {
      at_ = Steady::now();
      done_.store(true);
      done_.notify_all();
    }
  }
  Steady::time_point Wait() {
    done_.wait(false);
    return at_;
  }
  bool done() const { return done_.load(); }

 private:
  std::atomic<int> count_{0};
  std::atomic<bool> done_{false};
  Steady::time_point at_;
};

std::unique_ptr<ingest::PahoSource> Subscribe(const std::string& uri, const std::string& client,
                                              const std::atomic<bool>& stop,
                                              ingest::PahoSource::Handler handler) {
  auto source = ingest::PahoSource::Create(
      {.broker = uri, .client_id = client, .filters = {"sensors/+/+"}, .stop = &stop},
      std::move(handler));
  GW_CHECK(source.ok());
  return *std::move(source);
}

// Leaves a session with a subscription at the broker, and everything queued for it.
void Queue(const ingest::Mosquitto& broker, const std::string& client,
           const std::vector<Message>& messages) {
  std::atomic<bool> stop{false};
  auto source = Subscribe(broker.uri(), client, stop, [](const auto&) { return OkStatus(); });
  while (!source->connected()) {
    const auto wait = std::min(source->Supervise(), std::chrono::milliseconds(5));
    const timespec nap{0, static_cast<long>(wait.count()) * 1'000'000};
    nanosleep(&nap, nullptr);
  }
  stop = true;
  source->Stop();
  PublishAll(broker.port(), messages);
}

double NullSubscriber(const ingest::Mosquitto& broker, const std::string& client) {
  mqtt::async_client subscriber(broker.uri(), client, mqtt::create_options(MQTTVERSION_5));
  Finish finish;
  subscriber.set_message_callback([&](mqtt::const_message_ptr) { finish.Count(); });
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(false);
  options.set_properties({{mqtt::property::SESSION_EXPIRY_INTERVAL, 3600}});
  const auto start = Steady::now();
  subscriber.connect(options)->wait();
  const auto end = finish.Wait();
  subscriber.disconnect()->wait();
  return RatePerSecond(start, end);
}

// A gateway of its own for each run: a copy of the store in which the households are enrolled.
class Gateway {
 public:
  Gateway(const std::filesystem::path& enrolled, std::string master, const std::string& name)
      : dir_(enrolled.parent_path() / name), master_(std::move(master)) {
    std::filesystem::copy(enrolled, dir_, std::filesystem::copy_options::recursive);
    Open();
  }
  ~Gateway() {
    pipeline_.reset();
    std::filesystem::remove_all(dir_);
  }
  pipeline::Pipeline& pipeline() { return *pipeline_; }

  // Stored readings, and the sum of their values, after a restart.
  std::pair<int, int64_t> ReadBack() {
    GW_CHECK(pipeline_->Close().ok());
    pipeline_.reset();
    Open();  // what the journal still held is folded here
    GW_CHECK(pipeline_->Close().ok());
    pipeline_.reset();
    auto database = store::Database::Open(dir_.string());
    GW_CHECK(database.ok());
    auto vault = store::Vault::Open(**database, Master());
    GW_CHECK(vault.ok());
    std::pair<int, int64_t> found{0, 0};
    const pipeline::BlockLog blocks(**database, **vault);
    for (uint32_t month = 2013 * 12; month < 2014 * 12; ++month) {
      const auto damaged = blocks.VisitMonth(
          month, [&](OwnerKind, const OwnerId&, const SeriesId&, const std::vector<Reading>& list) {
            for (const Reading& reading : list) {
              ++found.first;
              found.second += reading.value;
            }
          });
      GW_CHECK(damaged.ok() && *damaged == 0);
    }
    return found;
  }

 private:
  crypto::SecretKey Master() const {
    auto master = crypto::SecretKey::FromBytes(master_);
    GW_CHECK(master.ok());
    return *std::move(master);
  }
  void Open() {
    auto opened = pipeline::Pipeline::Open({.dir = dir_.string(),
                                            .master = Master(),
                                            .gateway = GatewayId("gw-a"),
                                            .clock = &clock_,
                                            .replay = &clock_});
    GW_CHECK(opened.ok());
    pipeline_ = *std::move(opened);
  }

  const std::filesystem::path dir_;
  const std::string master_;
  ReplayClock clock_{pipeline::At("2013-01-13T00:00:00Z")};
  std::unique_ptr<pipeline::Pipeline> pipeline_;
};

double GatewaySubscriber(const ingest::Mosquitto& broker, const std::string& client,
                         Gateway& gateway) {
  auto profiles = ingest::LoadProfiles(GATEWAY_SOURCE_DIR "/gateway/ingest/profiles");
  GW_CHECK(profiles.ok());
  ingest::Heard heard;
  ingest::Door door(*std::move(profiles), gateway.pipeline(), heard);
  Finish finish;
  std::atomic<bool> stop{false};
  auto source = Subscribe(broker.uri(), client, stop, [&](const port::Delivery& delivery) {
    Status status = door.Handle(delivery);
    if (status.ok()) finish.Count();
    return status;
  });
  const auto start = Steady::now();
  std::thread waiter([&] {
    finish.Wait();
    stop = true;
  });
  source->RunUntilStopped();
  waiter.join();
  const auto end = finish.Wait();
  source->Stop();
  return RatePerSecond(start, end);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Run() {
  SetLogLevel(LogLevel::kError);
  const std::vector<Message> messages = MakeMessages();
  int64_t expected_sum = 0;
  for (int i = 0; i < kMessages; ++i) expected_sum += i % 1000;

  pipeline::Commons commons;
  for (int i = 0; i < kSeries; ++i) commons.Join("flat-" + std::to_string(i));
  GW_CHECK(commons.gateway().Close().ok());

  ingest::Mosquitto broker;
  broker.Start();
  std::vector<double> ours, null, ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    double rate[2] = {0, 0};
    for (int turn = 0; turn < 2; ++turn) {
      const bool gateway_turn = (turn + pair) % 2 == 0;  // who goes first alternates
      const std::string client = Format("bench-%d-%d", pair, turn);
      Queue(broker, client, messages);
      if (!gateway_turn) {
        rate[1] = NullSubscriber(broker, client);
        continue;
      }
      Gateway gateway(commons.dir(), commons.master(), client);
      rate[0] = GatewaySubscriber(broker, client, gateway);
      const auto [count, sum] = gateway.ReadBack();
      if (count != kMessages || sum != expected_sum) {
        std::fprintf(stderr, "ingest: %d of %d readings read back: the run does not count\n", count,
                     kMessages);
        return 1;
      }
    }
    ours.push_back(rate[0]);
    null.push_back(rate[1]);
    ratios.push_back(rate[0] / rate[1]);
    std::fprintf(stderr, "pair %d: %.0f against %.0f messages/s, ratio %.3f\n", pair + 1, rate[0],
                 rate[1], ratios.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"ingest\",\"value\":%.0f,\"unit\":\"messages/s\",\"baseline\":%.0f,"
      "\"baseline_name\":\"Paho subscriber that does nothing\",\"ratio\":%.3f,"
      "\"params\":{\"messages\":%d,\"payload_bytes\":%d,\"series\":%d,\"qos\":1,\"pairs\":%d,"
      "\"ratio_min\":%.3f,\"ratio_max\":%.3f,\"read_back\":%d}}\n",
      Median(ours), Median(null), Median(ratios), kMessages, static_cast<int>(kPayloadBytes),
      kSeries, kPairs, *low, *high, kMessages);
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
