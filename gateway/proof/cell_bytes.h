// A cell as bytes: made once, then stored, committed to and served verbatim.
//
// Bytes: one protobuf commons.v1.Cell (proto/commons/v1/cell.proto), fields in order of their
// numbers, defaults left out. schema = 1, tier = EXACT, method = "exact-sheet/1", error = "0".
// Times are whole Unix seconds. Figures are there exactly when the cell is released:
// homes_in_zone always, completeness_pct unless the sum is below min_count, count, sum and mean if
// `stats` names them too; `below` stands for all four. A household's cell has no bucket_min and
// min_count, a place's no k_min and top1_max_pct.
//
// Commitment: BLAKE2b-256(key = the cell's own 32-byte nonce, data = the cell bytes).
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/model/cell.h"

namespace gateway::proof {

inline constexpr std::size_t kCellNonceBytes = 32;
inline constexpr std::size_t kCommitmentBytes = 32;
inline constexpr std::string_view kExactMethod = "exact-sheet/1";

// GW_CHECKs what only a bug can break: figures exactly when released, window on whole seconds.
std::string EncodeCell(const Cell& cell);

// Figures that the bytes do not carry read as zero; `stats` says which ones they carry.
// Returns DataLoss if the bytes are not exactly what EncodeCell makes of some cell.
StatusOr<Cell> DecodeCell(std::string_view bytes);

// `nonce` must be kCellNonceBytes bytes.
std::string CommitCell(std::string_view nonce, std::string_view cell_bytes);

}  // namespace gateway::proof
