#include "gateway/pipeline/admissions.h"

#include "gateway/policy/decide.h"

namespace gateway::pipeline {
namespace {

using port::Admission;
using port::DoorCode;

const Admission kUnknownDevice{.code = DoorCode::kUnknownDevice};
const Admission kHouseholdUnconfirmed{.code = DoorCode::kHouseholdUnconfirmed};
const Admission kPlaceUnconfirmed{.code = DoorCode::kPlaceUnconfirmed};
const Admission kNotCollected{.code = DoorCode::kNoCollectRule};

DoorCode CodeOf(policy::CollectCode code) {
  switch (code) {
    case policy::CollectCode::kAdmitted:
      return DoorCode::kAdmitted;
    case policy::CollectCode::kNoRetainRule:
      return DoorCode::kNoRetainRule;
    case policy::CollectCode::kUnknownMetric:
    case policy::CollectCode::kNoCollectRule:
      break;
  }
  return DoorCode::kNoCollectRule;
}

}  // namespace

port::EnrolledDevice EnrolledAs(const DeviceId& device) {
  return {.device = device, .profile = "generic", .claim = device.value()};
}

void Admissions::Add(const store::Vault& vault, const Household& household,
                     const DeviceId& device) {
  Device& entry = devices_[device.value()];
  enrolled_.push_back(EnrolledAs(device));
  const bool is_place = household.kind == OwnerKind::kPlace;
  entry.unconfirmed = is_place ? &kPlaceUnconfirmed : &kHouseholdUnconfirmed;
  if (household.confirmed_at.has_value()) entry.unconfirmed = nullptr;
  if (rules_ == nullptr || entry.unconfirmed != nullptr) return;
  const policy::Policy& policy = rules_->documents.policy;
  for (const Metric& metric : policy.metrics) {
    policy::CollectDecision decision = policy::DecideCollect(policy, metric.id);
    DoorCode code = CodeOf(decision.code);
    if (code == DoorCode::kAdmitted && metric.owner != household.kind) code = DoorCode::kWrongOwner;
    entry.metrics[metric.id.value()] = {
        .code = code,
        .rule = std::move(decision.rule),
        .owner_kind = household.kind,
        .owner = household.owner,
        .device = device,
        .series = vault.SeriesOf(device.value(), metric.id.value()),
        .metric = &metric};
  }
}

const Admission& Admissions::Find(std::string_view /*profile*/, std::string_view claim,
                                  std::string_view metric) const {
  const auto it = devices_.find(claim);
  if (it == devices_.end()) return kUnknownDevice;
  if (it->second.unconfirmed != nullptr) return *it->second.unconfirmed;
  const auto found = it->second.metrics.find(metric);
  return found == it->second.metrics.end() ? kNotCollected : found->second;
}

DoorCode Admissions::FindDevice(std::string_view /*profile*/, std::string_view claim) const {
  const auto it = devices_.find(claim);
  if (it == devices_.end()) return DoorCode::kUnknownDevice;
  return it->second.unconfirmed != nullptr ? it->second.unconfirmed->code : DoorCode::kAdmitted;
}

const TimeZone& Admissions::time_zone() const {
  static const TimeZone utc = TimeZone::Utc();
  return rules_ == nullptr ? utc : rules_->time_zone;
}

}  // namespace gateway::pipeline
