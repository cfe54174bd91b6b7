#include "gateway/privacy/energy_mean.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/privacy/sheet.h"

namespace gateway::privacy {
namespace {

// All energies here are shares of the loudest level's, in units of 2^-62; so are these constants,
// rounded to the nearest. tests/oracle/kinds.py computes them anew.
constexpr int kBits = 62;
constexpr uint64_t kOne = uint64_t{1} << kBits;
// 10^(-i/10)
constexpr uint64_t kTenths[10] = {
    4611686018427387904, 3663192414120077368, 2909777163763380223,
    2311318157933192382, 1835945272277250782, 1458343167178378971,
    1158403153607019511, 920152332103704514, 730902977637366425,
    580576871981410271};
// 10^(-i/100)
constexpr uint64_t kHundredths[10] = {
    4611686018427387904, 4506711228568748089, 4404125956656870697,
    4303875810622711451, 4205907636511875484, 4110169490301687145,
    4016610610359781613, 3925181390529615513, 3835833353828626096,
    3748519126745093419};
// 10^(-i/1000)
constexpr uint64_t kThousandths[10] = {
    4611686018427387904, 4601079434914581705, 4590497245866915719,
    4579939395178677039, 4569405826873192320, 4558896485102530992,
    4548411314147209158, 4537950258415894183, 4527513262445109945,
    4517100270898942779};
// 10^(-1/2000)
constexpr uint64_t kHalf = 4606379673851186484;

uint64_t Times(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(Wide{a} * Wide{b} >> kBits);
}

// 10^(-x/2000), at most 6 units off: half a unit for each of four constants, one for each of three
// products and one for the division. Beyond 10^-18 it is 0.
uint64_t Falling(uint64_t x) {
  if (x >= 2000 * 18) return 0;
  const uint64_t part = x % 2000 / 2;
  uint64_t share = Times(Times(kTenths[part / 100], kHundredths[part / 10 % 10]),
                         kThousandths[part % 10]);
  if (x % 2 != 0) share = Times(share, kHalf);
  for (uint64_t bels = x / 2000; bels > 0; --bels) share /= 10;
  return share;
}

// Two thousandths of a bel in so many steps, or so many that nothing is left.
uint64_t Below(int64_t loudest, int64_t level, uint32_t steps_per_bel) {
  const Wide steps = Wide{loudest} - level;
  return static_cast<uint64_t>(std::min(steps * (2000 / steps_per_bel), Wide{2000 * 18}));
}

}  // namespace

bool IsEnergyScale(uint32_t steps_per_bel) {
  return steps_per_bel == 10 || steps_per_bel == 100 || steps_per_bel == 1000;
}

EnergySum SumEnergy(std::span<const HeldLevel> levels, uint32_t steps_per_bel) {
  GW_CHECK(IsEnergyScale(steps_per_bel));
  EnergySum sum;
  for (const HeldLevel& each : levels) {
    if (each.weight == 0) continue;
    sum.loudest = sum.weight == 0 ? each.level : std::max(sum.loudest, each.level);
    sum.weight += each.weight;
    GW_CHECK(each.weight <= kEnergyWeightMax && sum.weight <= kEnergyWeightMax);
  }
  for (const HeldLevel& each : levels) {
    if (each.weight == 0) continue;
    sum.energy += Wide{each.weight} * Falling(Below(sum.loudest, each.level, steps_per_bel));
  }
  return sum;
}

int64_t EnergyMean(std::span<const HeldLevel> levels, uint32_t steps_per_bel) {
  const EnergySum sum = SumEnergy(levels, steps_per_bel);
  GW_CHECK(sum.weight > 0);
  // How many steps below the loudest: the mean is at or above the middle between that step and the
  // next, and below the middle before it.
  const auto is_below_middle = [&](uint64_t step) {
    const uint64_t middle = (2 * step + 1) * (1000 / steps_per_bel);
    return sum.energy < Wide{sum.weight} * Falling(middle);
  };
  uint64_t low = 0, high = uint64_t{18} * steps_per_bel;
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    if (is_below_middle(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sum.loudest - static_cast<int64_t>(low);
}

bool LoudestStandsOut(std::span<const HeldLevel> levels, uint32_t steps_per_bel, uint32_t pct) {
  const EnergySum sum = SumEnergy(levels, steps_per_bel);
  return Wide{kOne} * 100 > Wide{pct} * sum.energy;
}

bool TwoLoudestStandOut(std::span<const HeldLevel> levels, uint32_t steps_per_bel, uint32_t pct) {
  const EnergySum sum = SumEnergy(levels, steps_per_bel);
  bool skipped = false;  // one of the loudest
  uint64_t second = 0;
  for (const HeldLevel& each : levels) {
    if (each.weight == 0) continue;
    if (!skipped && each.level == sum.loudest) {
      skipped = true;
    } else {
      second = std::max(second, Falling(Below(sum.loudest, each.level, steps_per_bel)));
    }
  }
  return (Wide{kOne} + second) * 100 > Wide{pct} * sum.energy;
}

}  // namespace gateway::privacy
