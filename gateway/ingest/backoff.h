// Waiting times between attempts: doubling, bounded, and spread at random, so that gateways whose
// broker restarts do not all come back in the same instant.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gateway::ingest {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : first_(first), most_(most), step_(first) {}

  // The next waiting time: the step times 0.5 to 1.5, by `random` (any 32 bits).
  std::chrono::milliseconds Next(uint32_t random) {
    const std::chrono::milliseconds step = step_;
    step_ = std::min(step_ * 2, most_);
    return step / 2 + std::chrono::milliseconds(step.count() * random / UINT32_MAX);
  }

  void Reset() { step_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds most_;
  std::chrono::milliseconds step_;
};

}  // namespace gateway::ingest
