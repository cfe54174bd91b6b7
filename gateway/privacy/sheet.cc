#include "gateway/privacy/sheet.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>

#include "gateway/base/check.h"
#include "gateway/model/rounding.h"
#include "gateway/privacy/energy_mean.h"

namespace gateway::privacy {
namespace {

using Set = std::vector<uint32_t>;  // of indices into `owners`, ascending

constexpr Wide kSumMax = (Wide{1} << 62) - 1;

Wide Magnitude(Wide value) { return value < 0 ? -value : value; }

// What several owners have together in one or more windows, each owner counted once.
struct Tally {
  uint32_t count = 0;
  Wide sum = 0;
  uint64_t readings = 0;
  // Shares are of absolute values, so that opposite signs cannot hide a dominant household behind
  // a small or zero sum. Where no value is negative, `magnitude` is `sum`.
  Wide magnitude = 0;
  Wide largest = 0;
  Wide second = 0;  // largest but one
  std::vector<HeldLevel> levels;  // of kEnergyMean, instead of the three sums
};

// One owner's integer over one or more windows; no readings = did not contribute.
struct Share {
  Wide value = 0;
  uint64_t readings = 0;
};

Share ShareOf(const SheetInput& input, const OwnerDay& owner,
              std::span<const std::size_t> windows) {
  Share share;
  uint64_t weight = 0;
  std::vector<HeldLevel> levels;
  for (const std::size_t window : windows) {
    const Contribution& part = owner.fine[window];
    if (part.readings == 0) continue;
    share.readings += part.readings;
    weight += part.weight;
    if (input.combine == Combine::kEnergyMean) {
      levels.push_back({part.value, part.weight});
    } else {
      share.value +=
          input.combine == Combine::kSum ? Wide{part.value} : part.value * Wide{part.weight};
    }
  }
  if (input.combine == Combine::kSum) return share;
  if (weight == 0) return {};
  share.value = input.combine == Combine::kMean ? RoundedMean(share.value, weight)
                                                : EnergyMean(levels, input.steps_per_bel);
  return share;
}

Tally TallyOf(const SheetInput& input, const Set& owners, std::span<const std::size_t> windows) {
  Tally tally;
  for (const uint32_t owner : owners) {
    const Share share = ShareOf(input, input.owners[owner], windows);
    if (share.readings == 0) continue;
    ++tally.count;
    tally.readings += share.readings;
    if (input.combine == Combine::kEnergyMean) {
      tally.levels.push_back({static_cast<int64_t>(share.value), 1});
      continue;
    }
    tally.sum += share.value;
    tally.magnitude += Magnitude(share.value);
    const Wide size = Magnitude(share.value);
    tally.second = std::max(tally.second, std::min(tally.largest, size));
    tally.largest = std::max(tally.largest, size);
  }
  return tally;
}

bool IsBelow(const Tally& tally, const SheetRule& rule) {
  return rule.min_count.has_value() && tally.sum < Wide{*rule.min_count};
}

bool OneStandsOut(const SheetInput& input, const Tally& tally, uint32_t top1_max_pct) {
  if (input.combine == Combine::kEnergyMean) {
    return LoudestStandsOut(tally.levels, input.steps_per_bel, top1_max_pct);
  }
  return tally.largest * 100 > Wide{top1_max_pct} * tally.magnitude;
}

bool TwoStandOut(const SheetInput& input, const Tally& tally, uint32_t top2_max_pct) {
  if (input.combine == Combine::kEnergyMean) {
    return TwoLoudestStandOut(tally.levels, input.steps_per_bel, top2_max_pct);
  }
  return (tally.largest + tally.second) * 100 > Wide{top2_max_pct} * tally.magnitude;
}

// The primary rules; kNone = safe.
SuppressionReason Judge(const SheetInput& input, const Tally& tally, const SheetRule& rule) {
  if (tally.count == 0 || tally.count < rule.k_min) return SuppressionReason::kTooFew;
  // Nobody stands out among places, whose rules have no share.
  const bool dominated =
      (rule.top1_max_pct != 0 && OneStandsOut(input, tally, rule.top1_max_pct)) ||
      (rule.top2_max_pct != 0 && TwoStandOut(input, tally, rule.top2_max_pct));
  return dominated ? SuppressionReason::kDominance : SuppressionReason::kNone;
}

int64_t MeanOf(const SheetInput& input, const Tally& tally) {
  return input.combine == Combine::kEnergyMean ? EnergyMean(tally.levels, input.steps_per_bel)
                                               : RoundedMean(tally.sum, tally.count);
}

Status CheckWindows(const SheetInput& input) {
  if (input.fine_windows.empty()) return InvalidArgument("sheet: has no window");
  for (std::size_t i = 0; i < input.fine_windows.size(); ++i) {
    const Window& window = input.fine_windows[i];
    if (window.start >= window.end || !input.day.Contains(window.start)) {
      return InvalidArgument("sheet: window %d is empty or starts outside the day", i);
    }
    if (i > 0 && window.start < input.fine_windows[i - 1].end) {
      return InvalidArgument("sheet: window %d starts before the one before it ends", i);
    }
  }
  return OkStatus();
}

Status CheckOwners(const SheetInput& input) {
  const bool of_levels = input.combine == Combine::kEnergyMean;
  if (of_levels && !IsEnergyScale(input.steps_per_bel)) {
    return InvalidArgument("sheet: %d steps in a bel, but only 10, 100 and 1000 are known",
                           input.steps_per_bel);
  }
  Wide total = 0;
  for (std::size_t i = 0; i < input.owners.size(); ++i) {
    const std::vector<Contribution>& fine = input.owners[i].fine;
    if (fine.size() != input.fine_windows.size()) {
      return InvalidArgument("sheet: input %d has %d windows, the sheet %d", i, fine.size(),
                             input.fine_windows.size());
    }
    Wide weight = 0;
    for (const Contribution& part : fine) {
      if (part.readings == 0) continue;
      weight += part.weight;
      if (of_levels && weight > kEnergyWeightMax) {
        return InvalidArgument("sheet: the levels of input %d weigh more than %d seconds", i,
                               kEnergyWeightMax);
      }
      total += Magnitude(part.value);
      // Bounding the total of all absolute values bounds every sum that can be asked for.
      if (total > kSumMax) return InvalidArgument("sheet: the values' sum exceeds 62 bits");
    }
  }
  return OkStatus();
}

// Fails closed: a household's rule without its safeguards decides nothing.
Status CheckSafeguards(const SheetInput& input, const SheetRule& rule) {
  const bool of_levels = input.combine == Combine::kEnergyMean;
  if (rule.round_to < 0 || rule.round_to > kSumMax || (of_levels && rule.round_to != 0)) {
    return InvalidArgument("rule \"%s\": round_to %d must be 0 to 2^62 - 1, and 0 of levels",
                           rule.id.value(), rule.round_to);
  }
  if (rule.top2_max_pct > (input.owner_kind == OwnerKind::kPlace ? 0 : 100)) {
    return InvalidArgument("rule \"%s\": top2_max_pct %d must be at most 100, and of places 0",
                           rule.id.value(), rule.top2_max_pct);
  }
  if (input.owner_kind == OwnerKind::kPlace) {
    const bool may_count = input.combine == Combine::kSum && rule.min_count != 0;
    if (rule.k_min == 0 && rule.top1_max_pct == 0 && (may_count || !rule.min_count)) {
      return OkStatus();
    }
    return InvalidArgument("rule \"%s\": of places it may have no k_min and top1_max_pct, and a "
                           "positive min_count only of sums", rule.id.value());
  }
  if (rule.k_min == 0 || rule.top1_max_pct == 0 || rule.top1_max_pct > 100 || rule.min_count) {
    return InvalidArgument("rule \"%s\": k_min %d must be positive, top1_max_pct %d 1 to 100, and "
                           "min_count absent", rule.id.value(), rule.k_min, rule.top1_max_pct);
  }
  return OkStatus();
}

Status CheckRules(const SheetInput& input) {
  for (const SheetRule& rule : input.rules) {
    RETURN_IF_ERROR(CheckSafeguards(input, rule));
    for (std::size_t i = 0; i < rule.members.size(); ++i) {
      if (rule.members[i] >= input.owners.size() ||
          (i > 0 && rule.members[i] <= rule.members[i - 1])) {
        return InvalidArgument("rule \"%s\": member %d of %d is out of range or not ascending",
                               rule.id.value(), i, rule.members.size());
      }
    }
  }
  return OkStatus();
}

// The members with at least one reading in the day, whatever the bucket.
Set PresentMembers(const SheetInput& input, const SheetRule& rule) {
  Set present;
  std::copy_if(rule.members.begin(), rule.members.end(), std::back_inserter(present),
               [&](uint32_t member) {
                 const std::vector<Contribution>& fine = input.owners[member].fine;
                 return std::any_of(fine.begin(), fine.end(),
                                    [](const Contribution& part) { return part.readings > 0; });
               });
  return present;
}

std::size_t DifferenceSize(const Set& a, const Set& b) {
  Set difference;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::back_inserter(difference));
  return difference.size();
}

// Step 1. Per rule kNone (kept) or why it is suppressed for the whole day. Two rules whose sets
// differ by a few households would reveal those few by subtraction.
std::vector<SuppressionReason> JudgeOverlaps(const SheetInput& input,
                                             const std::vector<Set>& present) {
  std::vector<SuppressionReason> reasons;
  for (std::size_t i = 0; i < input.rules.size(); ++i) {
    SuppressionReason reason = input.rules[i].too_young ? SuppressionReason::kRuleTooYoung
                                                        : SuppressionReason::kNone;
    for (std::size_t j = 0; j < i && reason == SuppressionReason::kNone; ++j) {
      if (reasons[j] != SuppressionReason::kNone) continue;
      const std::size_t difference = DifferenceSize(present[i], present[j]);
      const uint32_t k = std::max(input.rules[i].k_min, input.rules[j].k_min);
      if (difference >= 1 && difference < k) reason = SuppressionReason::kOverlap;
    }
    reasons.push_back(reason);
  }
  return reasons;
}

DecidedBucket DecideBucket(const SheetInput& input, const Window& window, const Tally& tally,
                           const SheetRule& rule) {
  DecidedBucket bucket;
  bucket.window = window;
  bucket.reason = Judge(input, tally, rule);
  if (bucket.reason != SuppressionReason::kNone) return bucket;
  bucket.count = tally.count;
  bucket.below = IsBelow(tally, rule);
  bucket.sum = bucket.below ? 0 : static_cast<int64_t>(tally.sum);  // at most kSumMax, see CheckOwners
  bucket.mean = bucket.below ? 0 : MeanOf(input, tally);
  bucket.readings = tally.readings;
  return bucket;
}

// One bucket of a rule: a run of fine windows, in order.
struct Bucket {
  Window window;
  std::vector<std::size_t> parts;
};

std::vector<Bucket> BucketsOf(const SheetInput& input, const SheetRule& rule) {
  std::vector<Bucket> buckets;
  Time begun;  // of the UTC-aligned window that the last bucket fills
  for (std::size_t i = 0; i < input.fine_windows.size(); ++i) {
    const Window& fine = input.fine_windows[i];
    const Time start = rule.bucket > Millis(0) ? FloorTo(fine.start, rule.bucket) : fine.start;
    if (buckets.empty() || (!rule.whole_day && start != begun)) {
      buckets.push_back({fine, {}});
      begun = start;
    }
    buckets.back().window.end = fine.end;
    buckets.back().parts.push_back(i);
  }
  if (rule.whole_day) buckets.front().window = input.day;
  return buckets;
}

// A rule on its way through the three steps.
struct RuleState {
  const SheetRule* rule = nullptr;
  Set present;
  std::vector<Bucket> buckets;
  std::vector<DecidedBucket> decided;  // beside `buckets`
};

// Step 2, or every bucket with `rule_reason` if the rule is suppressed as a whole.
void DecidePrimary(const SheetInput& input, SuppressionReason rule_reason, RuleState& state) {
  for (const Bucket& bucket : state.buckets) {
    if (rule_reason == SuppressionReason::kNone) {
      state.decided.push_back(
          DecideBucket(input, bucket.window, TallyOf(input, state.present, bucket.parts),
                       *state.rule));
    } else {
      state.decided.push_back({.window = bucket.window, .reason = rule_reason});
    }
  }
}

bool ShowsItsSum(const DecidedBucket& bucket) {
  return bucket.reason == SuppressionReason::kNone && !bucket.below;
}

// Whether the hidden buckets among `inside`, which anyone can sum by subtracting the others from
// the longer bucket, tell no more together than one bucket that shows its sum may.
bool HiddenAreProtected(const SheetInput& input, const RuleState& state,
                        const std::vector<std::size_t>& inside) {
  std::size_t hidden = 0;
  std::vector<std::size_t> parts;
  for (const std::size_t i : inside) {
    if (ShowsItsSum(state.decided[i])) continue;
    ++hidden;
    parts.insert(parts.end(), state.buckets[i].parts.begin(), state.buckets[i].parts.end());
  }
  if (hidden == 0) return true;
  const Tally together = TallyOf(input, state.present, parts);
  return hidden >= 2 && Judge(input, together, *state.rule) == SuppressionReason::kNone &&
         !IsBelow(together, *state.rule);
}

// Step 3 for the shorter buckets `inside` one released longer bucket.
void SuppressComplementary(const SheetInput& input, const std::vector<std::size_t>& inside,
                           RuleState& state) {
  while (!HiddenAreProtected(input, state, inside)) {
    DecidedBucket* smallest = nullptr;
    for (const std::size_t i : inside) {
      DecidedBucket& bucket = state.decided[i];
      if (!ShowsItsSum(bucket)) continue;
      const bool smaller = smallest != nullptr && (input.combine == Combine::kEnergyMean
                                                       ? bucket.mean < smallest->mean
                                                       : bucket.sum < smallest->sum);
      if (smallest == nullptr || smaller) smallest = &bucket;
    }
    if (smallest == nullptr) return;
    *smallest = {.window = smallest->window, .reason = SuppressionReason::kComplementary};
  }
}

// Protects `shorter` against every released bucket of `longer`. Equal buckets need no protection:
// the longer rule's has nothing inside to subtract.
void Protect(const SheetInput& input, const RuleState& longer, RuleState& shorter) {
  if (longer.buckets.size() >= shorter.buckets.size()) return;
  // Without min_count, places hide nothing but that there was nothing.
  if (input.owner_kind == OwnerKind::kPlace && !shorter.rule->min_count) return;
  for (const DecidedBucket& released : longer.decided) {
    if (!ShowsItsSum(released)) continue;
    std::vector<std::size_t> inside;
    for (std::size_t i = 0; i < shorter.buckets.size(); ++i) {
      if (released.window.Contains(shorter.buckets[i].window.start)) inside.push_back(i);
    }
    SuppressComplementary(input, inside, shorter);
  }
}

// Last: what is hidden, and what protects it, is up to the exact sums.
void Round(int64_t round_to, DecidedBucket& bucket) {
  if (round_to == 0 || !ShowsItsSum(bucket)) return;
  bucket.sum = NearestMultiple(bucket.sum, round_to);
  bucket.mean = RoundedMean(bucket.sum, bucket.count);
}

}  // namespace

