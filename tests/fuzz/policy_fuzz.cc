// Policies: what parses can be linted, compared and asked about each of its rules beside the charter
// and roster of a small commons; laid out anew it says the same (property P6).
#include <string>

#include "gateway/base/check.h"
#include "gateway/policy/compare.h"
#include "gateway/policy/format.h"
#include "gateway/policy/lint.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/requests.h"
#include "tests/unit/policy/policy_yaml.h"

namespace gateway {
namespace {

constexpr std::size_t kComparedMax = 8;  // rules of a kind: compare looks at all of their borders

void CheckFormatted(std::string_view text, const policy::Policy& policy) {
  const StatusOr<std::string> formatted = policy::FormatDocument(text);
  if (!formatted.ok()) return;  // a text of several lines
  const StatusOr<policy::Policy> again = policy::ParsePolicy(*formatted);
  GW_CHECK(again.ok() && policy::ToYaml(*again) == policy::ToYaml(policy));
  const StatusOr<std::string> twice = policy::FormatDocument(*formatted);
  GW_CHECK(twice.ok() && *twice == *formatted);
}

void CheckPolicy(const policy::Policy& policy) {
  policy::Documents documents = fuzz::Commons();
  documents.policy = policy;
  policy::Lint(documents.charter, documents.policy, documents.roster);
  fuzz::AskAboutEveryRule(documents);
  if (policy.share.size() > kComparedMax || policy.forbid.size() > kComparedMax ||
      policy.metrics.size() > kComparedMax || policy.purposes.size() > kComparedMax) {
    return;
  }
  GW_CHECK(policy::Compare(documents, documents).order == policy::Order::kEqual);
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text = gateway::fuzz::Bytes(data, size);
  const auto policy = gateway::policy::ParsePolicy(text);
  if (!policy.ok()) {
    GW_CHECK(policy.status().code() == gateway::StatusCode::kInvalidArgument);
    return 0;
  }
  gateway::CheckFormatted(text, *policy);
  gateway::CheckPolicy(*policy);
  return 0;
}
