// How much room the store takes and leaves, and when intake must wait for more.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/status.h"

namespace gateway::store {

struct Space {
  uint64_t used_bytes = 0;  // by the files of the store
  uint64_t free_bytes = 0;  // on its file system, for this process
};
// Returns Unavailable if the directory cannot be looked at.
StatusOr<Space> MeasureSpace(const std::string& dir);

struct SpaceLimits {
  uint64_t quota_bytes = 0;     // 0: none
  uint64_t free_bytes_min = 0;  // what must stay free for the database's own work; 0: nothing
};
// OK if more may be stored; else ResourceExhausted, with what is used, the limit and the remedy.
// Who is `paused` goes on only with a sixteenth of the limit to spare, not at every freed block.
Status CheckSpace(const Space& space, const SpaceLimits& limits, bool paused);

// What this process made the kernel send to devices since it started: write_bytes of
// /proc/self/io. 0 if the kernel does not count.
uint64_t DeviceBytesWritten();

}  // namespace gateway::store