StatusOr<std::vector<DecidedRule>> DecideSheet(const SheetInput& input) {
  RETURN_IF_ERROR(CheckWindows(input));
  RETURN_IF_ERROR(CheckOwners(input));
  RETURN_IF_ERROR(CheckRules(input));
  std::vector<Set> present;
  for (const SheetRule& rule : input.rules) present.push_back(PresentMembers(input, rule));
  const std::vector<SuppressionReason> kept = JudgeOverlaps(input, present);
  std::vector<RuleState> states;
  for (std::size_t i = 0; i < input.rules.size(); ++i) {
    states.push_back({&input.rules[i], present[i], BucketsOf(input, input.rules[i]), {}});
    DecidePrimary(input, kept[i], states[i]);
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (kept[i] != SuppressionReason::kNone) continue;
    for (const RuleState& longer : states) Protect(input, longer, states[i]);
  }
  std::vector<DecidedRule> decided;
  for (RuleState& state : states) {
    for (DecidedBucket& bucket : state.decided) Round(state.rule->round_to, bucket);
    decided.push_back({state.rule->id, std::move(state.decided)});
  }
  return decided;
}

int64_t RoundedMean(Wide sum, uint64_t weight) {
  GW_CHECK(weight > 0);
  const Wide doubled = Magnitude(sum) * 2 + weight;
  const auto magnitude = static_cast<int64_t>(doubled / (Wide{weight} * 2));
  return sum < 0 ? -magnitude : magnitude;
}

uint32_t CompletenessPct(uint64_t readings, Millis interval, uint32_t count, Millis window) {
  GW_CHECK(count > 0 && interval > Millis(0) && window > Millis(0));
  const Wide have = Wide{readings} * interval.count();
  const Wide want = Wide{count} * window.count();
  // Compared first: 100 × `have` could pass 127 bits.
  return have >= want ? 100 : static_cast<uint32_t>(100 * have / want);
}

}  // namespace gateway::privacy
