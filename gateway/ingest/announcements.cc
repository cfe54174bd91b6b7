#include "gateway/ingest/announcements.h"

namespace gateway::ingest {

bool Announcements::Take(const port::Delivery& delivery) {
  if (!delivery.topic.starts_with("homeassistant/") || !delivery.topic.ends_with("/config")) {
    return false;
  }
  const MutexLock lock(mutex_);
  home_assistant_.Note(delivery.topic, delivery.payload);
  return true;
}

std::vector<port::Stranger> Announcements::Strangers(const port::AdmissionTable& table) const {
  std::vector<port::Stranger> strangers;
  const MutexLock lock(mutex_);
  for (HomeAssistant::Device& device : home_assistant_.Devices()) {
    const std::optional<port::Proposal> proposal = home_assistant_.Propose(device.claim);
    if (!proposal.has_value()) continue;
    const port::DoorCode code = table.FindDevice(proposal->profile, proposal->claim);
    if (code != port::DoorCode::kUnknownDevice && code != port::DoorCode::kOtherProfile) continue;
    port::Stranger& stranger = strangers.emplace_back();
    stranger.profile = kProfile;
    stranger.claim = std::move(device.claim);
    stranger.metrics = std::move(device.metrics);
    stranger.topics = std::move(device.topics);
  }
  return strangers;
}

std::optional<port::Proposal> Announcements::Propose(std::string_view claim) const {
  const MutexLock lock(mutex_);
  return home_assistant_.Propose(claim);
}

}  // namespace gateway::ingest
