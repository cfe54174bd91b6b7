// A clock of a live gateway that stands until a test moves it.
#pragma once

#include <atomic>
#include <chrono>

#include "gateway/base/clock.h"

namespace gateway::pipeline {

class SetClock final : public Clock {
 public:
  explicit SetClock(Time now) : now_(now.time_since_epoch().count()) {}
  void Advance(Millis by) { now_ += by.count(); }
  Time SystemNow() const override { return Time(Millis(now_.load())); }
  std::chrono::steady_clock::time_point SteadyNow() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(now_.load()));
  }
  bool Synchronised() const override { return true; }

 private:
  std::atomic<int64_t> now_;
};

}  // namespace gateway::pipeline
