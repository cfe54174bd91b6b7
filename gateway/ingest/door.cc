#include "gateway/ingest/door.h"

#include <memory>

namespace gateway::ingest {

using port::DoorCode;

Status Door::Handle(const port::Delivery& delivery) {
  if (!in_hand_) intake_.Received(1);
  Status status = Settle(delivery);
  in_hand_ = !status.ok();
  return status;
}

const Profile* Door::FindProfile(std::string_view topic, TopicMatch& match) const {
  for (const Profile& profile : profiles_) {
    if (const std::optional<TopicMatch> found = profile.MatchTopic(topic)) {
      match = *found;
      return &profile;
    }
  }
  return nullptr;
}

Status Door::Settle(const port::Delivery& delivery) {
  const auto refuse = [this](DoorCode code) {
    intake_.Refused(code);
    return OkStatus();
  };
  TopicMatch match;
  const Profile* profile = FindProfile(delivery.topic, match);
  if (profile == nullptr) return refuse(DoorCode::kUnknownDevice);

  // Held until the append is done: the admission lives in this table.
  const std::shared_ptr<const port::AdmissionTable> table = intake_.admissions();
  const port::Admission& admission = table->Find(profile->id(), match.device, match.metric);
  if (admission.code != DoorCode::kAdmitted) return refuse(admission.code);
  if (delivery.retained) return refuse(DoorCode::kRetained);

  const Time now = intake_.Now();
  const Decoded decoded =
      decoder_.Decode(*profile, delivery.payload, *admission.metric,
                      {.now = now, .compare_stamps = intake_.ComparesStampsWithNow()});
  if (decoded.code != DoorCode::kAdmitted) {
    intake_.Quarantine(delivery, admission, decoded.code, now);
    return refuse(decoded.code);
  }
  const port::Admitted admitted{&admission, decoded.reading};
  return intake_.Append(delivery, {&admitted, 1}, false);
}

}  // namespace gateway::ingest
