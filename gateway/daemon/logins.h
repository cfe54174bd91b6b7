// The gateway's part at the broker besides listening: who may log in there, by registry and profiles.
#pragma once

#include <memory>
#include <vector>

#include "gateway/daemon/config.h"
#include "gateway/ingest/broker_control.h"
#include "gateway/ingest/broker_plan.h"
#include "gateway/ingest/listener.h"
#include "gateway/ingest/profile.h"
#include "gateway/port/intake.h"

namespace gateway::daemon {

// What the broker should have by this table: a login for each device and each bridge that has one.
std::vector<ingest::BrokerLogin> LoginsOf(const port::AdmissionTable& table,
                                          const std::vector<ingest::Profile>& profiles);

// What the profile of a device says that it sends.
ingest::Sending SendingOf(const port::EnrolledDevice& device,
                          const std::vector<ingest::Profile>& profiles);

// Null if the configuration makes no logins. `intake` must outlive it.
StatusOr<std::unique_ptr<ingest::BrokerControl>> StartLogins(
    const Config& config, std::vector<ingest::Profile> profiles, const port::Intake& intake);

}  // namespace gateway::daemon
