#include "gateway/ingest/login_topics.h"

#include <algorithm>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::string_view kDevice = "{device}";
constexpr std::string_view kDevices = "{device...}";
constexpr std::string_view kRest = "{any...}";

std::string LevelOf(std::string_view level, std::string_view device) {
  if (level == kDevices) return std::string(device);
  if (level == kRest) return "#";
  std::string text(level);
  if (const std::size_t at = text.find(kDevice); at != std::string::npos) {
    text.replace(at, kDevice.size(), device);
  }
  return text.find('{') == std::string::npos ? text : "+";
}

void KeepDistinct(std::vector<std::string>& topics) {
  std::ranges::sort(topics);
  topics.erase(std::ranges::unique(topics).begin(), topics.end());
  if (topics.size() > limits::kLoginTopicsMax) topics.resize(limits::kLoginTopicsMax);
}

}  // namespace

std::string TopicFilterOf(std::string_view topic, std::string_view device) {
  std::string filter;
  while (true) {
    const std::size_t slash = topic.find('/');
    filter += LevelOf(topic.substr(0, slash), device);
    // Nothing may follow '#'; a template may say more, which is then allowed as well.
    if (slash == std::string_view::npos || filter.ends_with('#')) return filter;
    filter += '/';
    topic.remove_prefix(slash + 1);
  }
}

std::vector<std::string> TopicsOf(const Profile& profile, std::string_view claim) {
  std::vector<std::string_view> names = {claim};
  const bool has_parts = std::ranges::any_of(profile.messages(), [](const MessageSpec& message) {
    return message.parts_inside || message.topic.Has(Placeholder::kPart);
  });
  if (const std::size_t colon = claim.rfind(':'); has_parts && colon != std::string_view::npos) {
    names.push_back(claim.substr(0, colon));
  }
  std::vector<std::string> topics;
  for (const MessageSpec& message : profile.messages()) {
    for (const std::string_view name : names) {
      topics.push_back(TopicFilterOf(message.topic.text(), name));
    }
  }
  KeepDistinct(topics);
  return topics;
}

std::vector<std::string> BridgeTopicsOf(const Profile& profile) {
  std::vector<std::string> topics;
  for (const MessageSpec& message : profile.messages()) {
    for (std::string& filter : message.topic.Filters()) topics.push_back(std::move(filter));
  }
  KeepDistinct(topics);
  return topics;
}

}  // namespace gateway::ingest
