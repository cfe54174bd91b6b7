// Messages of the quarantine, decoded again with the profiles of today: port/quarantine.h.
#pragma once

#include <vector>

#include "gateway/ingest/profile.h"
#include "gateway/port/quarantine.h"

namespace gateway::ingest {

// Has a resolver of its own, so that it may be used beside the door, by one thread at a time.
port::Rereading MakeRereading(std::vector<Profile> profiles);

}  // namespace gateway::ingest
