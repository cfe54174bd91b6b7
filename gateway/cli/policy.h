// The verbs of `commons policy` that have files of their own. Each Register… adds them to the noun.
#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gateway::cli {

struct Context;

// propose, retire, object, approve, status: policy_lifecycle.cc
void RegisterPolicyLifecycle(CLI::App& noun, Context& context);

}  // namespace gateway::cli
