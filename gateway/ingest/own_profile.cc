#include "gateway/ingest/own_profile.h"

#include <utility>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {

std::shared_ptr<const port::OwnProfile> OwnProfile::Read(const std::string& text) {
  auto own = std::make_shared<OwnProfile>();
  StatusOr<Profile> profile = Profile::Parse(text, "own profile");
  if (!profile.ok() || text.size() > limits::kOwnProfileBytesMax) {
    // Not the error either: it may quote a topic, and so a name.
    Log(LogLevel::kWarning,
        "ingest: the own profile of a device does not parse, so that its messages are not read; "
        "enrol the device again");
    return own;
  }
  own->topics_ = Filters({&*profile, 1});
  own->profile_ = *std::move(profile);
  return own;
}

const OwnProfile* OwnOf(const port::EnrolledDevice& device) {
  return static_cast<const OwnProfile*>(device.own.get());
}

const Profile* OwnProfileOf(const port::EnrolledDevice& device) {
  const OwnProfile* own = OwnOf(device);
  return own == nullptr ? nullptr : own->profile();
}

}  // namespace gateway::ingest
