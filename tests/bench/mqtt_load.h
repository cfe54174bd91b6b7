// Load for the benchmarks: a publisher that keeps many QoS 1 messages in flight, so that filling a
// session's queue takes seconds and not minutes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gateway::bench {

struct Message {
  std::string topic;
  std::string payload;
};

// Returns when the broker has acknowledged every message; aborts if the connection breaks.
void PublishAll(uint16_t port, const std::string& client, const std::vector<Message>& messages);

}  // namespace gateway::bench
