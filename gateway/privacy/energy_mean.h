// Means of levels in decibels. A level is the logarithm of an energy, and what is averaged is the
// energy: two homes of 40 and 60 dB have a mean of 57 dB, not 50. Pure and integer-only.
//
// Energies are taken relative to the loudest level, L = 10 lg(E), as shares of 2^62 made of tables
// of 10^(-k/10), 10^(-k/100) and 10^(-k/1000). The mean is compared with the middles between two
// steps, so it is the level rounded to the nearest step, unless the true mean is within
// 1.2e-17 dB × (whole weight ÷ weight of the loudest) of such a middle: 1e-12 dB for a second of a
// day, and then it is one of the two steps beside. The middles themselves cannot be hit: 10^(1/2000)
// is no sum of powers of 10^(1/1000).
#pragma once

#include <cstdint>
#include <span>

#include "gateway/privacy/sheet.h"

namespace gateway::privacy {

// A level in steps, and for how long it held: in seconds, or 1 each if all count alike.
struct HeldLevel {
  int64_t level = 0;
  uint64_t weight = 0;  // 0: does not count
};

// 20 000 series for 25 hours, in seconds, are less. A sum of energies is at most 2^62 times that
// (94 bits), and what it is compared with at most 100 times more (101 bits of 127).
inline constexpr uint64_t kEnergyWeightMax = uint64_t{1} << 32;

// Steps in 10 dB: of 1, 0.1 and 0.01 dB.
bool IsEnergyScale(uint32_t steps_per_bel);

struct EnergySum {
  int64_t loudest = 0;
  uint64_t weight = 0;
  Wide energy = 0;  // sum of weight × 2^62 × energy ÷ energy of the loudest
};
// GW_CHECKs the scale, and that the weights together are at most kEnergyWeightMax.
EnergySum SumEnergy(std::span<const HeldLevel> levels, uint32_t steps_per_bel);

// As SumEnergy; at least one weight must be positive.
int64_t EnergyMean(std::span<const HeldLevel> levels, uint32_t steps_per_bel);

// Whether the loudest of levels that weigh 1 each has more than `pct` percent of the energy.
bool LoudestStandsOut(std::span<const HeldLevel> levels, uint32_t steps_per_bel, uint32_t pct);
// Whether the two loudest have, together.
bool TwoLoudestStandOut(std::span<const HeldLevel> levels, uint32_t steps_per_bel, uint32_t pct);

}  // namespace gateway::privacy
