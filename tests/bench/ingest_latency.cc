// Bench `ingest.latency_busy` and `ingest.latency_idle`: from just before a message is handed to the
// broker until its reading is in the journal (Intake::Append has returned), at 1 000 messages a second
// and with a pause of 1.1 s before each; against the callback of a Paho subscriber that does nothing.
#include <time.h>

#include <cstdio>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "tests/bench/ingest_subscribers.h"
#include "tests/unit/ingest/mosquitto.h"

namespace gateway::bench {
namespace {

struct Load {
  const char* name;
  int messages;
  std::chrono::microseconds pause;
};
constexpr Load kLoads[] = {{"ingest.latency_busy", 10'000, std::chrono::microseconds(1'000)},
                           {"ingest.latency_idle", 20, std::chrono::microseconds(1'100'000)}};
constexpr int kSeries = 2'000;

void SleepUntil(Steady::time_point time) {
  const auto left = std::chrono::nanoseconds(time - Steady::now()).count();
  if (left <= 0) return;
  const timespec nap{left / 1'000'000'000, left % 1'000'000'000};
  nanosleep(&nap, nullptr);
}

// Milliseconds of each message. One publisher and one session keep them in order.
std::vector<double> Latencies(const Street& street, const Load& load, Gateway* gateway) {
  ingest::Mosquitto broker;
  broker.Start();
  const auto size = static_cast<std::size_t>(load.messages);
  std::vector<Steady::time_point> sent(size), done(size);
  std::size_t came = 0;  // counted by the receive thread alone until the last
  Finish finish(load.messages);
  const auto subscriber = Subscribe(broker.uri(), gateway, [&] {
    done[came++] = Steady::now();
    finish.Count();
  });
  ingest::Publisher publisher(broker.port());
  auto next = Steady::now();
  for (int i = 0; i < load.messages; ++i) {
    SleepUntil(next += load.pause);
    const Message message = street.MessageOf(i);
    sent[static_cast<std::size_t>(i)] = Steady::now();
    publisher.Publish(message.topic, message.payload);
  }
  finish.Wait();
  std::vector<double> latencies;
  for (std::size_t i = 0; i < size; ++i) latencies.push_back(1e3 * Seconds(done[i] - sent[i]));
  return latencies;
}

int Run() {
  SetLogLevel(LogLevel::kError);
  const Street street(kSeries, Payload::kJson);
  for (const Load& load : kLoads) {
    const std::vector<double> null = Latencies(street, load, nullptr);
    Gateway gateway(street);
    const std::vector<double> ours = Latencies(street, load, &gateway);
    if (gateway.ReadBack() != std::pair(load.messages, street.SumOf(load.messages))) {
      std::fprintf(stderr, "%s: not all readings read back: the run does not count\n", load.name);
      return 1;
    }
    for (const auto& [quantile, q] : {std::pair("p50", 0.5), std::pair("p99", 0.99)}) {
      const double value = Quantile(ours, q), baseline = Quantile(null, q);
      Print(Format("%s_%s", load.name, quantile), value, "ms", baseline,
            "Paho subscriber that does nothing", value / baseline,
            Format(R"("messages":%d,"pause_us":%d,"series":%d,"max_ms":%.2f,)"
                   R"("baseline_max_ms":%.2f)",
                   load.messages, load.pause.count(), kSeries, Quantile(ours, 1),
                   Quantile(null, 1)));
    }
  }
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
