// Whether new rules are tighter or looser than the old ones, by what they mean and not by what they
// say. Every request is a point in a space of few dimensions (evaluate.h), every rule a box in it, so
// it is enough to look at one point between any two borders of either document: exact, no solver.
// This verdict decides how many stewards must sign and how long the notice is (lifecycle.h). Pure.
//
// Answers are ordered for each request:
//   FORBIDDEN < any other refusal < allowed, and of two allowed ones by their safeguards
// each of which has its tighter end: larger k_min, round_to, min_count, coarsening; smaller
// percentages; redistribution false. For a duty it is the other way round: none is looser than some,
// and a longer deadline looser than a shorter one.
// What no request can show is compared as it stands: a metric's unit, kind, resolution and bounds, the
// zones' levels and parents, and the time zone (any change: incomparable, but zones and metrics may be
// added freely), a purpose's IRI (incomparable) and group. Names, lines, reasons, dates of the document
// and numbers of homes are no difference.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/evaluate.h"

namespace gateway::policy {

enum class Order { kEqual, kTighter, kLooser, kIncomparable };
std::string_view OrderName(Order order);  // "equal", "tighter", "looser", "incomparable"
// The order of a whole whose parts have these orders.
Order Combined(Order a, Order b);

struct Difference {
  Order order = Order::kEqual;
  std::string what;                // for people: "release of load to city-hall for official-stats"
  std::optional<Request> witness;  // one request that the two answer differently, the simplest there
  Time at;                         // is, and when to ask it; no witness where no request can show it
};

struct Comparison {
  Order order = Order::kEqual;          // of `after`, seen from `before`
  std::vector<Difference> differences;  // one for each action, party, purpose and metric, at most
};

// Each with its own charter's floors and roster. Parties count by their ids.
Comparison Compare(const Documents& before, const Documents& after);

// The order of two answers to one request, `after` seen from `before`.
Order OrderOf(Action action, const Decision& before, const Decision& after);

// The ids of entrenched rules, of the charter's list or so marked, that `after` changes or drops.
// What counts is what the rule says, not where it stands.
std::vector<std::string> EntrenchedTouched(const Documents& before, const Documents& after);

}  // namespace gateway::policy
