#pragma once

#include <string_view>
#include <vector>

#include "gateway/ingest/fields.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

// Stands in until the codec is there: refuses everything.
class SenmlReader {
 public:
  port::DoorCode ReadJson(std::string_view /*payload*/, std::vector<SenmlRecord>& /*records*/) {
    return port::DoorCode::kMalformed;
  }
  port::DoorCode ReadCbor(std::string_view /*payload*/, std::vector<SenmlRecord>& /*records*/) {
    return port::DoorCode::kMalformed;
  }
};

}  // namespace gateway::ingest
