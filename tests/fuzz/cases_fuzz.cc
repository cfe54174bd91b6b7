// Case files: what parses can be run, and a case passes exactly if what it expects is what the rules
// answer.
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/policy/cases.h"
#include "gateway/policy/format.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/requests.h"

namespace gateway {
namespace {

void CheckCases(const std::vector<policy::Case>& cases) {
  std::vector<policy::CaseResult> results;
  for (const policy::Case& test : cases) {
    fuzz::Ask(fuzz::Commons(), test.request);
    const policy::CaseResult& result =
        results.emplace_back(policy::RunCase(fuzz::Commons(), test));
    const policy::Decision got = policy::Evaluate(fuzz::Commons(), test.request, test.now, true);
    GW_CHECK(got.code == result.got.code && got.rules == result.got.rules);
    GW_CHECK(result.passed == (got.allowed == test.allowed && got.code == test.code &&
                               got.rules == test.rules));
    GW_CHECK(!policy::DecisionText(test.allowed, test.code, test.rules).empty());
  }
  policy::LintCoverage(fuzz::Commons().policy, results);
}

void CheckFormatted(std::string_view text, std::size_t cases) {
  const StatusOr<std::string> formatted = policy::FormatDocument(text);
  if (!formatted.ok()) return;
  const auto again = policy::ParseCases(*formatted);
  GW_CHECK(again.ok() && again->size() == cases);
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text = gateway::fuzz::Bytes(data, size);
  const auto cases = gateway::policy::ParseCases(text);
  if (!cases.ok()) {
    GW_CHECK(cases.status().code() == gateway::StatusCode::kInvalidArgument);
    return 0;
  }
  gateway::CheckCases(*cases);
  gateway::CheckFormatted(text, cases->size());
  return 0;
}
