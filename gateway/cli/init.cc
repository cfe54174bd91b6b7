#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gateway/base/file.h"
#include "gateway/cli/command.h"
#include "gateway/cli/slot_source.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/secret.h"

namespace gateway::cli {
namespace {

struct Args {
  std::string gateway, broker, key_file, passphrase_file, listen, replay;
};

std::string CheckBroker(const std::string& text) {
  for (const std::string_view scheme : {"tcp://", "ssl://"}) {
    if (text.size() > scheme.size() && text.starts_with(scheme)) return {};
  }
  return "a broker is a URI like tcp://127.0.0.1:1883 or ssl://host:8883";
}

std::string CheckListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon != 0 && colon + 1 < text.size()) return {};
  return "an address is host:port, like 0.0.0.0:7443";
}

// A double-quoted YAML scalar.
StatusOr<std::string> Quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      return InvalidArgument("a path or URI with a control character");
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

StatusOr<std::string> MakeKeyslots(const Args& args, const std::string& key_path) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(crypto::Keyslot slot, MakeSlot({.passphrase_file = args.passphrase_file,
                                                   .key_file = key_path,
                                                   .shares = {},
                                                   .stewards = {}}));
  return crypto::NewKeyslots(std::move(slot));
}

Status MakeDirectory(const std::string& dir) {
  if (mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable("directory %s: %s", dir, std::strerror(errno));
  }
  if (chmod(dir.c_str(), 0700) != 0) {
    return Unavailable("directory %s: %s", dir, std::strerror(errno));
  }
  return OkStatus();
}

Status Init(Context& context, const Args& args) {
  for (const char* name : {"/commonsd.yaml", "/keyslots", "/db"}) {
    if (access((context.dir + name).c_str(), F_OK) == 0) {
      return AlreadyExists("directory %s: there is a gateway in it already (%s)", context.dir,
                           name + 1);
    }
  }
  std::error_code error;
  const std::string key_path =
      args.key_file.empty() ? "" : std::filesystem::absolute(args.key_file, error).string();
  if (error) return InvalidArgument("key file %s: %s", args.key_file, error.message());
  ASSIGN_OR_RETURN(const std::string broker, Quote(args.broker));
  std::string key_file;
  if (!key_path.empty()) {
    ASSIGN_OR_RETURN(const std::string quoted, Quote(key_path));
    key_file = "key_file: " + quoted + "\n";
  }
  std::string listen;
  if (!args.listen.empty()) {
    ASSIGN_OR_RETURN(const std::string address, Quote(args.listen));
    listen = "listen: " + address + "\n";
  }
  std::string mode = "live\n";
  if (!args.replay.empty()) {
    ASSIGN_OR_RETURN(const Time start, ParseTime(args.replay));
    mode = "replay " + FormatTime(start) + "\n";
  }
  RETURN_IF_ERROR(MakeDirectory(context.dir));
  ASSIGN_OR_RETURN(const std::string keyslots, MakeKeyslots(args, key_path));
  const std::string config =
      Format("# Made by `commons init`; commonsd reads it at start.\nschema: commonsd/1\n"
             "gateway: %s\nbroker: %s\n%s%s", args.gateway, broker, key_file, listen);
  RETURN_IF_ERROR(
      WriteFile(context.dir + "/mode", mode, FileMode::kPrivate, IfExists::kReplace));
  RETURN_IF_ERROR(
      WriteFile(context.dir + "/keyslots", keyslots, FileMode::kPrivate, IfExists::kRefuse));
  // Last: a directory without it is not a gateway, so a failure above can be repeated.
  RETURN_IF_ERROR(
      WriteFile(context.dir + "/commonsd.yaml", config, FileMode::kPrivate, IfExists::kRefuse));
  context.Print(Record{{"directory", context.dir},
                       {"gateway", args.gateway},
                       {"key_file", key_path},
                       {"mode", mode.substr(0, mode.size() - 1)}});
  return OkStatus();
}

}  // namespace

void RegisterInit(CLI::App& app, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* init = AddVerb(
      app, "init", "Make a gateway's directory (--dir): configuration, keyslots, mode",
      {"commons --dir /var/lib/commons init --gateway gw-a --broker tcp://127.0.0.1:1883 "
       "--key-file /media/usb/slot.key",
       "commons --dir demo/a init --gateway gw-a --broker tcp://127.0.0.1:1883 "
       "--key-file demo/a.key --replay 2013-01-13T00:00:00Z"},
      context, [&context, args] { return Init(context, *args); });
  init->add_option("--gateway", args->gateway, "its id in the roster")
      ->required()
      ->check(CheckDocumentId);
  init->add_option("--broker", args->broker, "the MQTT broker beside it")
      ->required()
      ->check(CheckBroker);
  CLI::Option_group* opens = init->add_option_group("what opens the store");
  opens->add_option("--key-file", args->key_file, "made if absent. Keep it off the board");
  opens->add_option("--passphrase-file", args->passphrase_file,
                    "its first line is a passphrase; the daemon then starts locked and waits for "
                    "`commons unlock`");
  opens->require_option(1);
  init->add_option("--listen", args->listen,
                   "host:port where peers and parties reach it; without, it takes no part in the "
                   "federation")
      ->check(CheckListen);
  init->add_option("--replay", args->replay,
                   "for recorded data: start at this time; can never become a live gateway")
      ->check(CheckTime);
}

}  // namespace gateway::cli
