#include "gateway/daemon/config.h"

#include <charconv>
#include <system_error>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::daemon {
namespace {

constexpr std::chrono::seconds kCheckpointMin{1};
constexpr std::chrono::seconds kCheckpointMax{3600};
constexpr std::chrono::milliseconds kSyncMin{100};
constexpr std::chrono::milliseconds kSyncMax{60'000};
constexpr uint64_t kSyncBytesMin = 4u << 10;
constexpr uint64_t kSyncBytesMax = 16u << 20;
constexpr uint64_t kDiskQuotaMin = 64u << 20;
constexpr uint64_t kDiskFreeLeast = 2 * limits::kStoreWriteBufferBytes;

constexpr std::string_view kHelp =
    R"(commonsd: the daemon of one Commons Gateway. `commons init` makes its directory.

Usage: commonsd [--dir DIR] [--replay-clock]

  --dir DIR        the gateway's directory (default: $COMMONS_DIR or /var/lib/commons)
  --replay-clock   recorded data: time moves only by `commons clock advance`; only for a
                   directory made by `commons init --replay`, which needs it
  --help           print this
  --version        print the version

Example:
  commonsd --dir /var/lib/commons

Exit codes: 0 stopped by SIGTERM or SIGINT, 1 could not start or go on (reason on stderr),
2 wrong usage, 75 stopped while the disk refused a message (the broker keeps it).
)";

constexpr std::string_view kReplayPrefix = "replay ";

}  // namespace

std::string_view HelpText() { return kHelp; }

StatusOr<Arguments> ParseArguments(std::span<const char* const> arguments,
                                   std::string_view dir_default) {
  Arguments result;
  result.dir = dir_default;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      result.help = true;
    } else if (argument == "--version") {
      result.version = true;
    } else if (argument == "--replay-clock") {
      result.replay_clock = true;
    } else if (argument == "--dir" && i + 1 < arguments.size()) {
      result.dir = arguments[++i];
    } else if (argument == "--dir") {
      return InvalidArgument("--dir: needs a directory");
    } else if (argument.starts_with("--dir=")) {
      result.dir = argument.substr(argument.find('=') + 1);
    } else {
      return InvalidArgument("%s: unknown argument; see commonsd --help", argument);
    }
  }
  if (result.dir.empty()) return InvalidArgument("--dir: the directory has no name");
  return result;
}

namespace {

// "65536", "64 KiB", "512 MiB", "2 GiB".
StatusOr<uint64_t> ParseBytes(std::string_view text) {
  constexpr std::string_view kWanted = "needs a number of bytes like 500000, 64 KiB, 512 MiB, 2 GiB";
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  int shift = -1;
  if (text.empty()) shift = 0;
  if (text == "KiB") shift = 10;
  if (text == "MiB") shift = 20;
  if (text == "GiB") shift = 30;
  if (error != std::errc() || shift < 0 || number > (uint64_t{1} << 50) >> shift) {
    return InvalidArgument("%s", kWanted);
  }
  return number << shift;
}

bool IsLoopback(std::string_view host) {
  const bool digits = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return (digits && host.starts_with("127.")) || host == "localhost" || host == "[::1]";
}

void ReadBroker(yaml::Fields& fields, Config& config) {
  config.broker = fields.Text("broker");
  const std::size_t scheme_end = config.broker.find("://");
  const bool tls = config.broker.starts_with("ssl://");
  if (scheme_end == std::string::npos || (!tls && !config.broker.starts_with("tcp://"))) {
    fields.Fail("broker", "a broker is a URI like tcp://127.0.0.1:1883 or ssl://host:8883");
    return;
  }
  std::string_view host = std::string_view(config.broker).substr(scheme_end + 3);
  host = host.substr(0, host.rfind(':'));
  if (fields.Has("broker_ca")) {
    config.broker_ca = fields.Text("broker_ca");
    if (!config.broker_ca.starts_with('/')) fields.Fail("broker_ca", "needs an absolute path");
    if (!tls) fields.Fail("broker_ca", "is for a broker at ssl:// only");
  } else if (tls) {
    fields.Fail("broker", "ssl:// needs broker_ca: the file of certificates to trust");
  }
  if (fields.Has("broker_login")) {
    config.broker_login = fields.Text("broker_login");
    if (!config.broker_login.starts_with('/')) {
      fields.Fail("broker_login", "needs an absolute path");
    }
    if (!tls && !IsLoopback(host)) {
      fields.Fail("broker_login", "would cross the network in clear: use ssl://");
    }
  }
  if (fields.Has("broker_logins")) {
    config.broker_logins = fields.Bool("broker_logins");
    if (config.broker_logins && config.broker_login.empty()) {
      fields.Fail("broker_logins", "needs broker_login: who makes logins must have one");
    }
  }
}

void ReadDisk(yaml::Fields& fields, Config& config) {
  config.sync = limits::kSyncInterval;
  if (fields.Has("sync")) {
    config.sync = fields.Parse("sync", ParseDuration);
    if (config.sync < kSyncMin || config.sync > kSyncMax) {
      fields.Fail("sync", "must be from PT0.1S to PT60S");
    }
  }
  config.sync_bytes = limits::kSyncBytesMax;
  if (fields.Has("sync_bytes")) {
    config.sync_bytes = fields.Parse("sync_bytes", ParseBytes);
    if (config.sync_bytes < kSyncBytesMin || config.sync_bytes > kSyncBytesMax) {
      fields.Fail("sync_bytes", "must be from 4 KiB to 16 MiB");
    }
  }
  if (fields.Has("disk_quota")) {
    config.disk_quota = fields.Parse("disk_quota", ParseBytes);
    if (config.disk_quota < kDiskQuotaMin) fields.Fail("disk_quota", "must be 64 MiB at least");
  }
  config.disk_free_min = limits::kDiskFreeMin;
  if (fields.Has("disk_free_min")) {
    config.disk_free_min = fields.Parse("disk_free_min", ParseBytes);
    if (config.disk_free_min < kDiskFreeLeast) {
      fields.Fail("disk_free_min", "must be 32 MiB at least: the database needs it to work");
    }
  }
}

}  // namespace

