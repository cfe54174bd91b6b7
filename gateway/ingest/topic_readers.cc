#include "gateway/ingest/topic_readers.h"

#include <algorithm>
#include <optional>
#include <string>

#include "gateway/ingest/own_profile.h"

namespace gateway::ingest {
namespace {

bool IsEnrolled(const Profile& profile, const Captures& captures,
                const port::AdmissionTable& table) {
  std::string claim = profile.claim().empty() ? std::string(captures.device) : profile.claim();
  if (claim.empty()) return false;  // only the payload says whose it is
  const auto known = [&](const std::string& name) {
    const port::DoorCode code = table.FindDevice(profile.id(), name);
    return code != port::DoorCode::kUnknownDevice && code != port::DoorCode::kOtherProfile;
  };
  return known(claim) || known(claim + ":*");
}

}  // namespace

bool IsOfEnrolledDevice(std::string_view topic, std::span<const Profile> installed,
                        const port::AdmissionTable& table) {
  const std::optional<TopicLevels> levels = TopicLevels::Split(topic);
  if (!levels.has_value()) return false;
  const auto reads = [&](const Profile& profile) {
    for (const MessageSpec& message : profile.messages()) {
      Captures captures;
      if (!message.ignore && message.topic.Match(*levels, captures) &&
          IsEnrolled(profile, captures, table)) {
        return true;
      }
    }
    return false;
  };
  const auto own_reads = [&](const auto& device) {
    const Profile* own = OwnProfileOf(*device);
    return own != nullptr && reads(*own);
  };
  return std::ranges::any_of(installed, reads) || std::ranges::any_of(table.devices(), own_reads);
}

}  // namespace gateway::ingest
