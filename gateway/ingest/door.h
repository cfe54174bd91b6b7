// The door: what happens to one MQTT message before it is acknowledged. Knows no MQTT library.
#pragma once

#include <vector>

#include "gateway/base/status.h"
#include "gateway/ingest/decoder.h"
#include "gateway/ingest/profile.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// Confined to the MQTT receive thread. `intake` must outlive it.
class Door {
 public:
  Door(std::vector<Profile> profiles, port::Intake& intake)
      : profiles_(std::move(profiles)), intake_(intake) {}

  // Counts the observation, then refuses it with the first code that applies (device, household,
  // metric, retained, payload) or appends its reading to the journal.
  // Returns OK if the message may be acknowledged, refused ones included; otherwise the error of
  // Intake::Append, with the observation still in hand: the next call must be the same delivery
  // again, which then is not counted twice.
  Status Handle(const port::Delivery& delivery);

 private:
  const Profile* FindProfile(std::string_view topic, TopicMatch& match) const;
  Status Settle(const port::Delivery& delivery);

  const std::vector<Profile> profiles_;
  port::Intake& intake_;
  Decoder decoder_;
  bool in_hand_ = false;  // the last delivery was counted and its append failed
};

}  // namespace gateway::ingest
