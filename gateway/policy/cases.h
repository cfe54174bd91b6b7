// Cases: what a policy is meant to answer, written down beside it in words that its voters can check.
// Each names the rule that decides: with deny by default a refusal alone would prove nothing, for it
// comes also where the rule that was meant to refuse is missing. Pure; the structs are plain data.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/evaluate.h"
#include "gateway/policy/lint.h"

namespace gateway::policy {

// A field of a request by its name in a case, beside `action`.
struct RequestField {
  std::string_view name;
  bool needed = true;
};
// Those that count for an action; no other may stand there.
std::span<const RequestField> FieldsOf(Action action);

struct Case {
  std::string name;  // unique in its file
  Time now;
  Request request;
  bool allowed = false;
  std::string code;
  std::vector<RuleId> rules;  // sorted; empty: no rule decides
  int line = 0;
};

// Returns InvalidArgument with line and column if the text is no commons-cases/1.
StatusOr<std::vector<Case>> ParseCases(std::string_view yaml);

struct CaseResult {
  Decision got;         // with a sound clock
  bool passed = false;  // effect, code and rules are the ones expected
};
CaseResult RunCase(const Documents& documents, const Case& test);

// "allow OK load-hourly", "deny FORBIDDEN f-a f-b", "deny NOT_PERMITTED none".
std::string DecisionText(bool allowed, std::string_view code, const std::vector<RuleId>& rules);

// L10: a rule that decides none of the cases that passed. What nobody tests, nobody would miss.
std::vector<Finding> LintCoverage(const Policy& policy, std::span<const CaseResult> results);

}  // namespace gateway::policy
