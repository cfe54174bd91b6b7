// Blocks: many readings of one device in few bytes. The device's series share the times; values are
// split into planes of like bytes and compressed; all is padded to whole 64-byte lines, so that a
// sealed block's size says little about its content. Pure; the encoding is a function of the
// readings. docs/formats.md §blocks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/ids.h"
#include "gateway/model/reading.h"

namespace gateway::store {

inline constexpr std::size_t kBlockLineBytes = 64;

struct Column {
  SeriesId series;
  std::vector<Reading> readings;  // at least one; ascending in time, times unique
  friend bool operator==(const Column&, const Column&) = default;
};

// At most limits::kReadingsPerBlockMax readings in all, at least one, every series once; GW_CHECKs
// it.
std::string EncodeBlock(const std::vector<Column>& columns);

// Returns DataLoss if the bytes are not a block. The columns are as EncodeBlock had them, whatever
// the bytes; a block needs no more memory than the largest that EncodeBlock makes.
StatusOr<std::vector<Column>> DecodeBlock(std::string_view bytes);

// What stands at the front of a block, so that one outside of a time range need not be decoded.
struct BlockHead {
  Time first, last;  // of its readings, both included
  std::size_t readings = 0;
};
// Returns DataLoss if the front is not that of a block; what follows it may still be damaged.
StatusOr<BlockHead> PeekBlock(std::string_view bytes);

}  // namespace gateway::store
