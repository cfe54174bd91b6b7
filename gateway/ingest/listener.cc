#include "gateway/ingest/listener.h"

#include <algorithm>
#include <iterator>

#include "gateway/ingest/topic_readers.h"

namespace gateway::ingest {

Millis ExpectedInterval(const port::EnrolledDevice& device, const Sending& sending,
                        const port::AdmissionTable& table) {
  if (sending.metrics.empty()) {
    return device.expected > Millis(0) && sending.expects > Millis(0) ? sending.expects
                                                                      : device.expected;
  }
  Millis shortest{0};
  for (const std::string& metric : sending.metrics) {
    const port::Admission& admission = table.Find(device.profile, device.claim, metric);
    if (admission.code != port::DoorCode::kAdmitted) continue;
    if (admission.metric->kind == MetricKind::kEvent) continue;
    const Millis interval = admission.metric->interval;
    shortest = shortest == Millis(0) ? interval : std::min(shortest, interval);
  }
  return shortest > Millis(0) && sending.expects > Millis(0) ? sending.expects : shortest;
}

std::vector<port::Stranger> Listener::Strangers() const {
  const std::shared_ptr<const port::AdmissionTable> table = parts_.intake->admissions();
  std::vector<port::Stranger> strangers = parts_.heard->Strangers();
  std::erase_if(strangers, [&](const port::Stranger& stranger) {
    return std::ranges::any_of(parts_.heard->Find(stranger.claim), [&](const port::Proposal& one) {
      const port::DoorCode code = table->FindDevice(one.profile, one.claim);
      return one.profile == stranger.profile && code != port::DoorCode::kUnknownDevice &&
             code != port::DoorCode::kOtherProfile;
    });
  });
  std::ranges::move(parts_.announcements->Strangers(*table), std::back_inserter(strangers));
  return strangers;
}

Status Listener::CheckTopics(const port::Proposal& announced) const {
  ASSIGN_OR_RETURN(const Profile profile, Profile::Parse(announced.own_profile, "announced"));
  const std::shared_ptr<const port::AdmissionTable> table = parts_.intake->admissions();
  for (const MessageSpec& message : profile.messages()) {
    if (!IsOfEnrolledDevice(message.topic.text(), parts_.installed, *table)) continue;
    return FailedPrecondition(
        "announced on a topic of a device that is enrolled already: it would take that one's "
        "readings. If it is the same device, it needs no second enrolment");
  }
  return OkStatus();
}

StatusOr<port::Proposal> Listener::Propose(std::string_view heard,
                                           std::string_view profile) const {
  std::vector<port::Proposal> found = parts_.heard->Find(heard);
  const bool announced_only = found.empty() || profile == Announcements::kProfile;
  if (announced_only && (profile.empty() || profile == Announcements::kProfile)) {
    if (auto announced = parts_.announcements->Propose(heard)) {
      RETURN_IF_ERROR(CheckTopics(*announced));
      return *std::move(announced);
    }
  }
  std::string profiles;
  for (const port::Proposal& one : found) {
    profiles += (profiles.empty() ? "" : ", ") + one.profile;
  }
  if (!profile.empty()) {
    std::erase_if(found, [&](const port::Proposal& one) { return one.profile != profile; });
  }
  if (found.empty() && !profiles.empty()) {
    return NotFound("heard by that name: not through this profile, but through: %s", profiles);
  }
  if (found.empty()) {
    return NotFound("nothing of that name was heard that is not enrolled; `commons device discover` "
                    "lists what was");
  }
  if (found.size() > 1) {
    return FailedPrecondition("several profiles read its messages: say with --profile which: %s",
                              profiles);
  }
  return std::move(found.front());
}

std::vector<port::DeviceHearing> Listener::Hearing() const {
  const std::shared_ptr<const port::AdmissionTable> table = parts_.intake->admissions();
  const Time now = parts_.intake->Now();
  std::vector<port::DeviceHearing> all;
  for (const auto& device : table->devices()) {
    const std::optional<Time> last = LastHeard(device->device);
    const Millis expected = ExpectedInterval(*device, parts_.sends(*device), *table);
    all.push_back({.device = device->device,
                   .last = last,
                   .expected = expected,
                   .state = port::HearingState(last, expected, since_, now)});
  }
  return all;
}

port::BrokerLogins Listener::logins() const {
  return parts_.logins == nullptr ? port::BrokerLogins{} : parts_.logins->state();
}

bool Listener::IsAtBroker(std::string_view login) const {
  return parts_.logins != nullptr && parts_.logins->IsAtBroker(login);
}

}  // namespace gateway::ingest
