#include "gateway/port/listening.h"

namespace gateway::port {

std::string_view HearingState(std::optional<Time> last_heard, Millis expected, Time since,
                              Time now) {
  if (expected <= Millis(0)) return "-";
  const bool silent = now - last_heard.value_or(since) > 3 * expected;
  if (last_heard.has_value()) return silent ? "stopped" : "ok";
  return silent ? "never" : "starting";
}

}  // namespace gateway::port
