// The verbs of `commons policy` that have files of their own. Each function adds its verbs to the noun.
#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gateway::cli {

struct Context;

void RegisterPolicyProse(CLI::App& noun, Context& context);
void RegisterPolicyCases(CLI::App& noun, Context& context);  // test
void RegisterPolicyExplain(CLI::App& noun, Context& context);
void RegisterPolicyFmt(CLI::App& noun, Context& context);

}  // namespace gateway::cli
