// Messages that the door refused for what they say, and what an operator may do with them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/port/intake.h"

namespace gateway::port {

struct QuarantineRow {
  uint64_t id = 0;
  Time arrival;
  std::string device;  // as the operator calls it
  std::string reason;  // a quarantined DoorCode's name
  uint64_t bytes = 0;  // of the payload
  bool whole = true;   // false: only its head was kept, and it cannot be tried again
  std::string shape;   // of the payload, with nothing of its values
};

// An empty field matches everything.
struct QuarantineFilter {
  std::string device;
  std::string reason;
};

struct RetryResult {
  uint32_t tried = 0;     // messages
  uint32_t admitted = 0;  // of those: they left the quarantine
  uint64_t observations = 0;
};

// How things were when a message came.
struct ArrivalMoment {
  Time now;
  bool clock_sound = true;
  bool compare_stamps = true;
};

// What a message yields by the profiles of today.
struct Redecoded {
  DoorCode code = DoorCode::kAdmitted;  // or why it, or one of its readings, is still refused
  std::vector<Admitted> readings;       // at least one exactly if `code` is kAdmitted
};

// How the pipeline reads quarantined messages again: given by whoever knows the profiles. The
// functions are called on the pipeline thread only.
struct Rereading {
  std::function<Redecoded(const Delivery& delivery,
                          const std::shared_ptr<const AdmissionTable>& table,
                          const ArrivalMoment& arrival)>
      decode;
  // Field names that stand in the profiles: they alone are shown as they are.
  std::set<std::string, std::less<>> keys;
};

}  // namespace gateway::port
