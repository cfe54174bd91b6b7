// The parts of a comparison (compare.h). Internal to gateway/policy.
#pragma once

#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/policy/compare.h"

namespace gateway::policy {

// A difference that is the same for all of these metrics, recipients and purposes.
struct Found {
  Order order = Order::kEqual;
  std::string subject;  // "release": comes before the names
  std::set<MetricId> metrics;
  std::set<PartyId> parties;
  std::set<std::string> purposes;
  std::string change;  // "k_min 8 instead of 10"
  Request witness;     // for one of them
  Time at;
};

// Asks both documents the same, and keeps the first request for each order. The documents must
// outlive it. Thread-compatible.
class Asking {
 public:
  Asking(const Documents& before, const Documents& after) : before_(before), after_(after) {}

  // What is asked next is told under this name.
  void Begin(std::string subject);
  void Ask(const Request& request, Time at);
  std::vector<Found> Take() { return std::move(found_); }

 private:
  const Documents& before_;
  const Documents& after_;
  std::string subject_;
  std::array<bool, 4> seen_{};  // by Order
  std::vector<Found> found_;
};

// When to ask where time does not matter: both are in force, or would be.
Time UsualTime(const Documents& before, const Documents& after);

// What requests for cells show.
std::vector<Found> CompareReleases(const Documents& before, const Documents& after);
// What other requests show: to collect, to keep, consent, duties.
std::vector<Found> CompareOthers(const Documents& before, const Documents& after);
// What no request shows.
std::vector<Difference> CompareVocabulary(const Documents& before, const Documents& after);

}  // namespace gateway::policy
