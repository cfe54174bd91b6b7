// From contributions to cells on the exact tier: the rules of architecture §6 for one sheet, that
// is all cells of one metric, zone and civil day, decided together. Pure and integer-only: the
// same input gives the same sheet, and nothing here knows who a household is. Sheets of places
// have no threshold and no dominance rule: nobody lives there.
//
// Sources of the rules: docs/decisions and docs/architecture.md; the threshold and dominance
// rules are the (n,k)-style rules of the Handbook on Statistical Disclosure Control, ch. 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/cell.h"

namespace gateway::privacy {

// One owner's readings in one window of the metric's finest bucket, as one integer.
struct Contribution {
  int64_t value = 0;
  uint32_t readings = 0;  // how many readings it is made of; 0 = did not contribute
  uint64_t weight = 0;    // for how many seconds `value` held, if contributions are averaged;
                          // 0 = did not contribute
};

// A household's, or a place's. `fine[i]` belongs to `SheetInput::fine_windows[i]`; at least one
// has readings.
struct OwnerDay {
  std::vector<Contribution> fine;
};

// A share rule as far as a sheet is concerned.
struct SheetRule {
  RuleId id;
  bool whole_day = false;  // one bucket, the civil day; else buckets of length `bucket`
  Millis bucket{0};        // aligned to UTC, whole runs of fine windows; 0: the fine windows
  uint32_t k_min = 0;            // of households: positive; of places: 0
  uint32_t top1_max_pct = 0;     // of households: 1 to 100; of places: 0
  uint32_t top2_max_pct = 0;     // of households: 1 to 100, or 0 for none; of places: 0
  // Released sums become the nearest multiple of it, ties away from zero, and means are made of
  // those; below 2^62. 0: exact. Not of levels, which have no sum.
  int64_t round_to = 0;
  std::optional<uint64_t> min_count = std::nullopt;  // of places, where contributions add up
  bool too_young = false;        // not valid since the day's start: suppressed, as a whole
  std::vector<uint32_t> members;  // indices into `owners` that the rule may count, ascending
};

// What an owner's longer bucket is made of: the sum of its fine windows' integers, or their mean,
// weighted by how long each held; of levels in decibels the mean of the energy (energy_mean.h), and
// then so is the mean over owners.
enum class Combine { kSum, kMean, kEnergyMean };

struct SheetInput {
  Window day;
  OwnerKind owner_kind = OwnerKind::kHousehold;  // of all owners
  Combine combine = Combine::kSum;
  uint32_t steps_per_bel = 0;  // of kEnergyMean: 10, 100 or 1000
  std::vector<Window> fine_windows;  // the shortest bucket of any rule; equals {day} if there is
                                     // only the day; ascending, starts within the day
  std::vector<OwnerDay> owners;
  std::vector<SheetRule> rules;  // in the policy's order, which decides overlaps
};

struct DecidedBucket {
  Window window;
  SuppressionReason reason = SuppressionReason::kNone;  // kNone = released
  // Meaningful only when released.
  uint32_t count = 0;
  int64_t sum = 0;  // rounded; 0 if it is below min_count, and of levels, which do not add up
  int64_t mean = 0;  // over those who count, rounded half up, ties away from zero; 0 if below
  uint64_t readings = 0;
  bool below = false;  // released, but as "less than min_count": the sum stays here
};

struct DecidedRule {
  RuleId id;
  std::vector<DecidedBucket> buckets;  // in window order
};

// Of levels a share is one of the energy: the loudest household must not have more than
// top1_max_pct of it, or the mean would be its level less a constant. top2_max_pct bounds the two
// largest shares together wherever top1_max_pct bounds the largest: whoever is the second largest, or
// knows it, and subtracts it, is left at least 100 - top2_max_pct percent of the sum away from the
// largest.
//
// Decides the sheet: overlap, primary rules, complementary suppression, in that order. Of places,
// a bucket is suppressed only if none contributed; what has to be hidden and protected is what
// lies below min_count.
// Returns InvalidArgument if the input is inconsistent (indices, window counts, safeguards that do
// not fit the owners), or if a sum would not fit in 62 bits.
StatusOr<std::vector<DecidedRule>> DecideSheet(const SheetInput& input);

__extension__ using Wide = __int128;  // what sums of 62-bit numbers times weights are made in

// sum ÷ weight rounded half up, ties away from zero. `weight` must be positive and the result fit.
int64_t RoundedMean(Wide sum, uint64_t weight);

// floor(100 × readings × interval ÷ (count × window)), at most 100.
uint32_t CompletenessPct(uint64_t readings, Millis interval, uint32_t count, Millis window);

}  // namespace gateway::privacy
