// `commons policy test, explain, fmt` and what `check` asks of profiles: none needs a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "gateway/crypto/dsse.h"
#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::Folder;
using gateway::testing::Outcome;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A copy of the template for electricity meters.
class PolicyCommandsTest : public ::testing::Test {
 protected:
  PolicyCommandsTest() {
    const std::filesystem::path shipped = std::filesystem::path(GATEWAY_SOURCE_DIR) / "policies";
    for (const char* file : {"example/charter.yaml", "example/roster.yaml", "meters/policy.yaml",
                             "meters/cases.yaml"}) {
      const std::filesystem::path path(file);
      std::filesystem::copy_file(shipped / path, folder_ / path.filename().string());
    }
  }

  // In a file of the folder, `from`, which must occur, becomes `to`.
  void Replace(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = folder_.Read(file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    folder_.Write(file, text.replace(at, from.size(), to));
  }

  Outcome Test(const std::string& options = "") {
    return folder_.Commons("policy test charter.yaml policy.yaml roster.yaml cases.yaml " + options);
  }
  Outcome Explain(const std::string& options) {
    return folder_.Commons("policy explain charter.yaml policy.yaml roster.yaml " + options);
  }

  Folder folder_;
};

constexpr char kCurve[] =
    "--party university --purpose load-research --metric energy-index --stat mean "
    "--zone neighbourhood --bucket PT30M --age P2D --now 2026-06-01T00:00:00Z ";

TEST_F(PolicyCommandsTest, TestPassesWhenEveryCaseDoes) {
  const Outcome outcome = Test("--format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const json rows = outcome.json();
  EXPECT_GE(rows.size(), 25u);
  EXPECT_EQ(rows[0]["case"], "the city gets days");
  EXPECT_EQ(rows[0]["result"], "pass");
  EXPECT_EQ(rows[0]["expected"], "allow OK energy-daily");
  EXPECT_FALSE(rows[0].contains("got"));
}

TEST_F(PolicyCommandsTest, TestSaysWhichCaseDiffersAndHow) {
  Replace("policy.yaml", "purpose_group: [coercive]", "purpose_group: [commercial]");
  const Outcome outcome = Test("--format json");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cases differ"));
  int differing = 0;
  for (const json& row : outcome.json()) {
    if (row["result"] == "pass") continue;
    ++differing;
    if (row["case"] != "nothing for an investigation") continue;
    EXPECT_EQ(row["expected"], "deny FORBIDDEN f-coercive");
    EXPECT_EQ(row["got"], "deny NOT_PERMITTED none");
  }
  EXPECT_GE(differing, 2);
  EXPECT_THAT(Test().out, HasSubstr("deny NOT_PERMITTED none"));
}

TEST_F(PolicyCommandsTest, ARuleThatDecidesNoCaseIsAnError) {
  Replace("policy.yaml", "  - {id: publish-daily,",
          "  - {id: answer-grid, kind: answer, to: [grid-operator], purpose: [grid-planning],\n"
          "     within: P3D}\n  - {id: publish-daily,");
  const Outcome outcome = Test();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("L10: duty \"answer-grid\" decides none of the cases"),
                                 HasSubstr("test: 0 of "),
                                 HasSubstr("rules that decide none: 1")));
}

TEST_F(PolicyCommandsTest, TestRefusesCasesThatMeanNothing) {
  Replace("cases.yaml", "{action: right}", "{action: right, metric: energy-index}");
  const Outcome outcome = Test();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("cases.yaml: line "),
                                 HasSubstr("request: metric: the action right does not look at it")));
}

TEST_F(PolicyCommandsTest, TestSaysWhenTheDocumentsCannotTakeEffect) {
  Replace("policy.yaml", "k_min: 15", "k_min: 1");
  EXPECT_THAT(Test().err, HasSubstr("note: these documents cannot take effect"));
}

TEST_F(PolicyCommandsTest, ExplainShowsEveryStepDownToTheClauseAndItsLine) {
  const Outcome outcome = Explain(std::string(kCurve) + "--format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const json answer = outcome.json();
  EXPECT_EQ(answer["decision"][0]["effect"], "allow");
  EXPECT_EQ(answer["decision"][0]["rules"], json({"energy-curve"}));
  EXPECT_EQ(answer["decision"][0]["k_min"], 15);
  EXPECT_EQ(answer["decision"][0]["redistribution"], false);
  const json& last = answer["trace"].back();
  EXPECT_EQ(last["rule"], "energy-curve");
  EXPECT_EQ(last["clause"], "allows it");
  const std::string text = folder_.Read("policy.yaml");
  const auto before = text.begin() + static_cast<std::ptrdiff_t>(text.find("{id: energy-curve"));
  EXPECT_EQ(last["line"], 1 + std::count(text.begin(), before, '\n'));
  EXPECT_EQ(answer["trace"][2]["clause"], "purpose: is about something else");
}

TEST_F(PolicyCommandsTest, ExplainTellsARefusalAndExitsWith0) {
  const Outcome outcome = Explain("--action consent --metric energy-index --adults yes,no --since P1D");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("not every adult said yes"), HasSubstr("deny"),
                                 HasSubstr("NO_CONSENT"), HasSubstr("consent-energy")));
  EXPECT_THAT(Explain("--action collect --metric energy-index").out, HasSubstr("PT30M"));
}

