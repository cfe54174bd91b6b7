// Cells as rows of a table: the same columns, in the same order, wherever they are shown.
// docs/formats.md §output.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/output.h"
#include "gateway/model/cell.h"

namespace gateway::cli {

std::vector<std::string> CellColumns();
// `retracted` is the reason, or "". For people, a sum that is only known to be below a count reads
// "<5"; programs find that number under `below`.
std::vector<Value> CellValues(const Cell& cell, const std::string& retracted, bool for_people);

}  // namespace gateway::cli
