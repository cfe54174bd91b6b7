// Whether charter, policy and roster fit together and protect whom they promise to. Pure.
#pragma once

#include <string>
#include <vector>

#include "gateway/policy/charter.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

struct Finding {
  std::string id;         // "L07", …: lint.cc lists them
  bool refuses = true;    // false: a warning
  std::string text;       // names the rule, the value, the limit and the remedy
  int line = 0;           // in `document`
  std::string document;   // "charter", "policy", "roster"
};

// Findings in order of document and line. No refusing one: the documents may be activated.
std::vector<Finding> Lint(const Charter& charter, const Policy& policy, const Roster& roster);

// What can be said of a charter alone; part of Lint.
std::vector<Finding> LintCharter(const Charter& charter);

// What stewards should know before they sign, though it refuses nothing: a forbid that another one
// already covers (L03), rules for more than 400 days (L11), a recipient without a written agreement
// (L12). Warnings only.
std::vector<Finding> Advise(const Policy& policy, const Roster& roster);

// "policy line 12: L07: …"
std::string FormatFinding(const Finding& finding);

}  // namespace gateway::policy
