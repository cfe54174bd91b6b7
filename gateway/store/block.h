// Blocks: many readings of one series in few bytes. Times as differences of differences, values as
// varints, qualities as runs; padded to whole 64-byte lines so that a sealed block's size says
// little about its content. Pure; the encoding is a function of the readings. docs/formats.md
// §blocks.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/reading.h"

namespace gateway::store {

inline constexpr std::size_t kBlockLineBytes = 64;

// At most limits::kReadingsPerBlockMax readings, in any order.
std::string EncodeBlock(std::span<const Reading> readings);

// Returns DataLoss if the bytes are not what EncodeBlock makes.
StatusOr<std::vector<Reading>> DecodeBlock(std::string_view bytes);

}  // namespace gateway::store
