#include "gateway/cli/progress.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "gateway/base/status.h"

namespace gateway::cli {
namespace {

constexpr uint64_t kBarWidth = 40;
constexpr std::string_view kClearLine = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (!shown_.empty()) std::cerr << kClearLine << std::flush;
}

bool ProgressLine::Show(uint64_t done, uint64_t total) {
  if (total == 0) return true;
  const auto percent = static_cast<int>(100.0 * static_cast<double>(done) /
                                        static_cast<double>(total));
  const std::size_t full = static_cast<std::size_t>(percent) * kBarWidth / 100;
  Replace(Format("[%s%s] %3d %%", std::string(full, '#'), std::string(kBarWidth - full, ' '),
                 percent));
  return true;
}

void ProgressLine::Show(uint64_t bytes) {
  if (bytes >> 20 > 0) Replace(Format("%d MiB", bytes >> 20));
}

void ProgressLine::Replace(std::string text) {
  if (!terminal_ || text == shown_) return;
  shown_ = std::move(text);
  std::cerr << kClearLine << shown_ << std::flush;
}

}  // namespace gateway::cli
