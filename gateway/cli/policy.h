// The verbs of `commons policy` that have files of their own. Each function adds its verbs to the
// noun.
#pragma once

#include <string>

#include "gateway/base/status.h"
#include "gateway/crypto/dsse.h"

namespace CLI {
class App;
}  // namespace CLI

namespace gateway::cli {

struct Context;

// A document as it stands in a file: YAML, or (.dsse) an envelope around it, whose signatures are
// not looked at. Returns InvalidArgument if it is neither.
StatusOr<crypto::Envelope> ReadDocument(const std::string& path);

void RegisterPolicyCompare(CLI::App& noun, Context& context);
void RegisterPolicyProse(CLI::App& noun, Context& context);
void RegisterPolicyCases(CLI::App& noun, Context& context);  // test
void RegisterPolicyExplain(CLI::App& noun, Context& context);
void RegisterPolicyFmt(CLI::App& noun, Context& context);
// propose, retire, object, approve, status: policy_lifecycle.cc
void RegisterPolicyLifecycle(CLI::App& noun, Context& context);
void RegisterPolicySimulate(CLI::App& noun, Context& context);

}  // namespace gateway::cli
