// A tar archive (ustar, POSIX.1-1988), written as a stream.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::pipeline {

inline constexpr std::size_t kTarNameBytesMax = 99;

// Thread-compatible.
class TarWriter {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;
  TarWriter(Sink sink, Time now) : sink_(std::move(sink)), now_(now) {}

  // Adds a file that only its owner may read. `name` has at most kTarNameBytesMax bytes.
  // Return what the sink returns; without Finish the archive is cut off.
  Status Add(std::string_view name, std::string_view content);
  Status Finish();

 private:
  const Sink sink_;
  const Time now_;
};

}  // namespace gateway::pipeline
