#include "gateway/ingest/heard.h"

#include <algorithm>
#include <functional>
#include <random>

#include "gateway/base/status.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {

void Heard::Admitted(const DeviceId& device, Time now) {
  const MutexLock lock(mutex_);
  const auto found = last_.find(device);
  if (found != last_.end()) {
    found->second = now;
  } else if (last_.size() < limits::kDevicesMax) {
    last_.emplace(device, now);
  }
}

// Random, because what was computed from a secret could be searched for it.
std::string Heard::NewTag() const {
  std::random_device random;
  std::string tag;
  do {
    tag = Format("secret-%08x", static_cast<uint32_t>(random()));
  } while (std::ranges::any_of(strangers_,
                               [&](const Row& row) { return row.stranger.claim == tag; }));
  return tag;
}

bool Heard::NoteStranger(std::string_view profile, std::string_view claim, bool secret,
                         Time now) {
  const MutexLock lock(mutex_);
  for (Row& row : strangers_) {
    if (row.claim != claim || row.stranger.profile != profile) continue;
    ++row.stranger.messages;
    row.stranger.last = now;
    return false;
  }
  if (strangers_.size() >= limits::kStrangersMax) {
    strangers_.erase(std::ranges::min_element(
        strangers_, {}, [](const Row& row) { return row.stranger.last; }));
  }
  // Tells one from another while the process lives, and no more.
  const std::string shown = secret ? NewTag() : std::string(claim);
  strangers_.push_back({.stranger = {.profile = std::string(profile),
                                     .claim = shown,
                                     .secret = secret,
                                     .metrics = {},
                                     .messages = 1,
                                     .first = now,
                                     .last = now},
                        .claim = std::string(claim)});
  return true;
}

void Heard::NoteMetrics(std::string_view profile, std::string_view claim,
                        std::vector<std::string> metrics) {
  const MutexLock lock(mutex_);
  for (Row& row : strangers_) {
    if (row.claim == claim && row.stranger.profile == profile) row.stranger.metrics = metrics;
  }
}

std::optional<Time> Heard::LastHeard(const DeviceId& device) const {
  const MutexLock lock(mutex_);
  const auto found = last_.find(device);
  return found == last_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<port::Stranger> Heard::Strangers() const {
  std::vector<port::Stranger> strangers;
  {
    const MutexLock lock(mutex_);
    for (const Row& row : strangers_) strangers.push_back(row.stranger);
  }
  std::ranges::sort(strangers, std::greater{}, &port::Stranger::last);
  return strangers;
}

std::vector<port::Proposal> Heard::Find(std::string_view heard) const {
  std::vector<port::Proposal> found;
  const MutexLock lock(mutex_);
  for (const Row& row : strangers_) {
    if (row.stranger.claim != heard) continue;
    found.push_back({.profile = row.stranger.profile,
                     .claim = row.claim,
                     .secret = row.stranger.secret,
                     .own_profile = {}});
  }
  return found;
}

}  // namespace gateway::ingest
