#include "gateway/base/clock.h"

#include <sys/timex.h>
#include <time.h>

namespace gateway {
namespace {

std::chrono::steady_clock::time_point SinceBoot() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                               std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

Time RealClock::SystemNow() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point RealClock::SteadyNow() const {
  return SinceBoot();
}

bool RealClock::Synchronised() const {
  timex query{};
  return adjtimex(&query) != TIME_ERROR;
}

std::chrono::steady_clock::time_point ReplayClock::SteadyNow() const {
  return SinceBoot();
}

}  // namespace gateway
