#include "gateway/pipeline/admissions.h"

#include <algorithm>

#include "gateway/policy/decide.h"

namespace gateway::pipeline {
namespace {

using port::Admission;
using port::DoorCode;

constexpr std::string_view kAnyPart = ":*";

const Admission kUnknownDevice{.code = DoorCode::kUnknownDevice};
const Admission kOtherProfile{.code = DoorCode::kOtherProfile};
const Admission kHouseholdUnconfirmed{.code = DoorCode::kHouseholdUnconfirmed};
const Admission kPlaceUnconfirmed{.code = DoorCode::kPlaceUnconfirmed};
const Admission kNotCollected{.code = DoorCode::kNoCollectRule};

DoorCode CodeOf(policy::CollectCode code) {
  switch (code) {
    case policy::CollectCode::kAdmitted:
      return DoorCode::kAdmitted;
    case policy::CollectCode::kOtherProfile:
      return DoorCode::kWrongProfile;
    case policy::CollectCode::kNoRetainRule:
      return DoorCode::kNoRetainRule;
    case policy::CollectCode::kUnknownMetric:
    case policy::CollectCode::kNoCollectRule:
      break;
  }
  return DoorCode::kNoCollectRule;
}

}  // namespace

void Admissions::Add(const store::Vault& vault, const Household& household,
                     const port::EnrolledDevice& enrolled) {
  const DeviceId& device = enrolled.device;
  Device& entry = devices_[enrolled.claim];
  entry.profile = enrolled.profile;
  Millis& expected = enrolled_.emplace_back(enrolled).expected;
  const bool is_place = household.kind == OwnerKind::kPlace;
  entry.unconfirmed = is_place ? &kPlaceUnconfirmed : &kHouseholdUnconfirmed;
  if (household.confirmed_at.has_value()) entry.unconfirmed = nullptr;
  AddParts(enrolled.claim, enrolled.profile,
           entry.unconfirmed == nullptr ? DoorCode::kAdmitted : entry.unconfirmed->code);
  if (rules_ == nullptr || entry.unconfirmed != nullptr) return;
  const policy::Policy& policy = rules_->documents.policy;
  // A profile of the device's own is no profile that a rule names, whatever it calls itself.
  const std::string_view profile =
      enrolled.own_profile.empty() ? std::string_view(enrolled.profile) : std::string_view();
  for (const Metric& metric : policy.metrics) {
    policy::CollectDecision decision = policy::DecideCollect(policy, metric.id, profile);
    const policy::CollectRule* collect = policy.CollectRuleFor(metric.id);
    const policy::Coarsening coarsen =
        collect == nullptr ? policy::Coarsening{} : collect->coarsen;
    DoorCode code = CodeOf(decision.code);
    if (code == DoorCode::kAdmitted && metric.owner != household.kind) code = DoorCode::kWrongOwner;
    // Nobody knows when something happens.
    if (code == DoorCode::kAdmitted && metric.kind != MetricKind::kEvent) {
      expected = std::max(expected, metric.interval);
    }
    entry.metrics[metric.id.value()] = {
        .code = code,
        .rule = std::move(decision.rule),
        .owner_kind = household.kind,
        .owner = household.owner,
        .device = device,
        .series = vault.SeriesOf(device.value(), metric.id.value()),
        .metric = &metric,
        .coarsen_step = coarsen.step,
        .coarsen_every = coarsen.every};
  }
}

void Admissions::AddParts(std::string_view claim, const std::string& profile, DoorCode code) {
  for (std::size_t colon = claim.find(':'); colon != std::string_view::npos;
       colon = claim.find(':', colon + 1)) {
    std::vector<Part>& parts = parts_[std::string(claim.substr(0, colon))];
    const auto found = std::ranges::find(parts, profile, &Part::profile);
    if (found == parts.end()) {
      parts.push_back({profile, code});
    } else if (code == DoorCode::kAdmitted) {
      found->code = code;
    }
  }
}

const Admission& Admissions::Find(std::string_view profile, std::string_view claim,
                                  std::string_view metric) const {
  const auto it = devices_.find(claim);
  if (it == devices_.end()) return kUnknownDevice;
  if (it->second.profile != profile) return kOtherProfile;
  if (it->second.unconfirmed != nullptr) return *it->second.unconfirmed;
  const auto found = it->second.metrics.find(metric);
  return found == it->second.metrics.end() ? kNotCollected : found->second;
}

DoorCode Admissions::FindDevice(std::string_view profile, std::string_view claim) const {
  if (claim.ends_with(kAnyPart)) {
    const auto parts = parts_.find(claim.substr(0, claim.size() - kAnyPart.size()));
    if (parts == parts_.end()) return DoorCode::kUnknownDevice;
    const auto part = std::ranges::find(parts->second, profile, &Part::profile);
    return part == parts->second.end() ? DoorCode::kOtherProfile : part->code;
  }
  const auto it = devices_.find(claim);
  if (it == devices_.end()) return DoorCode::kUnknownDevice;
  if (it->second.profile != profile) return DoorCode::kOtherProfile;
  return it->second.unconfirmed != nullptr ? it->second.unconfirmed->code : DoorCode::kAdmitted;
}

const TimeZone& Admissions::time_zone() const {
  static const TimeZone utc = TimeZone::Utc();
  return rules_ == nullptr ? utc : rules_->time_zone;
}

}  // namespace gateway::pipeline
