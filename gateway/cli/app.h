// `commons`: what operators, stewards and residents type. One process per command; commands that
// need no daemon (init, resident, policy check and sign) never touch the network.
#pragma once

namespace gateway::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitRefused = 1,      // the request was refused or failed; the reason is on stderr
  kExitUsage = 2,        // the command line is wrong
  kExitUnreachable = 3,  // no daemon answers
  kExitPartial = 4,      // `query` only: some gateways' answers are there, not all
  kExitLooser = 5,       // `policy compare` only: the new one is looser, or incomparable
};

// Parses and carries out one command line; prints to stdout and stderr. Returns an ExitCode.
int Run(int argc, char** argv);

}  // namespace gateway::cli
