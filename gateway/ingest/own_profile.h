// The profile of a device that has one of its own, parsed once and kept beside the device.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ingest/profile.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// Immutable. Thread-safe.
class OwnProfile final : public port::OwnProfile {
 public:
  // A text that does not parse reads nothing, and the log says so without the device's name.
  static std::shared_ptr<const port::OwnProfile> Read(const std::string& text);

  const Profile* profile() const { return profile_ ? &*profile_ : nullptr; }
  std::size_t filters() const override { return topics_.size(); }
  const std::vector<std::string>& topics() const { return topics_; }

 private:
  std::optional<Profile> profile_;
  std::vector<std::string> topics_;  // as Filters() of it
};

// Null if it has none. Its `own` is what Read made.
const OwnProfile* OwnOf(const port::EnrolledDevice& device);
// Null if it has none, or none that parses.
const Profile* OwnProfileOf(const port::EnrolledDevice& device);

}  // namespace gateway::ingest
