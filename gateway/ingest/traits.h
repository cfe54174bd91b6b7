// What profiles know of the series of a device, for the pipeline.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/ingest/profile.h"
#include "gateway/model/metric.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// Immutable. Thread-safe.
class Traits {
 public:
  explicit Traits(const std::vector<Profile>& profiles);

  // By the device's own profile if it has one, otherwise by the one that it is enrolled with. In
  // steps of the metric; `step_max` only of counters: the door has judged the others already.
  // Empty where the profile says nothing, or nothing that fits into the metric's unit and steps.
  port::SeriesTraits Of(const port::EnrolledDevice& device, const Metric& metric) const;

 private:
  std::map<std::string, Profile, std::less<>> profiles_;
};

}  // namespace gateway::ingest
