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

Admissions::Collected::Collected(const Rules* rules) {
  if (rules == nullptr) return;
  const policy::Policy& policy = rules->documents.policy;
  for (const Metric& metric : policy.metrics) {
    const policy::CollectRule* collect = policy.CollectRuleFor(metric.id);
    const policy::CollectRule none;
    const policy::CollectRule& rule = collect == nullptr ? none : *collect;
    profiles.push_back(rule.profile);
    policy::CollectDecision decision = policy::DecideCollect(policy, metric.id, rule.profile);
    position.emplace(metric.id.value(), admissions.size());
    admissions.push_back({.code = CodeOf(decision.code),
                          .rule = std::move(decision.rule),
                          .metric = &metric,
                          .coarsen_step = rule.coarsen.step,
                          .coarsen_every = rule.coarsen.every});
  }
}

Admissions::Admissions(std::shared_ptr<const Rules> rules)
    : rules_(std::move(rules)), collected_(std::make_shared<const Collected>(rules_.get())) {}

void Admissions::Put(const store::Vault& vault, const Household& household,
                     const port::EnrolledDevice& enrolled) {
  const auto device = std::make_shared<Device>(enrolled);
  if (!household.confirmed_at.has_value()) {
    device->unconfirmed =
        household.kind == OwnerKind::kPlace ? &kPlaceUnconfirmed : &kHouseholdUnconfirmed;
  } else {
    device->metrics = collected_->admissions;
  }
  // A profile of the device's own is no profile that a rule names, whatever it calls itself.
  const std::string_view profile =
      enrolled.own_profile.empty() ? std::string_view(enrolled.profile) : std::string_view();
  for (std::size_t i = 0; i < device->metrics.size(); ++i) {
    Admission& admission = device->metrics[i];
    const Metric& metric = *admission.metric;
    DoorCode& code = admission.code;
    const std::string& wanted = collected_->profiles[i];
    if (!wanted.empty() && wanted != profile) code = DoorCode::kWrongProfile;
    if (code == DoorCode::kAdmitted && metric.owner != household.kind) code = DoorCode::kWrongOwner;
    // Nobody knows when something happens.
    if (code == DoorCode::kAdmitted && metric.kind != MetricKind::kEvent) {
      device->expected = std::max(device->expected, metric.interval);
    }
    admission.owner_kind = household.kind;
    admission.owner = household.owner;
    admission.device = enrolled.device;
    admission.series = vault.SeriesOf(enrolled.device.value(), metric.id.value());
  }
  PutParts(enrolled.claim, enrolled.profile,
           device->unconfirmed == nullptr ? DoorCode::kAdmitted : device->unconfirmed->code);
  const std::size_t hash = TextHash()(enrolled.claim);
  const auto same = [&](uint32_t at) { return devices_[at]->claim == enrolled.claim; };
  if (const std::optional<uint32_t> at = by_claim_.Find(hash, same)) {
    devices_[*at] = device;
  } else {
    by_claim_.Put(hash, static_cast<uint32_t>(devices_.size()));
    devices_.push_back(device);
  }
}

void Admissions::PutParts(std::string_view claim, const std::string& profile, DoorCode code) {
  if (claim.find(':') == std::string_view::npos) return;
  const auto changed = std::make_shared<Parts>(*parts_);
  for (std::size_t colon = claim.find(':'); colon != std::string_view::npos;
       colon = claim.find(':', colon + 1)) {
    std::vector<Part>& parts = (*changed)[std::string(claim.substr(0, colon))];
    const auto found = std::ranges::find(parts, profile, &Part::profile);
    if (found == parts.end()) {
      parts.push_back({profile, code});
    } else if (code == DoorCode::kAdmitted) {
      found->code = code;
    }
  }
  parts_ = changed;
}

const Admissions::Device* Admissions::At(std::string_view claim) const {
  const auto same = [&](uint32_t at) { return devices_[at]->claim == claim; };
  const std::optional<uint32_t> at = by_claim_.Find(TextHash()(claim), same);
  return at.has_value() ? static_cast<const Device*>(devices_[*at].get()) : nullptr;
}

const Admission& Admissions::Find(std::string_view profile, std::string_view claim,
                                  std::string_view metric) const {
  const Device* device = At(claim);
  if (device == nullptr) return kUnknownDevice;
  if (device->profile != profile) return kOtherProfile;
  if (device->unconfirmed != nullptr) return *device->unconfirmed;
  const auto found = collected_->position.find(metric);
  return found == collected_->position.end() ? kNotCollected : device->metrics[found->second];
}

DoorCode Admissions::FindDevice(std::string_view profile, std::string_view claim) const {
  if (claim.ends_with(kAnyPart)) {
    const auto parts = parts_->find(claim.substr(0, claim.size() - kAnyPart.size()));
    if (parts == parts_->end()) return DoorCode::kUnknownDevice;
    const auto part = std::ranges::find(parts->second, profile, &Part::profile);
    return part == parts->second.end() ? DoorCode::kOtherProfile : part->code;
  }
  const Device* device = At(claim);
  if (device == nullptr) return DoorCode::kUnknownDevice;
  if (device->profile != profile) return DoorCode::kOtherProfile;
  return device->unconfirmed != nullptr ? device->unconfirmed->code : DoorCode::kAdmitted;
}

const TimeZone& Admissions::time_zone() const {
  static const TimeZone utc = TimeZone::Utc();
  return rules_ == nullptr ? utc : rules_->time_zone;
}

}  // namespace gateway::pipeline
