// What devices announce about themselves by Home Assistant's discovery, for whoever enrols them: see
// home_assistant.h. In memory only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/ingest/home_assistant.h"
#include "gateway/port/intake.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

// Thread-safe.
class Announcements {
 public:
  // What strangers that were announced, not heard, have as their profile.
  static constexpr std::string_view kProfile = "home-assistant";

  // Takes the message if it is an announcement: then it is no observation, and not for the door.
  bool Take(const port::Delivery& delivery);

  // Without those that `table` has. Nobody knows when they were announced: the broker keeps it.
  std::vector<port::Stranger> Strangers(const port::AdmissionTable& table) const;
  std::optional<port::Proposal> Propose(std::string_view claim) const;

 private:
  mutable Mutex mutex_;
  HomeAssistant home_assistant_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::ingest
