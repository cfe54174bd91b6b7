// Whether new rules are tighter or looser than the old ones, by what they mean and not by what they
// say. Every request is a point in a space of few dimensions (evaluate.h), every rule a box in it,
// so it is enough to look at one point between any two borders of either document: exact, no
// solver. The verdict decides how many stewards must sign and how long the notice is (lifecycle.h).
// Pure.
//
// Answers to one request are ordered, from tight to loose:
//   FORBIDDEN < any other refusal < allowed, and of two allowed ones by their safeguards
// each of which has its tighter end: larger k_min, round_to, min_count, coarsening; smaller
// percentages; redistribution false. For a duty it is the other way round: none is looser than
// some, and a longer deadline looser than a shorter one. A forbid that is taken back is looser even
// where no rule would allow the request. A recipient, purpose, metric or level that only one of the
// two knows is refused by the other (UNKNOWN_PARTY, UNKNOWN_PURPOSE, BAD_REQUEST): a refusal like
// any other, so that a name which is forbidden from the start is tighter than none.
// Requests are asked as of all times at which a rule begins or ends to be valid, past ones too;
// that a document itself has not begun or has expired plays no part (EvaluateRules).
// What no request can show is compared as it stands:
//   incomparable  time_zone; the order of the zone levels that both have; a zone's level or parent,
//                 and a zone that is dropped (it could come back elsewhere); what a metric is, but
//                 for bucket_min; a purpose's IRI; another household_rule with the same mode
//   ordered       a metric's bucket_min and the bucket of rollups: larger is tighter
// No difference at all: new zones; ids of rules (but a duty to publish is known by the id of its
// share rule), lines, reasons, dates of the document, numbers of homes, and groups of purposes as
// far as no forbid names them. Of the charters only the floors count, of the rosters only which
// parties there are.
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
  Order order = Order::kEqual;  // never equal
  // For people: "release of load to city-hall for official-stats: k_min 8 instead of 10".
  std::string what;
  // The simplest request that shows it: OrderOf what EvaluateRules answers to it at `at` is that
  // order. None where no request can show it.
  std::optional<Request> witness;
  Time at;
};

struct Comparison {
  Order order = Order::kEqual;  // of `after`, seen from `before`: of all differences together
  // One for each order and for each action, recipient, purpose and metric, at most; those that are
  // alike are told as one, with the witness of one of them.
  std::vector<Difference> differences;
};

// Each with its own charter's floors and roster. The order of documents' lists does not matter. A
// policy with 100 share rules and 50 parties takes milliseconds (docs/architecture.md §8).
Comparison Compare(const Documents& before, const Documents& after);

// The order of two answers to one request, `after` seen from `before`.
Order OrderOf(Action action, const Decision& before, const Decision& after);

// The ids, sorted, of entrenched rules, by the list of the charter of `before` or so marked in its
// policy, that `after` changes or drops. What counts is what the rule of that id says, mark
// included and reason not, and not where it stands. A forbid whose words are the same is touched
// too if a purpose that it names by its group has left the group or the list, or if it covers a
// level of zones no more.
std::vector<std::string> EntrenchedTouched(const Documents& before, const Documents& after);

}  // namespace gateway::policy
