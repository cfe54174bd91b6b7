// What every fuzz target defines, for libFuzzer's main or for replay_main.cc. A broken property is
// a failed GW_CHECK: it aborts, and libFuzzer keeps the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size);

namespace gateway::fuzz {

inline std::string_view Bytes(const uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace gateway::fuzz
