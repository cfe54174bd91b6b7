// Bench `ingest.number`, `ingest.json`, `ingest.senml`: how many QoS 1 messages per second the whole
// way in takes (decode, admit, seal, journal, acknowledge, with folding running), against a Paho
// subscriber that does nothing, on the same broker, in alternated pairs, of 200, 2 000 and 20 000
// series; and what a message costs as the series grow. A run counts only if every reading is read
// back after a restart of the store.
#include <algorithm>
#include <cstdio>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "tests/bench/ingest_subscribers.h"
#include "tests/unit/ingest/mosquitto.h"

namespace gateway::bench {
namespace {

constexpr int kSizes[] = {200, 2'000, 20'000};
constexpr int kMessages = 60'000;
constexpr int kPairs = 3;

// Messages per second, from the connect on, of a session in which all of them wait already.
double Rate(const std::vector<Message>& messages, Gateway* gateway) {
  ingest::Mosquitto broker;  // a new one has no other session to fill
  broker.Start();
  Subscribe(broker.uri(), gateway, [] {}).reset();
  PublishAll(broker.port(), "load", messages);
  Finish finish(kMessages);
  const auto start = Steady::now();
  const auto subscriber = Subscribe(broker.uri(), gateway, [&] { finish.Count(); });
  return kMessages / Seconds(finish.Wait() - start);
}

// Microseconds that a message costs the gateway; 0 if readings are missing.
double Compare(const Street& street, const std::string& name) {
  const std::vector<Message> messages = street.Messages(kMessages);
  std::vector<double> ours, null, ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    double rate[2] = {0, 0};
    for (int turn = 0; turn < 2; ++turn) {
      const bool nobodys = (turn + pair) % 2 == 0;  // who goes first alternates
      if (nobodys) {
        rate[1] = Rate(messages, nullptr);
        continue;
      }
      Gateway gateway(street);
      rate[0] = Rate(messages, &gateway);
      const auto [count, sum] = gateway.ReadBack();
      if (count != kMessages || sum != street.SumOf(kMessages)) {
        std::fprintf(stderr, "%s: %d of %d readings read back: the run does not count\n",
                     name.c_str(), count, kMessages);
        return 0;
      }
    }
    ours.push_back(rate[0]);
    null.push_back(rate[1]);
    ratios.push_back(rate[0] / rate[1]);
    std::fprintf(stderr, "%s, pair %d: %.0f against %.0f messages/s, ratio %.3f\n", name.c_str(),
                 pair + 1, rate[0], rate[1], ratios.back());
  }
  const auto [low, high] = std::ranges::minmax(ratios);
  const double cost = 1e6 / Median(ours);
  Print(name, Median(ours), "messages/s", Median(null), "Paho subscriber that does nothing",
        Median(ratios),
        Format(R"("messages":%d,"payload_bytes":%d,"series":%d,"qos":1,"pairs":%d,)"
               R"("us_per_message":%.1f,"ratio_min":%.3f,"ratio_max":%.3f,"read_back":%d)",
               kMessages, messages.front().payload.size(), street.series(), kPairs, cost, low, high,
               kMessages));
  return cost;
}

int Run(const std::string& bench) {
  SetLogLevel(LogLevel::kError);
  for (const Payload payload : kPayloads) {
    const std::string name = "ingest." + std::string(NameOf(payload));
    if (name != bench) continue;
    std::vector<double> costs;
    for (const int size : kSizes) {
      const Street street(size, payload);
      costs.push_back(Compare(street, name + "_" + std::to_string(size)));
      if (costs.back() == 0) return 1;
    }
    Print(name + "_curve", costs[2], "us/message", costs[0], "the same of 200 series",
          costs[2] / costs[0],
          Format(R"("us_200":%.1f,"us_2000":%.1f,"us_20000":%.1f)", costs[0], costs[1], costs[2]));
    return 0;
  }
  std::fprintf(stderr, "%s: ingest.number, ingest.json or ingest.senml\n", bench.c_str());
  return 2;
}

}  // namespace
}  // namespace gateway::bench

int main(int argc, char** argv) { return gateway::bench::Run(argc > 1 ? argv[1] : ""); }
