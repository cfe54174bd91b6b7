// From contributions to cells on the exact tier: the rules of architecture §6 for one sheet, that
// is all cells of one metric, zone and civil day, decided together. Pure and integer-only: the
// same input gives the same sheet, and nothing here knows who a household is.
//
// Sources of the rules: docs/decisions and docs/architecture.md; the threshold and dominance
// rules are the (n,k)-style rules of the Handbook on Statistical Disclosure Control, ch. 4.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/cell.h"

namespace gateway::privacy {

// One household's readings in one window of the metric's finest bucket, as one integer.
struct Contribution {
  int64_t value = 0;
  uint32_t readings = 0;  // how many readings it is made of; 0 = did not contribute
};

// `fine[i]` belongs to `SheetInput::fine_windows[i]`; at least one has readings.
struct HouseholdDay {
  std::vector<Contribution> fine;
};

// A share rule as far as a sheet is concerned.
struct SheetRule {
  RuleId id;
  bool whole_day = false;  // one bucket, the civil day; else buckets of length `bucket`
  Millis bucket{0};        // aligned to UTC, whole runs of fine windows; 0: the fine windows
  uint32_t k_min = 0;
  uint32_t top1_max_pct = 0;     // 1 to 100
  bool too_young = false;        // not valid since the day's start: suppressed, as a whole
  std::vector<uint32_t> members;  // indices into `households` whose grant covers the rule, ascending
};

struct SheetInput {
  Window day;
  std::vector<Window> fine_windows;  // the shortest bucket of any rule; equals {day} if there is
                                     // only the day; ascending, starts within the day
  std::vector<HouseholdDay> households;
  std::vector<SheetRule> rules;  // in the policy's order, which decides overlaps
};

struct DecidedBucket {
  Window window;
  SuppressionReason reason = SuppressionReason::kNone;  // kNone = released
  // Meaningful only when released.
  uint32_t count = 0;
  int64_t sum = 0;
  uint64_t readings = 0;
};

struct DecidedRule {
  RuleId id;
  std::vector<DecidedBucket> buckets;  // in window order
};

// Decides the sheet: overlap, primary rules, complementary suppression, in that order.
// Returns InvalidArgument if the input is inconsistent (indices, window counts), or if a sum
// would not fit in 62 bits.
StatusOr<std::vector<DecidedRule>> DecideSheet(const SheetInput& input);

// sum ÷ count rounded half up, ties away from zero. `count` must be positive.
int64_t RoundedMean(int64_t sum, uint32_t count);

// floor(100 × readings × interval ÷ (count × window)), at most 100.
uint32_t CompletenessPct(uint64_t readings, Millis interval, uint32_t count, Millis window);

}  // namespace gateway::privacy
