// The layout of documents and the reading of cases. What is laid out says what it said, and stays as it
// is the second time; what is refused says where.
#include <algorithm>
#include <string>

#include "gateway/base/check.h"
#include "gateway/policy/cases.h"
#include "gateway/policy/format.h"
#include "gateway/yaml/yaml.h"
#include "tests/fuzz/fuzz.h"

namespace gateway {
namespace {

bool SaysTheSame(const yaml::Node& a, const yaml::Node& b) {
  return a.kind == b.kind && a.text == b.text && a.quoted == b.quoted &&
         std::equal(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), SaysTheSame) &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SaysTheSame);
}

void CheckRefusal(const Status& status) {
  GW_CHECK(status.code() == StatusCode::kInvalidArgument);
  GW_CHECK(Message(status).starts_with("line "));
}

void CheckLayout(std::string_view text) {
  const StatusOr<std::string> once = policy::FormatDocument(text);
  if (!once.ok()) return CheckRefusal(once.status());
  const StatusOr<yaml::Node> before = yaml::Parse(text);
  const StatusOr<yaml::Node> after = yaml::Parse(*once);
  GW_CHECK(before.ok() && after.ok() && SaysTheSame(*before, *after));
  GW_CHECK(std::count(text.begin(), text.end(), '#') == std::count(once->begin(), once->end(), '#') ||
           text.find_first_of("\"'\\") != std::string_view::npos);
  const StatusOr<std::string> twice = policy::FormatDocument(*once);
  GW_CHECK(twice.ok() && *twice == *once);
}

void CheckCases(std::string_view text) {
  const auto cases = policy::ParseCases(text);
  if (!cases.ok()) return CheckRefusal(cases.status());
  const policy::Documents nothing;
  for (const policy::Case& test : *cases) {
    GW_CHECK(test.allowed == (test.code == "OK"));
    const policy::CaseResult result = policy::RunCase(nothing, test);
    // Where there are no rules, there are only rights.
    GW_CHECK(result.got.rules.empty());
    GW_CHECK(result.got.allowed == (test.request.action == policy::Action::kRight));
  }
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text = gateway::fuzz::Bytes(data, size);
  gateway::CheckLayout(text);
  gateway::CheckCases(text);
  return 0;
}
