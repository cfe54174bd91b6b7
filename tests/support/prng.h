// SplitMix64: a seeded generator whose numbers are the same on every platform and library, which
// std::*_distribution does not promise. For tests only, never for keys or noise.
#pragma once

#include <cstdint>

namespace gateway::testing {

class Prng {
 public:
  explicit Prng(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 to bound − 1; `bound` must be positive. The modulo's bias is of no matter to a test.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  // lo to hi, both included.
  int64_t Between(int64_t lo, int64_t hi) {
    return lo + static_cast<int64_t>(Below(static_cast<uint64_t>(hi - lo) + 1));
  }
  bool Percent(uint64_t chance) { return Below(100) < chance; }

 private:
  uint64_t state_;
};

}  // namespace gateway::testing