TEST_F(PolicyCommandsTest, ExplainTakesTheRequestOfACase) {
  const Outcome outcome = Explain("--case cases.yaml 'no curve of ten minutes' --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["decision"][0]["rules"], json({"f-fine-curve"}));
  EXPECT_THAT(Explain("--case cases.yaml nothing").err, HasSubstr("no case is called \"nothing\""));
  EXPECT_THAT(Explain("--case cases.yaml x --party university").err, HasSubstr("--case: says all"));
}

TEST_F(PolicyCommandsTest, ExplainRefusesOptionsThatDoNotCountAndMissesThoseThatDo) {
  EXPECT_THAT(Explain("--action collect --metric energy-index --zone block").err,
              HasSubstr("--zone: the action collect does not look at it"));
  EXPECT_THAT(Explain("--action right --adults yes").err,
              HasSubstr("--adults: the action right does not look at it"));
  EXPECT_THAT(Explain("--party university").err, HasSubstr("--metric: missing"));
  EXPECT_EQ(Explain("--party university --age yesterday").code, 2);
  EXPECT_EQ(Explain("--action read").code, 2);
}

TEST_F(PolicyCommandsTest, FmtChangesTheLayoutOnceAndNothingElse) {
  const std::string shipped = folder_.Read("policy.yaml");
  Replace("policy.yaml", "time_zone: Europe/Paris", "time_zone:    Europe/Paris   # here");
  Outcome outcome = folder_.Commons("policy fmt --check policy.yaml roster.yaml");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("policy.yaml  DIFFERS"), HasSubstr("roster.yaml  good")));
  EXPECT_THAT(outcome.err, HasSubstr("1 of 2 files"));
  EXPECT_THAT(folder_.Read("policy.yaml"), HasSubstr("time_zone:    Europe"));
  outcome = folder_.Commons("policy fmt policy.yaml roster.yaml");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("changed"));
  EXPECT_THAT(folder_.Read("policy.yaml"), HasSubstr("time_zone: Europe/Paris  # here\n"));
  EXPECT_EQ(folder_.Commons("policy fmt --check policy.yaml roster.yaml").code, 0);
  Replace("policy.yaml", "  # here", "");
  EXPECT_EQ(folder_.Read("policy.yaml"), shipped);
}

TEST_F(PolicyCommandsTest, FmtRefusesWhatIsSigned) {
  crypto::Envelope envelope;
  envelope.payload_type = "application/vnd.commons.policy.v1+yaml";
  envelope.payload = folder_.Read("policy.yaml");
  const std::string bytes = crypto::SerializeEnvelope(envelope);
  folder_.Write("policy.yaml.dsse", bytes);
  Outcome outcome = folder_.Commons("policy fmt policy.yaml.dsse");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("policy.yaml.dsse: is signed"));
  // Its text may be looked at, but not changed under the signatures.
  EXPECT_EQ(folder_.Commons("policy fmt policy.yaml").code, 0);
  Replace("policy.yaml", "version: 1", "version:  1");
  outcome = folder_.Commons("policy fmt roster.yaml policy.yaml");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("policy.yaml.dsse holds signatures of it as it is"));
  EXPECT_EQ(folder_.Read("policy.yaml.dsse"), bytes);
}

TEST_F(PolicyCommandsTest, CheckRefusesAnAmountFromAProfileThatNeverSaysWhen) {
  constexpr char kCheck[] = "policy check charter.yaml policy.yaml roster.yaml";
  EXPECT_THAT(folder_.Commons(kCheck).err, Not(HasSubstr("L70")));
  Replace("policy.yaml", "kind: counter", "kind: delta");
  Outcome outcome = folder_.Commons(kCheck);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("L70: collect rule \"collect-energy\": profile teleinfo2mqtt "
                                     "never says when"));
  Replace("policy.yaml", "profile: teleinfo2mqtt", "profile: teleinfo-tasmota");
  EXPECT_THAT(folder_.Commons(kCheck).err, Not(HasSubstr("L70")));
  Replace("policy.yaml", "profile: teleinfo-tasmota", "profile: our-own");
  EXPECT_THAT(folder_.Commons(kCheck).err, Not(HasSubstr("L7")));
  Replace("policy.yaml", "profile: our-own", "profile: airrohr");
  outcome = folder_.Commons(kCheck);
  EXPECT_THAT(outcome.err, HasSubstr("warning: policy line "));
  EXPECT_THAT(outcome.err, HasSubstr("L71: collect rule \"collect-energy\": profile airrohr has no "
                                     "metric \"energy-index\""));
}

}  // namespace
}  // namespace gateway::cli
