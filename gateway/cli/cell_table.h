// Cells as rows of a table: the same columns, in the same order, wherever they are shown.
// docs/formats.md §output.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/output.h"
#include "gateway/model/cell.h"

namespace gateway::cli {

std::vector<std::string> CellColumns();
// `retracted`: why, or "".
std::vector<Value> CellValues(const Cell& cell, const std::string& retracted);

}  // namespace gateway::cli
