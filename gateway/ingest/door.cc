#include "gateway/ingest/door.h"

#include <algorithm>
#include <memory>

namespace gateway::ingest {

using port::DoorCode;

// Of a message that has values of several owners none could be given a copy: it holds the others'.
bool Door::HasOneOwner(const Resolved& resolved) {
  const OwnerId* owner = nullptr;
  const auto same = [&owner](const port::Admission& admission) {
    // Nothing of these is stored yet, and not in a neighbour's name either.
    if (admission.code == DoorCode::kHouseholdUnconfirmed ||
        admission.code == DoorCode::kPlaceUnconfirmed) {
      return false;
    }
    if (admission.owner == OwnerId{}) return true;
    if (owner == nullptr) owner = &admission.owner;
    return *owner == admission.owner;
  };
  const auto admitted = [&](const port::Admitted& one) { return same(*one.admission); };
  const auto refused = [&](const Refusal& one) { return same(*one.admission); };
  return std::ranges::all_of(resolved.admitted, admitted) &&
         std::ranges::all_of(resolved.refused, refused);
}

void Door::SettleRefused(const port::Delivery& delivery, const Resolved& resolved,
                         const ResolveContext& context) {
  const Refusal* put_aside = nullptr;
  for (const Refusal& refusal : resolved.refused) {
    intake_.Refused(refusal.code);
    // Only of a series that may be collected is anything kept.
    if (put_aside == nullptr && port::IsQuarantined(refusal.code) &&
        refusal.admission->code == DoorCode::kAdmitted) {
      put_aside = &refusal;
    }
  }
  // Nor of what has to be blurred first: the message has it as it came.
  if (put_aside == nullptr || resolved.coarsened || !HasOneOwner(resolved)) return;
  intake_.Quarantine(delivery, {.admission = *put_aside->admission,
                                .code = put_aside->code,
                                .arrival = context.now,
                                .clock_sound = context.clock_sound,
                                .numbered = resolved.numbered,
                                .beside = resolved.admitted});
}

void Door::NoteStrangers(const port::Delivery& delivery, const Resolved& resolved, Time now) {
  const std::string& profile = resolved.profile->id();
  bool fresh = false;
  for (const Unenrolled& stranger : resolved.unenrolled) {
    if (!heard_.NoteStranger(profile, stranger.claim, resolved.secret, now)) continue;
    heard_.NoteMetrics(profile, stranger.claim, stranger.metrics);
    fresh = true;
  }
  if (!fresh) return;
  for (Unenrolled& stranger : resolver_.Preview(delivery)) {
    if (stranger.claim != resolved.unenrolled.front().claim) {
      heard_.NoteStranger(profile, stranger.claim, resolved.secret, now);
    }
    heard_.NoteMetrics(profile, stranger.claim, std::move(stranger.metrics));
  }
}

Status Door::Handle(const port::Delivery& delivery) {
  std::shared_ptr<const port::AdmissionTable> table = intake_.admissions();
  // However long the disk refuses it: it came when it came, and what was put aside of it says so.
  if (!in_hand_) arrival_ = intake_.Now();
  const ResolveContext context{.now = arrival_,
                               .compare_stamps = intake_.ComparesStampsWithNow(),
                               .clock_sound = intake_.ClockSound()};
  const Resolved& resolved = in_hand_ ? resolver_.ResolveAgain(delivery, std::move(table), context)
                                      : resolver_.Resolve(delivery, std::move(table), context);
  if (!in_hand_ && resolved.observations() > 0) {
    intake_.Received(static_cast<uint32_t>(resolved.observations()));
  }
  in_hand_ = false;
  SettleRefused(delivery, resolved, context);
  if (!resolved.unenrolled.empty()) NoteStrangers(delivery, resolved, context.now);
  if (resolved.admitted.empty()) return OkStatus();
  Status appended = intake_.Append(delivery, resolved.admitted, resolved.numbered);
  in_hand_ = !appended.ok();
  if (in_hand_) return appended;
  const DeviceId* last = nullptr;
  for (const port::Admitted& admitted : resolved.admitted) {
    const DeviceId& device = admitted.admission->device;
    if (last == nullptr || *last != device) heard_.Admitted(device, context.now);
    last = &device;
  }
  return OkStatus();
}

}  // namespace gateway::ingest
