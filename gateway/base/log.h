// One line per event on stderr, prefixed with journald's priority ("<6>…"), so that systemd files
// it under the right level and a terminal user can still read it. Never a payload, a topic, a key,
// a device id or a household: logs outlive what they describe.
#pragma once

#include <string_view>

#include "gateway/base/status.h"

namespace gateway {

enum class LogLevel { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

// Lines less urgent than `level` are dropped. Thread-safe. The default is kInfo.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);

// Writes the line with one write(2), so that lines of several threads do not mix and the line is
// out even if the process is killed right after. Thread-safe.
void WriteLog(LogLevel level, std::string_view line);

template <typename... Args>
void Log(LogLevel level, const absl::FormatSpec<Args...>& format, const Args&... args) {
  if (LogEnabled(level)) WriteLog(level, absl::StrFormat(format, args...));
}

}  // namespace gateway
