#include "gateway/daemon/logins.h"

#include <algorithm>
#include <utility>

#include "gateway/ingest/broker_login.h"
#include "gateway/ingest/login_topics.h"
#include "gateway/ingest/own_profile.h"

namespace gateway::daemon {
namespace {

constexpr std::string_view kAnyMetric = "{metric}";

const ingest::Profile* Find(const std::vector<ingest::Profile>& profiles, std::string_view id) {
  const auto found = std::ranges::find(profiles, id, &ingest::Profile::id);
  return found == profiles.end() ? nullptr : &*found;
}

// Calls `use` with the profile of the device, its own or an installed one. Not if there is none any
// more: a file was taken away.
template <typename Use>
void WithProfile(const port::EnrolledDevice& device, const std::vector<ingest::Profile>& profiles,
                 const Use& use) {
  const ingest::Profile* profile = device.own_profile.empty() ? Find(profiles, device.profile)
                                                              : ingest::OwnProfileOf(device);
  if (profile != nullptr) use(*profile);
}

}  // namespace

std::vector<ingest::BrokerLogin> LoginsOf(const port::AdmissionTable& table,
                                          const std::vector<ingest::Profile>& profiles) {
  std::vector<ingest::BrokerLogin> logins;
  for (const auto& device : table.devices()) {
    if (device->login.empty()) continue;
    ingest::BrokerLogin& login = logins.emplace_back();
    login.login = device->login;
    login.password = device->password;
    WithProfile(*device, profiles, [&](const ingest::Profile& profile) {
      login.topics = ingest::TopicsOf(profile, device->claim);
    });
  }
  for (const port::BridgeLogin& bridge : table.bridges()) {
    ingest::BrokerLogin& login = logins.emplace_back();
    login.login = bridge.login;
    login.password = bridge.password;
    if (const ingest::Profile* profile = Find(profiles, bridge.profile)) {
      login.topics = ingest::BridgeTopicsOf(*profile);
    }
  }
  return logins;
}

ingest::Sending SendingOf(const port::EnrolledDevice& device,
                          const std::vector<ingest::Profile>& profiles) {
  ingest::Sending sending;
  WithProfile(device, profiles, [&](const ingest::Profile& profile) {
    sending.metrics = profile.Metrics();
    sending.expects = profile.expects();
  });
  if (std::ranges::count(sending.metrics, kAnyMetric) > 0) sending.metrics.clear();
  return sending;
}

StatusOr<std::unique_ptr<ingest::BrokerControl>> StartLogins(
    const Config& config, std::vector<ingest::Profile> profiles, const port::Intake& intake) {
  if (!config.broker_logins) return std::unique_ptr<ingest::BrokerControl>();
  return ingest::BrokerControl::Start(
      {.broker = config.broker,
       .ca_file = config.broker_ca,
       .client_id = "commonsd-" + config.gateway.value() + "-logins",
       .login = [path = config.broker_login] { return ingest::ReadLogin(path); },
       .logins =
           [profiles = std::move(profiles)](const port::AdmissionTable& table) {
             return LoginsOf(table, profiles);
           },
       .intake = &intake});
}

}  // namespace gateway::daemon
