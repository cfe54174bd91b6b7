// `commons policy test`: do the documents answer what their cases say? Needs no daemon.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/cli/policy_files.h"
#include "gateway/policy/cases.h"

namespace gateway::cli {
namespace {

struct Args {
  DocumentPaths documents;
  std::vector<std::string> files;
};

std::vector<Value> RowOf(const std::string& file, const policy::Case& test,
                         const policy::CaseResult& result) {
  const policy::Decision& got = result.got;
  return {file,
          static_cast<int64_t>(test.line),
          test.name,
          std::string(result.passed ? "pass" : "DIFFERS"),
          policy::DecisionText(test.allowed, test.code, test.rules),
          result.passed ? Value() : Value(policy::DecisionText(got.allowed, got.code, got.rules))};
}

Status Test(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const policy::Documents documents, ReadDocuments(args.documents));
  const auto findings = policy::Lint(documents.charter, documents.policy, documents.roster);
  if (std::any_of(findings.begin(), findings.end(),
                  [](const policy::Finding& finding) { return finding.refuses; })) {
    std::cerr << "note: these documents cannot take effect; `commons policy check` says why\n";
  }
  Table table{{"file", "line", "case", "result", "expected", "got"}, {}};
  std::vector<policy::CaseResult> results;
  for (const std::string& file : args.files) {
    ASSIGN_OR_RETURN(const std::string text, ReadDocumentText(file));
    const auto cases = policy::ParseCases(text);
    if (!cases.ok()) return Annotate(cases.status(), file);
    for (const policy::Case& test : *cases) {
      results.push_back(policy::RunCase(documents, test));
      table.rows.push_back(RowOf(file, test, results.back()));
    }
  }
  const auto untested = policy::LintCoverage(documents.policy, results);
  context.Print(table);
  for (const policy::Finding& finding : untested) {
    std::cerr << policy::FormatFinding(finding) << "\n";
  }
  const auto differ = std::count_if(results.begin(), results.end(),
                                    [](const policy::CaseResult& result) { return !result.passed; });
  if (differ == 0 && untested.empty()) return OkStatus();
  return FailedPrecondition("test: %d of %d cases differ; rules that decide none: %d", differ,
                            results.size(), untested.size());
}

}  // namespace

void RegisterPolicyCases(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* test = AddVerb(
      noun, "test",
      "Ask the documents what their cases ask: effect, code and the rules that decide have to be the "
      "ones that each case names, and every rule has to decide one (L10). Needs no daemon",
      {"commons policy test charter.yaml policy.yaml roster.yaml cases.yaml"}, context,
      [&context, args] { return Test(context, *args); });
  test->add_option("CHARTER", args->documents.charter, "YAML, or signed (.dsse)")->required();
  test->add_option("POLICY", args->documents.policy, "likewise")->required();
  test->add_option("ROSTER", args->documents.roster, "likewise")->required();
  test->add_option("CASES", args->files, "files of schema commons-cases/1")->required();
}

}  // namespace gateway::cli
