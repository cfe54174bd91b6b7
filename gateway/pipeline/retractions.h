// Which cells stewards marked as wrong: docs/formats.md §sheets-and-cells. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gateway::pipeline {

struct RetractedCell {
  uint64_t entry = 0;     // index of the retraction's own entry in the ledger
  uint32_t position = 0;  // of the cell in its release entry
  std::string reason;
};
// By the index of the release entry.
using Retractions = std::map<uint64_t, std::vector<RetractedCell>>;

// Null if the cell was not retracted.
const RetractedCell* FindRetraction(const Retractions& retractions, uint64_t release,
                                    uint32_t position);

}  // namespace gateway::pipeline
