// Pipeline as Commands, the part about devices: whose they are, what their messages call them, and
// with what they log in at the broker.
#include <algorithm>

#include "gateway/pipeline/call.h"
#include "gateway/pipeline/enrolment.h"

namespace gateway::pipeline {
namespace {

// Tells nobody whose it is; the prefix tells the gateway's own logins from others at the broker.
constexpr std::size_t kLoginBytes = 10;
constexpr std::size_t kPasswordBytes = 16;

Status CheckEnrolment(const port::DeviceEnrolment& enrolment) {
  RETURN_IF_ERROR(CheckLabel("device", enrolment.device));
  RETURN_IF_ERROR(CheckProfileId(enrolment.profile));
  RETURN_IF_ERROR(CheckClaim(enrolment.claim));
  if (enrolment.own_profile.size() > limits::kOwnProfileBytesMax) {
    return InvalidArgument("device: a profile of its own of %d bytes, limit %d",
                           enrolment.own_profile.size(), limits::kOwnProfileBytesMax);
  }
  return OkStatus();
}

Status BrokerLoginsAreOff() {
  return FailedPrecondition(
      "the gateway makes no logins: set `broker_logins: true` in commonsd.yaml and restart it");
}

}  // namespace

port::DeviceCredentials Pipeline::NewCredentials() const {
  if (!broker_logins_) return {};
  return {.login = std::string(port::kLoginPrefix) + RandomBase32(kLoginBytes),
          .password = RandomBase32(kPasswordBytes)};
}

StatusOr<port::DeviceCredentials> Pipeline::EnrolDevice(const port::DeviceEnrolment& given) {
  port::DeviceEnrolment enrolment = given;
  if (enrolment.claim.empty()) enrolment.claim = enrolment.device;
  return Call<StatusOr<port::DeviceCredentials>>([&]() -> StatusOr<port::DeviceCredentials> {
    Registry& registry = core_->registry();
    const bool of_place = !enrolment.place.empty();
    const Household* owner = of_place ? registry.FindPlace(HouseholdId(enrolment.place))
                                      : registry.FindHousehold(HouseholdId(enrolment.household));
    if (owner == nullptr) {
      const std::string_view kind = of_place ? "place" : "household";
      return NotFound("no such %s; `commons %s list` shows those there are", kind, kind);
    }
    RETURN_IF_ERROR(CheckEnrolment(enrolment));
    if (registry.FindDevice(DeviceId(enrolment.device)) != nullptr) {
      return AlreadyExists("a device of this id is enrolled already");
    }
    if (registry.IsClaimed(enrolment.claim)) {
      return AlreadyExists(
          "a device is enrolled already that its messages call the same; one gateway knows a claim "
          "once, whatever the profile: rename one of the two devices");
    }
    if (registry.device_count() >= limits::kDevicesMax) {
      return ResourceExhausted("devices: %d, the most one gateway serves", limits::kDevicesMax);
    }
    if (owner->devices.size() >= limits::kDevicesPerOwnerMax) {
      return ResourceExhausted("devices: %d, the most one household or place has",
                               limits::kDevicesPerOwnerMax);
    }
    const std::shared_ptr<const port::OwnProfile> own = registry.ReadOwn(enrolment.own_profile);
    const std::size_t filters = own == nullptr ? 0 : own->filters();
    if (filters > 0 && registry.own_filters() + filters > own_filters_max_) {
      return ResourceExhausted(
          "device: a profile of its own with %d topics, and such profiles have %d already, limit %d: "
          "let one profile file with placeholders read all devices of the family",
          filters, registry.own_filters(), own_filters_max_);
    }
    port::DeviceCredentials credentials = NewCredentials();
    Household changed = *owner;
    changed.devices.push_back({.device = DeviceId(enrolment.device),
                               .profile = enrolment.profile,
                               .claim = enrolment.claim,
                               .secret = enrolment.secret,
                               .own_profile = enrolment.own_profile,
                               .login = credentials.login,
                               .password = credentials.password,
                               .own = own});
    RETURN_IF_ERROR(CommitHousehold(std::move(changed)));
    return credentials;
  });
}

StatusOr<std::vector<port::DeviceRow>> Pipeline::ListDevices() {
  return Call<StatusOr<std::vector<port::DeviceRow>>>([&] {
    std::vector<port::DeviceRow> rows;
    const Registry& registry = core_->registry();
    for (const auto* owners : {&registry.households(), &registry.places()}) {
      for (const auto& [id, owner] : *owners) {
        const bool of_place = owner.kind == OwnerKind::kPlace;
        for (const port::EnrolledDevice& device : owner.devices) {
          rows.push_back({.device = device.device.value(),
                          .household = of_place ? "" : id.value(),
                          .place = of_place ? id.value() : "",
                          .profile = device.profile,
                          .claim = device.secret ? "" : device.claim,
                          .login = device.login});
        }
      }
    }
    std::ranges::sort(rows, {}, &port::DeviceRow::device);
    return rows;
  });
}

StatusOr<port::DeviceCredentials> Pipeline::RenewLogin(const std::string& device) {
  return Call<StatusOr<port::DeviceCredentials>>([&]() -> StatusOr<port::DeviceCredentials> {
    if (!broker_logins_) return BrokerLoginsAreOff();
    const Household* owner = core_->registry().FindDevice(DeviceId(device));
    if (owner == nullptr) {
      return NotFound("no such device; `commons device list` shows those there are");
    }
    port::DeviceCredentials credentials = NewCredentials();
    Household changed = *owner;
    for (port::EnrolledDevice& one : changed.devices) {
      if (one.device.value() != device) continue;
      one.login = credentials.login;
      one.password = credentials.password;
    }
    RETURN_IF_ERROR(CommitHousehold(std::move(changed)));
    return credentials;
  });
}

Status Pipeline::CommitBridges(std::vector<port::BridgeLogin> bridges) {
  store::Batch batch;
  RETURN_IF_ERROR(core_->registry().SaveBridges(batch, bridges));
  RETURN_IF_ERROR(vault_->Commit(batch));
  core_->registry().TakeBridges(std::move(bridges));
  PublishAdmissions();
  return syncer_->Barrier();
}

StatusOr<port::DeviceCredentials> Pipeline::AddBrokerLogin(const std::string& name,
                                                           const std::string& profile) {
  return Call<StatusOr<port::DeviceCredentials>>([&]() -> StatusOr<port::DeviceCredentials> {
    if (!broker_logins_) return BrokerLoginsAreOff();
    RETURN_IF_ERROR(CheckLabel("broker login", name));
    RETURN_IF_ERROR(CheckProfileId(profile));
    std::vector<port::BridgeLogin> bridges = core_->registry().bridges();
    if (std::ranges::count(bridges, name, &port::BridgeLogin::name) > 0) {
      return AlreadyExists("a broker login of this name exists; remove it first for a new password");
    }
    if (bridges.size() >= limits::kBridgeLoginsMax) {
      return ResourceExhausted("broker logins: %d, the most one gateway makes",
                               limits::kBridgeLoginsMax);
    }
    port::DeviceCredentials credentials = NewCredentials();
    bridges.push_back({.name = name,
                       .profile = profile,
                       .login = credentials.login,
                       .password = credentials.password});
    RETURN_IF_ERROR(CommitBridges(std::move(bridges)));
    return credentials;
  });
}

StatusOr<std::vector<port::BrokerLoginRow>> Pipeline::ListBrokerLogins() {
  return Call<StatusOr<std::vector<port::BrokerLoginRow>>>([&] {
    std::vector<port::BrokerLoginRow> rows;
    for (const port::BridgeLogin& bridge : core_->registry().bridges()) {
      rows.push_back({.name = bridge.name, .profile = bridge.profile, .login = bridge.login});
    }
    return rows;
  });
}

Status Pipeline::RemoveBrokerLogin(const std::string& name) {
  return Call<Status>([&]() -> Status {
    std::vector<port::BridgeLogin> bridges = core_->registry().bridges();
    if (std::erase_if(bridges, [&](const auto& bridge) { return bridge.name == name; }) == 0) {
      return NotFound("no such broker login; `commons broker login list` shows those there are");
    }
    return CommitBridges(std::move(bridges));
  });
}

}  // namespace gateway::pipeline
