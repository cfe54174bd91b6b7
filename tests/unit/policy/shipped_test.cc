// The policies that are shipped: each is clean, laid out, and tested so that no rule can go missing
// unnoticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "gateway/policy/cases.h"
#include "gateway/policy/format.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kNames[] = {"air-quality",           "ev-charging",  "meters",
                                  "riverside",             "street-light-presence",
                                  "street-noise",          "traffic-counters"};

std::filesystem::path Folder() { return std::filesystem::path(GATEWAY_SOURCE_DIR) / "policies"; }

std::string FileText(const std::string& name) {
  std::ifstream in(Folder() / name);
  EXPECT_TRUE(in.good()) << name;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The worked commons is a template, the others share a charter and a roster.
std::string TextOf(const std::string& name, const std::string& document) {
  const bool worked = name == "riverside";
  if (document == "cases") return FileText(name + "/cases.yaml");
  if (document == "policy") return worked ? PolicyText() : FileText(name + "/policy.yaml");
  if (document == "charter") return worked ? CharterText() : FileText("example/charter.yaml");
  return worked ? RosterText() : FileText("example/roster.yaml");
}

Documents DocumentsOf(const std::string& name) {
  return {CharterOf(TextOf(name, "charter")), PolicyOf(TextOf(name, "policy")),
          RosterOf(TextOf(name, "roster"))};
}

std::vector<Case> CasesOf(const std::string& name) {
  StatusOr<std::vector<Case>> cases = ParseCases(TextOf(name, "cases"));
  EXPECT_TRUE(cases.ok()) << name << ": " << cases.status();
  return cases.ok() ? *std::move(cases) : std::vector<Case>();
}

class ShippedPolicyTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(All, ShippedPolicyTest, ::testing::ValuesIn(kNames),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(ShippedPolicyTest, IsClean) {
  const Documents documents = DocumentsOf(GetParam());
  std::vector<std::string> findings;
  for (const Finding& finding : Lint(documents.charter, documents.policy, documents.roster)) {
    findings.push_back(FormatFinding(finding));
  }
  EXPECT_THAT(findings, IsEmpty());
}

TEST_P(ShippedPolicyTest, IsFormatted) {
  for (const char* document : {"charter", "policy", "roster", "cases"}) {
    const std::string text = TextOf(GetParam(), document);
    const StatusOr<std::string> formatted = FormatDocument(text);
    ASSERT_TRUE(formatted.ok()) << document << ": " << formatted.status();
    EXPECT_EQ(*formatted, text) << document;
  }
}

TEST_P(ShippedPolicyTest, AnswersItsCases) {
  const Documents documents = DocumentsOf(GetParam());
  std::vector<CaseResult> results;
  for (const Case& test : CasesOf(GetParam())) {
    results.push_back(RunCase(documents, test));
    const Decision& got = results.back().got;
    EXPECT_TRUE(results.back().passed)
        << "line " << test.line << ": " << test.name << "\n  expected "
        << DecisionText(test.allowed, test.code, test.rules) << "\n  got      "
        << DecisionText(got.allowed, got.code, got.rules);
  }
  std::vector<std::string> untested;
  for (const Finding& finding : LintCoverage(documents.policy, results)) {
    untested.push_back(FormatFinding(finding));
  }
  EXPECT_THAT(untested, IsEmpty());
}

bool AnyFails(const Documents& documents, const std::vector<Case>& cases) {
  return std::any_of(cases.begin(), cases.end(),
                     [&](const Case& test) { return !RunCase(documents, test).passed; });
}

// The mutation gate: a rule that could be deleted without any case failing protects nobody.
TEST_P(ShippedPolicyTest, MissesAnyRuleThatIsDeleted) {
  const Documents whole = DocumentsOf(GetParam());
  const std::vector<Case> cases = CasesOf(GetParam());
  std::size_t deleted = 0;
  const auto gate = [&](auto Policy::*list) {
    for (std::size_t i = 0; i < (whole.policy.*list).size(); ++i, ++deleted) {
      Documents without = whole;
      (without.policy.*list).erase((without.policy.*list).begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_TRUE(AnyFails(without, cases)) << (whole.policy.*list)[i].id.value();
    }
  };
  gate(&Policy::collect);
  gate(&Policy::retain);
  gate(&Policy::consent);
  gate(&Policy::share);
  gate(&Policy::forbid);
  gate(&Policy::duty);
  EXPECT_GE(deleted, 10u);
}

TEST_P(ShippedPolicyTest, ForbidsThoseWhoHavePowerOverPeople) {
  const Documents documents = DocumentsOf(GetParam());
  const Forbid* coercive = nullptr;
  for (const Forbid& forbid : documents.policy.forbid) {
    if (forbid.id == RuleId("f-coercive")) coercive = &forbid;
  }
  ASSERT_NE(coercive, nullptr);
  EXPECT_TRUE(coercive->entrenched);
  EXPECT_THAT(coercive->purpose_groups, ElementsAre("coercive"));
  EXPECT_THAT(documents.charter.entrenched, Contains("f-coercive"));
}

TEST(ShippedPoliciesTest, AllOfThemAreTested) {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    found.insert(entry.path().filename().string());
  }
  found.erase("example");
  EXPECT_EQ(found, std::set<std::string>(std::begin(kNames), std::end(kNames)));
}

TEST(ShippedPoliciesTest, ADayForOnePurposeGivesNoCurve) {
  const Documents documents = DocumentsOf("meters");
  const ShareRule* daily = documents.policy.FindShareRule(RuleId("energy-daily"));
  const ShareRule* curve = documents.policy.FindShareRule(RuleId("energy-curve"));
  ASSERT_TRUE(daily != nullptr && curve != nullptr);
  EXPECT_NE(documents.policy.FindPurpose(daily->purpose)->iri,
            documents.policy.FindPurpose(curve->purpose)->iri);
}

}  // namespace
}  // namespace gateway::policy
