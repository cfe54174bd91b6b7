#include "gateway/ingest/profile.h"

#include <algorithm>


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

}  // namespace gateway::ingest
