#include "gateway/ingest/profile.h"

#include "gateway/model/ids.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::string_view kForbidden("+#\0", 3);

// Cuts the first level off `rest`; false when there is none left.
bool NextLevel(std::optional<std::string_view>& rest, std::string_view& level) {
  if (!rest) return false;
  const std::size_t slash = rest->find('/');
  level = rest->substr(0, slash);
  if (slash == std::string_view::npos) {
    rest.reset();
  } else {
    rest->remove_prefix(slash + 1);
  }
  return true;
}

}  // namespace

StatusOr<Profile> Profile::Make(ProfileSpec spec) {
  if (!IsDocumentId(spec.id)) {
    return InvalidArgument("profile: id \"%s\" is not of the form [a-z][a-z0-9-]*, at most 48",
                           spec.id);
  }
  if (spec.topic.size() > limits::kTopicBytesMax ||
      spec.topic.find_first_of(kForbidden) != std::string::npos) {
    return InvalidArgument("profile %s: topic must have at most %d bytes and no '+', '#' or NUL",
                           spec.id, limits::kTopicBytesMax);
  }
  if (!spec.number && !spec.json) {
    return InvalidArgument("profile %s: payload needs `number: true`, `json`, or both", spec.id);
  }
  if (spec.json) {
    const JsonFields& json = *spec.json;
    if (json.value.empty() || json.value == json.unit || json.value == json.time ||
        (!json.unit.empty() && json.unit == json.time)) {
      return InvalidArgument("profile %s: json needs a field for value, and distinct field names",
                             spec.id);
    }
  }
  Profile profile(std::move(spec));
  int devices = 0, metrics = 0;
  std::optional<std::string_view> rest = profile.spec_.topic;
  for (std::string_view level; NextLevel(rest, level);) {
    if (level == "{device}") {
      ++devices;
      profile.levels_.push_back({LevelKind::kDevice, {}});
    } else if (level == "{metric}") {
      ++metrics;
      profile.levels_.push_back({LevelKind::kMetric, {}});
    } else if (level.empty() || level.find_first_of("{}") != std::string_view::npos) {
      return InvalidArgument("profile %s: topic level \"%s\" is neither text, {device} nor "
                             "{metric}", profile.id(), level);
    } else {
      profile.levels_.push_back({LevelKind::kLiteral, std::string(level)});
    }
  }
  if (devices != 1 || metrics != 1) {
    return InvalidArgument("profile %s: topic has {device} %d times and {metric} %d times; each "
                           "must stand there once", profile.id(), devices, metrics);
  }
  return profile;
}

std::string Profile::Filter() const {
  std::string filter;
  for (const Level& level : levels_) {
    if (!filter.empty()) filter += '/';
    filter += level.kind == LevelKind::kLiteral ? level.literal : "+";
  }
  return filter;
}

std::optional<TopicMatch> Profile::MatchTopic(std::string_view topic) const {
  if (topic.size() > limits::kTopicBytesMax) return std::nullopt;
  if (topic.find_first_of(kForbidden) != std::string_view::npos) return std::nullopt;
  TopicMatch match;
  std::optional<std::string_view> rest = topic;
  for (const Level& level : levels_) {
    std::string_view text;
    if (!NextLevel(rest, text) || text.empty()) return std::nullopt;
    switch (level.kind) {
      case LevelKind::kLiteral:
        if (text != level.literal) return std::nullopt;
        break;
      case LevelKind::kDevice:
        match.device = text;
        break;
      case LevelKind::kMetric:
        match.metric = text;
        break;
    }
  }
  if (rest) return std::nullopt;
  return match;
}

}  // namespace gateway::ingest
