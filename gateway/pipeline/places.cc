// Pipeline as Commands, the part about places: owners of devices that are no one's home. As for
// households, the operator adds and a second person confirms; there is nobody to accept.
#include <algorithm>

#include "gateway/crypto/hash.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/enrolment.h"
#include "gateway/policy/grant.h"

namespace gateway::pipeline {
namespace {

Status NoSuchPlace() {
  return NotFound("no such place; `commons place list` shows those there are");
}

}  // namespace

Status Pipeline::AddPlace(const std::string& place, const std::string& zone) {
  return Call<Status>([&]() -> Status {
    Registry& registry = core_->registry();
    RETURN_IF_ERROR(CheckLabel("place", place));
    if (registry.rules() == nullptr) {
      return FailedPrecondition(
          "no rules are active, so there are no zones: run `commons policy activate` first");
    }
    if (registry.IsTaken(HouseholdId(place))) {
      return AlreadyExists("a place or household of this name exists; names are never used again");
    }
    if (registry.places().size() >= limits::kPlacesMax) {
      return ResourceExhausted("places: %d, the most one gateway serves", limits::kPlacesMax);
    }
    RETURN_IF_ERROR(CheckZone(registry.rules()->documents, gateway_, zone));
    return CommitHousehold({.kind = OwnerKind::kPlace,
                            .id = HouseholdId(place),
                            .zone = ZoneId(zone),
                            .subject = SubjectId::FromBytes(crypto::RandomBytes(SubjectId::kBytes)),
                            .adults = 0});
  });
}

Status Pipeline::ConfirmPlace(const std::string& place, const std::string& confirmation) {
  return Call<Status>([&]() -> Status {
    Registry& registry = core_->registry();
    const Household* found = registry.FindPlace(HouseholdId(place));
    if (found == nullptr) return NoSuchPlace();
    if (found->confirmed_at.has_value()) return AlreadyExists("the place is confirmed already");
    const policy::Charter charter = registry.charter();
    const policy::Invite named{
        .commons = charter.commons, .gateway = gateway_, .subject = found->subject, .nonce = {}};
    RETURN_IF_ERROR(policy::VerifyPlaceConfirmation(confirmation, named, charter).status());
    Household changed = *found;
    changed.confirmation = confirmation;
    changed.confirmed_at = clock_.SystemNow();
    return CommitHousehold(std::move(changed));
  });
}

StatusOr<std::vector<port::PlaceRow>> Pipeline::ListPlaces() {
  return Call<StatusOr<std::vector<port::PlaceRow>>>([&] {
    std::vector<port::PlaceRow> rows;
    for (const auto& [id, place] : core_->registry().places()) {
      rows.push_back({.place = id.value(),
                      .zone = place.zone.value(),
                      .state = place.confirmed_at.has_value() ? "confirmed" : "added",
                      .subject = std::string(place.subject.view()),
                      .devices = static_cast<uint32_t>(place.devices.size())});
    }
    return rows;
  });
}

}  // namespace gateway::pipeline
