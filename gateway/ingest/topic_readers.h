// Whose messages a topic holds: so that nobody is enrolled for a topic of somebody else's.
#pragma once

#include <span>
#include <string_view>

#include "gateway/ingest/profile.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// Whether an enrolled device publishes on `topic`, by an installed profile or by one of its own.
bool IsOfEnrolledDevice(std::string_view topic, std::span<const Profile> installed,
                        const port::AdmissionTable& table);

}  // namespace gateway::ingest
