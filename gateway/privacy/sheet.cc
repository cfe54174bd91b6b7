#include "gateway/privacy/sheet.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>

#include "gateway/base/check.h"

namespace gateway::privacy {
namespace {

__extension__ using Wide = __int128;
using Set = std::vector<uint32_t>;  // of household indices, ascending

constexpr Wide kSumMax = (Wide{1} << 62) - 1;

Wide Magnitude(Wide value) { return value < 0 ? -value : value; }

// What several households have together in one or more windows, each household counted once.
struct Tally {
  uint32_t count = 0;
  Wide sum = 0;
  uint64_t readings = 0;
  // Shares are of absolute values, so that opposite signs cannot hide a dominant household behind
  // a small or zero sum. Where no value is negative, `weight` is `sum`.
  Wide weight = 0;
  Wide largest = 0;
};

Tally TallyOf(const SheetInput& input, const Set& households,
              std::span<const std::size_t> windows) {
  Tally tally;
  for (const uint32_t household : households) {
    Wide value = 0;
    uint64_t readings = 0;
    for (const std::size_t window : windows) {
      const Contribution& part = input.households[household].fine[window];
      if (part.readings == 0) continue;
      value += part.value;
      readings += part.readings;
    }
    if (readings == 0) continue;
    ++tally.count;
    tally.sum += value;
    tally.readings += readings;
    tally.weight += Magnitude(value);
    tally.largest = std::max(tally.largest, Magnitude(value));
  }
  return tally;
}

// The primary rules; kNone = safe.
SuppressionReason Judge(const Tally& tally, const SheetRule& rule) {
  if (tally.count == 0 || tally.count < rule.k_min) return SuppressionReason::kTooFew;
  if (tally.largest * 100 > Wide{rule.top1_max_pct} * tally.weight) {
    return SuppressionReason::kDominance;
  }
  return SuppressionReason::kNone;
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

Status CheckHouseholds(const SheetInput& input) {
  Wide total = 0;
  for (std::size_t i = 0; i < input.households.size(); ++i) {
    const std::vector<Contribution>& fine = input.households[i].fine;
    if (fine.size() != input.fine_windows.size()) {
      return InvalidArgument("sheet: input %d has %d windows, the sheet %d", i, fine.size(),
                             input.fine_windows.size());
    }
    for (const Contribution& part : fine) {
      if (part.readings != 0) total += Magnitude(part.value);
      // Bounding the total of all absolute values bounds every sum that can be asked for.
      if (total > kSumMax) return InvalidArgument("sheet: the values' sum exceeds 62 bits");
    }
  }
  return OkStatus();
}

Status CheckRules(const SheetInput& input) {
  for (const SheetRule& rule : input.rules) {
    if (rule.k_min == 0 || rule.top1_max_pct == 0 || rule.top1_max_pct > 100) {
      return InvalidArgument("rule \"%s\": k_min %d must be positive, top1_max_pct %d 1 to 100",
                             rule.id.value(), rule.k_min, rule.top1_max_pct);
    }
    for (std::size_t i = 0; i < rule.members.size(); ++i) {
      if (rule.members[i] >= input.households.size() ||
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
                 const std::vector<Contribution>& fine = input.households[member].fine;
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

DecidedBucket DecideBucket(const Window& window, const Tally& tally, const SheetRule& rule) {
  DecidedBucket bucket;
  bucket.window = window;
  bucket.reason = Judge(tally, rule);
  if (bucket.reason != SuppressionReason::kNone) return bucket;
  bucket.count = tally.count;
  bucket.sum = static_cast<int64_t>(tally.sum);  // at most kSumMax, see CheckHouseholds
  bucket.readings = tally.readings;
  return bucket;
}

std::vector<std::size_t> AllWindows(const SheetInput& input) {
  std::vector<std::size_t> all(input.fine_windows.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

// Step 2, or every bucket with `rule_reason` if the rule is suppressed as a whole.
DecidedRule DecidePrimary(const SheetInput& input, const SheetRule& rule, const Set& present,
                          SuppressionReason rule_reason) {
  DecidedRule decided{rule.id, {}};
  const std::vector<std::size_t> all = AllWindows(input);
  const auto add = [&](const Window& window, std::span<const std::size_t> parts) {
    if (rule_reason == SuppressionReason::kNone) {
      decided.buckets.push_back(DecideBucket(window, TallyOf(input, present, parts), rule));
    } else {
      DecidedBucket bucket;
      bucket.window = window;
      bucket.reason = rule_reason;
      decided.buckets.push_back(bucket);
    }
  };
  if (rule.whole_day) {
    add(input.day, all);
  } else {
    for (const std::size_t i : all) add(input.fine_windows[i], std::span(&all[i], 1));
  }
  return decided;
}

// Whether the suppressed buckets, which anyone can sum by subtracting the released ones from the
// day, tell no more together than one released bucket may.
bool SuppressedAreProtected(const SheetInput& input, const SheetRule& rule, const Set& present,
                            const std::vector<DecidedBucket>& buckets) {
  std::vector<std::size_t> suppressed;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i].reason != SuppressionReason::kNone) suppressed.push_back(i);
  }
  if (suppressed.empty()) return true;
  return suppressed.size() >= 2 &&
         Judge(TallyOf(input, present, suppressed), rule) == SuppressionReason::kNone;
}

// Step 3 for one shorter-bucket rule under a released day.
void SuppressComplementary(const SheetInput& input, const SheetRule& rule, const Set& present,
                           std::vector<DecidedBucket>& buckets) {
  while (!SuppressedAreProtected(input, rule, present, buckets)) {
    DecidedBucket* smallest = nullptr;
    for (DecidedBucket& bucket : buckets) {
      if (bucket.reason != SuppressionReason::kNone) continue;
      if (smallest == nullptr || bucket.sum < smallest->sum) smallest = &bucket;
    }
    if (smallest == nullptr) return;
    *smallest = DecidedBucket{smallest->window, SuppressionReason::kComplementary, 0, 0, 0};
  }
}

}  // namespace

StatusOr<std::vector<DecidedRule>> DecideSheet(const SheetInput& input) {
  RETURN_IF_ERROR(CheckWindows(input));
  RETURN_IF_ERROR(CheckHouseholds(input));
  RETURN_IF_ERROR(CheckRules(input));
  std::vector<Set> present;
  for (const SheetRule& rule : input.rules) present.push_back(PresentMembers(input, rule));
  const std::vector<SuppressionReason> kept = JudgeOverlaps(input, present);
  std::vector<DecidedRule> decided;
  bool day_released = false;
  for (std::size_t i = 0; i < input.rules.size(); ++i) {
    decided.push_back(DecidePrimary(input, input.rules[i], present[i], kept[i]));
    day_released = day_released || (input.rules[i].whole_day &&
                                    decided[i].buckets[0].reason == SuppressionReason::kNone);
  }
  if (!day_released) return decided;
  for (std::size_t i = 0; i < input.rules.size(); ++i) {
    if (input.rules[i].whole_day || kept[i] != SuppressionReason::kNone) continue;
    SuppressComplementary(input, input.rules[i], present[i], decided[i].buckets);
  }
  return decided;
}

int64_t RoundedMean(int64_t sum, uint32_t count) {
  GW_CHECK(count > 0);
  const Wide doubled = Magnitude(sum) * 2 + count;
  const auto magnitude = static_cast<int64_t>(doubled / (Wide{count} * 2));
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
