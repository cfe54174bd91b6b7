#include "gateway/base/clock.h"

#include <sys/timex.h>

namespace gateway {

Time RealClock::SystemNow() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point RealClock::SteadyNow() const {
  return std::chrono::steady_clock::now();
}

bool RealClock::Synchronised() const {
  timex query{};
  return adjtimex(&query) != TIME_ERROR;
}

std::chrono::steady_clock::time_point ReplayClock::SteadyNow() const {
  return std::chrono::steady_clock::now();
}

}  // namespace gateway