StatusOr<Config> ParseConfig(std::string_view text) {
  ASSIGN_OR_RETURN(const yaml::Node node, yaml::Parse(text));
  Status error;
  yaml::Fields fields(node, "commonsd.yaml", error);
  Config config;
  fields.OneOf("schema", {"commonsd/1"});
  config.gateway = GatewayId(fields.Text("gateway"));
  if (!IsDocumentId(config.gateway.value())) {
    fields.Fail("gateway", "an id is a lower-case letter, then at most 47 of a-z, 0-9 and '-'");
  }
  ReadBroker(fields, config);
  if (fields.Has("key_file")) {
    config.key_file = fields.Text("key_file");
    if (!config.key_file.starts_with('/')) fields.Fail("key_file", "needs an absolute path");
  }
  if (fields.Has("listen")) {
    config.listen = fields.Text("listen");
    const std::size_t colon = config.listen.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == config.listen.size()) {
      fields.Fail("listen", "needs host:port, like 0.0.0.0:7443");
    }
  }
  if (fields.Has("profiles")) {
    config.profiles = fields.Text("profiles");
    if (!config.profiles.starts_with('/')) fields.Fail("profiles", "needs an absolute path");
  }
  config.checkpoint = limits::kCheckpointInterval;
  if (fields.Has("checkpoint")) {
    config.checkpoint = std::chrono::duration_cast<std::chrono::seconds>(
        fields.Parse("checkpoint", ParseDuration));
    if (config.checkpoint < kCheckpointMin || config.checkpoint > kCheckpointMax) {
      fields.Fail("checkpoint", "must be from PT1S to PT1H");
    }
  }
  ReadDisk(fields, config);
  if (fields.Has("log_level") && fields.OneOf("log_level", {"info", "debug"}) == 1) {
    config.log_level = LogLevel::kDebug;
  }
  fields.Finish();
  if (!error.ok()) return error;
  return config;
}

StatusOr<Mode> ParseMode(std::string_view text) {
  if (text == "live\n") return Mode{};
  if (text.starts_with(kReplayPrefix) && text.ends_with('\n')) {
    text.remove_prefix(kReplayPrefix.size());
    text.remove_suffix(1);
    const auto start = ParseTime(text);
    if (start.ok()) return Mode{.replay_start = *start};
  }
  return DataLoss("neither \"live\" nor \"replay TIME\"; it is written by `commons init` alone");
}

Status CheckMode(const Mode& mode, const Arguments& arguments) {
  if (mode.replay_start.has_value() && !arguments.replay_clock) {
    return FailedPrecondition(
        "directory %s: made for recorded data by `commons init --replay`; start it with "
        "--replay-clock. It can never become a live gateway", arguments.dir);
  }
  if (!mode.replay_start.has_value() && arguments.replay_clock) {
    return FailedPrecondition(
        "directory %s: a live gateway, whose clock cannot be replayed; start it without "
        "--replay-clock, or make another directory with `commons init --replay TIME`",
        arguments.dir);
  }
  return OkStatus();
}

}  // namespace gateway::daemon
