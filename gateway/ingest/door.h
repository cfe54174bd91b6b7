// The door: what happens to one MQTT message before it is acknowledged. Knows no MQTT library.
#pragma once

#include <vector>

#include "gateway/base/status.h"
#include "gateway/ingest/heard.h"
#include "gateway/ingest/profile.h"
#include "gateway/ingest/resolver.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// Confined to the MQTT receive thread. `intake` and `heard` must outlive it.
class Door {
 public:
  Door(std::vector<Profile> profiles, port::Intake& intake, Heard& heard)
      : intake_(intake), heard_(heard), resolver_(std::move(profiles)) {}

  // Counts the observations of the message, refuses each that has to be with the first code that
  // applies (resolver.h), and appends the readings of the others to the journal together. What was
  // quarantined is handed over with its first code; strangers are noted, and their message is
  // decoded only the first time, to say what it would yield.
  // Returns OK if the message may be acknowledged, refused ones included; otherwise the error of
  // Intake::Append, with the readings still in hand: the next call must be the same delivery
  // again, in which nothing is then counted twice.
  Status Handle(const port::Delivery& delivery);

 private:
  static bool HasOneOwner(const Resolved& resolved);
  void SettleRefused(const port::Delivery& delivery, const Resolved& resolved,
                     const ResolveContext& context);
  void NoteStrangers(const port::Delivery& delivery, const Resolved& resolved, Time now);

  port::Intake& intake_;
  Heard& heard_;
  Resolver resolver_;
  bool in_hand_ = false;  // the last delivery was counted and its append failed
  Time arrival_;          // of the last delivery, when it was handed over first
};

}  // namespace gateway::ingest
