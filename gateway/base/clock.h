// Time as the rest of the code sees it. `SystemNow` is for records and decisions, `SteadyNow` for
// timeouts. Pure code takes `now` as an argument instead of a Clock.
#pragma once

#include <atomic>
#include <chrono>

namespace gateway {

// Milliseconds since 1970-01-01T00:00:00Z.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time SystemNow() const = 0;
  virtual std::chrono::steady_clock::time_point SteadyNow() const = 0;
  // False when the kernel says that the clock was never synchronised since boot.
  virtual bool Synchronised() const = 0;
};

// The machine's clock. Thread-safe.
class RealClock final : public Clock {
 public:
  Time SystemNow() const override;
  std::chrono::steady_clock::time_point SteadyNow() const override;
  bool Synchronised() const override;
};

// Recorded time (`commonsd --replay-clock`): SystemNow is whatever was set last, SteadyNow is
// real. Also the tests' clock. Thread-safe.
class ReplayClock final : public Clock {
 public:
  explicit ReplayClock(Time start) : now_(start) {}
  void Set(Time now) { now_.store(now); }
  Time SystemNow() const override { return now_.load(); }
  std::chrono::steady_clock::time_point SteadyNow() const override;
  bool Synchronised() const override { return true; }

 private:
  std::atomic<Time> now_;
};

}  // namespace gateway
