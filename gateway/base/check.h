// GW_CHECK(condition): programmer errors only, always on. Anything a device, a peer, a disk or a
// file can cause is a Status instead: a remote fact must never stop the process.
#pragma once

namespace gateway {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace gateway

#define GW_CHECK(condition)                                        \
  do {                                                             \
    if (!(condition)) [[unlikely]] {                               \
      ::gateway::CheckFailed(#condition, __FILE__, __LINE__);      \
    }                                                              \
  } while (false)
