// What two documents say of the cells of each metric and purpose, told apart only where it differs.
// Internal to gateway/policy.
#pragma once

#include <string>
#include <vector>

#include "gateway/policy/documents.h"

namespace gateway::policy {

// The rules of a request are those of its metric and purpose: the cells of one pair are compared on
// their own, and pairs of which both documents say the same only once.
struct Pair {
  MetricId metric;
  std::string purpose;
};

// Pairs of which the same is to be said.
struct Group {
  std::vector<Pair> pairs;
  Documents before, after;
  bool same = false;  // both documents say the same, if the recipient is in both rosters or none
};

std::vector<Group> GroupPairs(const Documents& before, const Documents& after);

}  // namespace gateway::policy
