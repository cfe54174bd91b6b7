// Charters: what parses can be linted, its roles name only keys that it has, and no figure leaves
// below its floors.
#include <algorithm>
#include <string>

#include "gateway/base/check.h"
#include "gateway/policy/format.h"
#include "gateway/policy/lint.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/requests.h"
#include "tests/unit/policy/policy_yaml.h"

namespace gateway {
namespace {

using policy::Charter;

void CheckRole(const Charter& charter, const policy::Role& role) {
  std::vector<std::string> keys = policy::PublicKeysOf(charter, role);
  GW_CHECK(keys.size() <= role.keys.size());
  for (const std::string& key : keys) {
    GW_CHECK(key.size() == 32);
    const std::string label = policy::LabelOf(charter, role, key);
    GW_CHECK(charter.keys.at(label) == key);
    GW_CHECK(std::ranges::find(role.keys, label) != role.keys.end());
  }
  std::ranges::sort(keys);
  GW_CHECK(std::ranges::adjacent_find(keys) == keys.end());
}

void CheckCharter(const Charter& charter) {
  for (const policy::Role* role :
       {&charter.charter, &charter.policy, &charter.roster, &charter.enrolment}) {
    CheckRole(charter, *role);
  }
  policy::Documents documents = fuzz::Commons();
  documents.charter = charter;
  policy::Lint(charter, documents.policy, documents.roster);
  fuzz::AskAboutEveryRule(documents);
}

void CheckFormatted(std::string_view text, const Charter& charter) {
  const StatusOr<std::string> formatted = policy::FormatDocument(text);
  if (!formatted.ok()) return;
  const StatusOr<Charter> again = policy::ParseCharter(*formatted);
  GW_CHECK(again.ok() && policy::ToYaml(*again) == policy::ToYaml(charter));
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text = gateway::fuzz::Bytes(data, size);
  const auto charter = gateway::policy::ParseCharter(text);
  if (!charter.ok()) {
    GW_CHECK(charter.status().code() == gateway::StatusCode::kInvalidArgument);
    return 0;
  }
  gateway::CheckCharter(*charter);
  gateway::CheckFormatted(text, *charter);
  return 0;
}
