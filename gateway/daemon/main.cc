#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "gateway/base/log.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/process.h"

int main(int argc, char** argv) {
  using gateway::daemon::HardenProcess;
  const char* dir = std::getenv("COMMONS_DIR");
  const auto arguments = gateway::daemon::ParseArguments(
      std::span<const char* const>(argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)),
      dir != nullptr && *dir != '\0' ? dir : "/var/lib/commons");
  if (!arguments.ok()) {
    const std::string why(gateway::Message(arguments.status()));
    std::fprintf(stderr, "commonsd: %s\n", why.c_str());
    return 2;
  }
  if (arguments->help || arguments->version) {
    std::fputs(arguments->help ? std::string(gateway::daemon::HelpText()).c_str()
                               : COMMONS_VERSION "\n",
               stdout);
    return 0;
  }
  gateway::Status status = HardenProcess();
  if (status.ok()) status = gateway::daemon::Run(*arguments, gateway::daemon::StopRequested());
  if (status.ok()) return 0;
  gateway::Log(gateway::LogLevel::kError, "commonsd: %s", gateway::Message(status));
  return 1;
}
