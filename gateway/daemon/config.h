// What decides how `commonsd` starts: its command line, DIR/commonsd.yaml and DIR/mode. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"

namespace gateway::daemon {

struct Arguments {
  std::string dir;
  bool replay_clock = false;
  bool help = false;
  bool version = false;
};
// `arguments` without the program's name; `dir_default` where --dir is not given.
// Returns InvalidArgument for anything that is not in HelpText.
StatusOr<Arguments> ParseArguments(std::span<const char* const> arguments,
                                   std::string_view dir_default);
std::string_view HelpText();

struct Config {
  GatewayId gateway;
  std::string broker;        // "tcp://host:port", "ssl://host:port"
  std::string broker_ca;     // absolute; whom to trust, exactly for "ssl://"
  std::string broker_login;  // absolute; empty: none
  bool broker_logins = false;  // devices get logins of their own at the broker
  std::string key_file;  // absolute; empty: locked until `commons unlock`
  std::string listen;    // "host:port" for peers and parties; empty: no federation
  std::string profiles;  // a folder; empty: the one that was installed
  std::chrono::seconds checkpoint{0};
  std::chrono::milliseconds sync{0};
  uint64_t sync_bytes = 0;
  uint64_t disk_quota = 0;  // 0: none
  uint64_t disk_free_min = 0;
  LogLevel log_level = LogLevel::kInfo;
};
// Returns InvalidArgument with line and column if the text is no commonsd.yaml.
StatusOr<Config> ParseConfig(std::string_view yaml);

struct Mode {
  std::optional<Time> replay_start;  // set: a directory for recorded data
};
// "live\n" or "replay 2013-01-13T00:00:00Z\n". Returns DataLoss if it is neither.
StatusOr<Mode> ParseMode(std::string_view text);
// Recorded and live data never meet: returns FailedPrecondition if the flag and the directory do
// not say the same.
Status CheckMode(const Mode& mode, const Arguments& arguments);

}  // namespace gateway::daemon
