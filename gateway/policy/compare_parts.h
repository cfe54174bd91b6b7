// The parts of a comparison (compare.h). Internal to gateway/policy.
#pragma once

#include <set>
#include <string>
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

// What has changed from one answer to the other, for people.
std::string ChangeOf(const Decision& before, const Decision& after);

// When to ask where time does not matter: both are in force, or would be.
Time UsualTime(const Documents& before, const Documents& after);

// What requests for cells show.
std::vector<Found> CompareReleases(const Documents& before, const Documents& after);
// What other requests show: to collect, to keep, consent, duties.
std::vector<Found> CompareOthers(const Documents& before, const Documents& after);
// What no request shows.
std::vector<Difference> CompareVocabulary(const Documents& before, const Documents& after);

}  // namespace gateway::policy
