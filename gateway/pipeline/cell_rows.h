// Rows of decided cells, as they are read back. The functions are in cells.cc.
#pragma once

#include <string_view>

#include "gateway/base/status.h"
#include "gateway/model/cell.h"
#include "gateway/port/cell_source.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// Opens one row of the cells table; purpose, recipients and retraction are left to the caller.
// Returns DataLoss if it is not what a decision wrote.
StatusOr<port::DecidedCell> ReadCellRow(const store::Vault& vault, std::string_view key,
                                        std::string_view value);

// Whether a decided or pending cell matches.
bool Matches(const port::CellFilter& filter, const Cell& cell);

}  // namespace gateway::pipeline
