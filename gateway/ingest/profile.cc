#include "gateway/ingest/profile.h"

#include <algorithm>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {

std::vector<std::string> Profile::Metrics() const {
  std::vector<std::string> metrics;
  for (const MessageSpec& message : messages_) {
    for (const ReadingSpec& reading : message.readings) {
      const std::string metric = reading.metric.empty() ? "{metric}" : reading.metric;
      if (std::ranges::find(metrics, metric) == metrics.end()) metrics.push_back(metric);
    }
  }
  return metrics;
}

const ReadingSpec* Profile::Find(std::string_view id) const {
  const ReadingSpec* any = nullptr;
  for (const MessageSpec& message : messages_) {
    for (const ReadingSpec& reading : message.readings) {
      if (reading.metric == id) return &reading;
      if (any == nullptr && reading.metric.empty()) any = &reading;
    }
  }
  return any;
}

std::vector<std::string> Filters(std::span<const Profile> profiles) {
  std::vector<std::string> filters;
  for (const Profile& profile : profiles) {
    for (const MessageSpec& message : profile.messages()) {
      if (message.ignore) continue;
      for (std::string& filter : message.topic.Filters()) filters.push_back(std::move(filter));
    }
  }
  return WithoutCovered(std::move(filters));
}

std::vector<Profile> OwnProfiles(std::span<const port::EnrolledDevice> devices) {
  std::vector<Profile> profiles;
  for (const port::EnrolledDevice& device : devices) {
    if (device.own_profile.empty()) continue;
    StatusOr<Profile> profile = Profile::Parse(device.own_profile, "own profile");
    if (!profile.ok() || device.own_profile.size() > limits::kOwnProfileBytesMax) {
      // Not the error either: it may quote a topic, and so a name.
      Log(LogLevel::kWarning,
          "ingest: the own profile of a device does not parse, so that its messages are not read; "
          "enrol the device again");
      continue;
    }
    profiles.push_back(*std::move(profile));
  }
  return profiles;
}

}  // namespace gateway::ingest
