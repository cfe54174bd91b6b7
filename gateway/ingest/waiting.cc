#include "gateway/ingest/waiting.h"

#include <algorithm>
#include <charconv>

#include "gateway/model/limits.h"

namespace gateway::ingest {

using std::chrono::duration_cast;

Waiting::Waiting(std::string_view gateway, std::string secret, TimePoint now)
    : topic_("commons/" + std::string(gateway) + "/marker"),
      secret_(std::move(secret) + " "),
      origin_(now) {}

int64_t Waiting::MillisAt(TimePoint time) const {
  return duration_cast<Millis>(time - origin_).count();
}

void Waiting::Passed(int64_t millis) {
  int64_t before = passed_.load();
  while (before < millis && !passed_.compare_exchange_weak(before, millis)) {
  }
}

void Waiting::Connecting(TimePoint now) {
  connecting_.store(MillisAt(now));
  AskSoon();
}

std::optional<std::string> Waiting::Due(TimePoint now) {
  if (now < next_) return std::nullopt;
  next_ = now + limits::kMarkerInterval;
  return secret_ + std::to_string(MillisAt(now));
}

bool Waiting::Arrived(std::string_view payload) {
  if (!payload.starts_with(secret_)) return false;
  payload.remove_prefix(secret_.size());
  int64_t made = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), made);
  if (error != std::errc() || end != payload.data() + payload.size()) return false;
  Passed(made);
  return true;
}

Millis Waiting::Longest(TimePoint now) const {
  const int64_t passed = passed_.load();
  if (passed < connecting_.load()) return limits::kSessionLife;
  const Millis since(MillisAt(now) - passed);
  if (since <= limits::kWaitedTolerance) return Millis(0);
  return std::min<Millis>(since, limits::kSessionLife);
}

}  // namespace gateway::ingest
