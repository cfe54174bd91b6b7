#include "gateway/cli/app.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "gateway/cli/command.h"

namespace gateway::cli {

int Run(int argc, char** argv) {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);  // key files and passphrases pass through here
  Context context;
  CLI::App app("Commons Gateway: what a neighbourhood's rules let leave, and nothing else.",
               "commons");
  app.set_version_flag("--version", COMMONS_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // So that --dir and --format may also stand after the verb.
  app.add_option("--dir", context.dir, "the daemon's directory")
      ->envname("COMMONS_DIR")
      ->default_val("/var/lib/commons");
  app.add_option("--format", context.format, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->default_val("table");
  app.footer(Footer({"commons --dir /var/lib/commons status",
                     "commons cell list --metric load --format csv",
                     "commons household add --help"}));
  RegisterInit(app, context);
  RegisterStatus(app, context);
  RegisterHousehold(app, context);
  RegisterPlace(app, context);
  RegisterDevice(app, context);
  RegisterQuarantine(app, context);
  RegisterBroker(app, context);
  RegisterProfile(app, context);
  RegisterResident(app, context);
  RegisterGrant(app, context);
  RegisterPolicy(app, context);
  RegisterCell(app, context);
  RegisterGateway(app, context);
  RegisterParty(app, context);
  RegisterQuery(app, context);
  RegisterVerify(app, context);
  RegisterPeer(app, context);
  RegisterRetract(app, context);
  RegisterKey(app, context);
  RegisterUnlock(app, context);
  RegisterBackup(app, context);
  RegisterStore(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  const Status status = context.action();
  if (!status.ok()) {
    std::cerr << "commons: " << Message(status) << "\n";
    return context.unreachable ? kExitUnreachable : kExitRefused;
  }
  if (std::fflush(stdout) != 0) {
    std::cerr << "commons: stdout: the output could not be written\n";
    return kExitRefused;
  }
  if (context.looser) return kExitLooser;
  return context.partial ? kExitPartial : kExitOk;
}

}  // namespace gateway::cli
