// Bench `ingest.burst`: a hundred publishers, a thousand messages each, all at once, against a broker
// with the limits of ours (deploy/broker/mosquitto.conf): how long until the last of them is in the
// journal, against a Paho subscriber that does nothing. Counts only if every reading is read back.
#include <cstdio>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"
#include "tests/bench/ingest_subscribers.h"
#include "tests/unit/ingest/mosquitto.h"

namespace gateway::bench {
namespace {

constexpr int kPublishers = 100;
constexpr int kEach = 1'000;
constexpr int kMessages = kPublishers * kEach;
constexpr int kSeries = 2'000;
constexpr int kPairs = 3;

struct Times {
  double published = 0;  // seconds until the broker had acknowledged all
  double done = 0;
};

Times Burst(const std::vector<std::vector<Message>>& messages, Gateway* gateway) {
  ingest::Mosquitto broker(
      Format("allow_anonymous true\nmax_queued_messages %d\n", limits::kBrokerQueuedMax));
  broker.Start();
  Finish finish(kMessages);
  const auto subscriber = Subscribe(broker.uri(), gateway, [&] { finish.Count(); });
  const auto start = Steady::now();
  std::vector<std::thread> publishers;
  for (int i = 0; i < kPublishers; ++i) {
    publishers.emplace_back([&, i] {
      PublishAll(broker.port(), "load-" + std::to_string(i), messages[static_cast<std::size_t>(i)]);
    });
  }
  for (std::thread& publisher : publishers) publisher.join();
  const auto published = Steady::now();
  return {Seconds(published - start), Seconds(finish.Wait() - start)};
}

int Run() {
  SetLogLevel(LogLevel::kError);
  const Street street(kSeries, Payload::kJson);
  std::vector<std::vector<Message>> messages(kPublishers);
  for (int i = 0; i < kMessages; ++i) {
    messages[static_cast<std::size_t>(i % kPublishers)].push_back(street.MessageOf(i));
  }
  std::vector<double> ours, null, ratios, published;
  for (int pair = 0; pair < kPairs; ++pair) {
    const double nothing = Burst(messages, nullptr).done;
    Gateway gateway(street);
    const Times times = Burst(messages, &gateway);
    const auto [count, sum] = gateway.ReadBack();
    if (count != kMessages || sum != street.SumOf(kMessages)) {
      std::fprintf(stderr, "ingest.burst: %d of %d readings read back: the run does not count\n",
                   count, kMessages);
      return 1;
    }
    null.push_back(nothing);
    ours.push_back(times.done);
    published.push_back(times.published);
    ratios.push_back(times.done / nothing);
    std::fprintf(stderr, "ingest.burst, pair %d: %.2f against %.2f s\n", pair + 1, times.done,
                 nothing);
  }
  Print("ingest.burst", Median(ours), "s", Median(null), "Paho subscriber that does nothing",
        Median(ratios),
        Format(R"("publishers":%d,"messages_each":%d,"series":%d,"pairs":%d,)"
               R"("published_s":%.2f,"max_queued":%d,"read_back":%d)",
               kPublishers, kEach, kSeries, kPairs, Median(published), limits::kBrokerQueuedMax,
               kMessages));
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
