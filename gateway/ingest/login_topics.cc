#include "gateway/ingest/login_topics.h"

#include <algorithm>
#include <utility>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::string_view kDevice = "{device}";
constexpr std::string_view kDevices = "{device...}";
constexpr std::string_view kRest = "{any...}";

// One level of a template: what it is in the filter, and whether it is the device's own.
struct Level {
  std::string text;
  bool named = false;
};

std::optional<Level> LevelOf(std::string_view level, std::string_view device) {
  if (level == kDevices) return Level{std::string(device), true};
  if (level == kRest) return Level{"#"};
  const std::size_t at = level.find(kDevice);
  std::string text(level);
  if (at != std::string::npos) text.erase(at, kDevice.size());
  const bool wild = text.find('{') != std::string::npos;
  if (at == std::string::npos) return Level{wild ? "+" : text};
  // A wildcard would stand for the whole level, and so for every device's.
  if (wild) return std::nullopt;
  return Level{text.insert(at, device), true};
}

void KeepDistinct(std::vector<std::string>& topics) {
  std::ranges::sort(topics);
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  if (topics.size() > limits::kLoginTopicsMax) topics.resize(limits::kLoginTopicsMax);
}

}  // namespace

std::optional<std::string> TopicFilterOf(std::string_view topic, std::string_view device) {
  if (device.empty() || device.find_first_of("+#") != std::string_view::npos) return std::nullopt;
  std::string filter;
  bool named = false;
  while (true) {
    const std::size_t slash = topic.find('/');
    const std::optional<Level> level = LevelOf(topic.substr(0, slash), device);
    if (!level) return std::nullopt;
    filter += level->text;
    named = named || level->named;
    // Nothing may follow '#'; a template may say more, which is then allowed as well.
    if (slash == std::string_view::npos || filter.ends_with('#')) break;
    filter += '/';
    topic.remove_prefix(slash + 1);
  }
  return named ? std::optional(filter) : std::nullopt;
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
    if (message.ignore) continue;
    // A profile that was made for this device has its topics as they are.
    const std::string& text = message.topic.text();
    if (!profile.claim().empty() && text.find('{') == std::string::npos) topics.push_back(text);
    for (const std::string_view name : names) {
      if (auto filter = TopicFilterOf(text, name)) topics.push_back(*std::move(filter));
    }
  }
  KeepDistinct(topics);
  return topics;
}

std::vector<std::string> BridgeTopicsOf(const Profile& profile) {
  std::vector<std::string> topics;
  for (const MessageSpec& message : profile.messages()) {
    if (message.ignore) continue;
    for (std::string& filter : message.topic.Filters()) topics.push_back(std::move(filter));
  }
  KeepDistinct(topics);
  return topics;
}

}  // namespace gateway::ingest
