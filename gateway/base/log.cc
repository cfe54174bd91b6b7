#include "gateway/base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

namespace gateway {
namespace {

std::atomic<int> g_level{static_cast<int>(LogLevel::kInfo)};

}  // namespace

void SetLogLevel(LogLevel level) { g_level.store(static_cast<int>(level)); }

bool LogEnabled(LogLevel level) { return static_cast<int>(level) <= g_level.load(); }

void WriteLog(LogLevel level, std::string_view line) {
  if (!LogEnabled(level)) return;
  const std::string text = Format("<%d>%s\n", static_cast<int>(level), line);
  // Nothing useful can be done when stderr is gone.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace gateway
