// The verbs of `commons policy` that stand in files of their own.
#pragma once

#include <CLI/CLI.hpp>

#include "gateway/cli/command.h"

namespace gateway::cli {

void RegisterPolicySimulate(CLI::App& noun, Context& context);

}  // namespace gateway::cli
