// `commons policy compare`, over the policy of Riverside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::Folder;
using gateway::testing::Outcome;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// `text` with `from`, which must occur, replaced wherever it stands.
std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  for (; at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string Template(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(GATEWAY_SOURCE_DIR "/policies/riverside/" + name + ".yaml.in").rdbuf();
  return text.str();
}

std::string PolicyText() {
  std::string text = Template("policy");
  for (const char* home : {"@HOMES_MILL_LANE@", "@HOMES_HARBOUR@", "@HOMES_ORCHARD@"}) {
    text = Replaced(text, home, "40");
  }
  return text;
}

// With old.yaml, and new.yaml that differs from it by one replacement.
struct Two : Folder {
  Two(const std::string& from, const std::string& to) {
    Write("old.yaml", PolicyText());
    Write("new.yaml", Replaced(PolicyText(), from, to));
  }
};

TEST(PolicyCompareTest, TighterSucceedsAndShowsARequestOfACaseFile) {
  const Two folder("k_min: 10", "k_min: 12");
  const Outcome outcome = folder.Commons("policy compare old.yaml new.yaml");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "verdict  tighter\n"
            "\n"
            "tighter  release of load to city-hall for official-stats: k_min 12 instead of 10\n"
            "now      2012-01-01T00:00:00Z\n"
            "request  {action: release, party: city-hall, purpose: official-stats, metric: load, "
            "stat: sum, zone: neighbourhood, bucket: PT1H, age: P1D}\n");
}

TEST(PolicyCompareTest, LooserAndIncomparableAreExitCode5) {
  const Two looser("k_min: 10", "k_min: 8");
  EXPECT_EQ(looser.Commons("policy compare old.yaml new.yaml").code, 5);
  EXPECT_EQ(looser.Commons("policy compare new.yaml old.yaml").code, 0);
  EXPECT_EQ(looser.Commons("policy compare old.yaml old.yaml").code, 0);
  const Two another("time_zone: Europe/London", "time_zone: UTC");
  const Outcome outcome = another.Commons("policy compare old.yaml new.yaml");
  EXPECT_EQ(outcome.code, 5);
  EXPECT_EQ(outcome.out,
            "verdict  incomparable\n"
            "\n"
            "incomparable  time_zone: UTC instead of Europe/London\n");
}

TEST(PolicyCompareTest, JsonHasTheVerdictAndEachDifference) {
  const Two folder("keep: P30D, then: rollup", "keep: P10D, then: rollup");
  const Outcome outcome = folder.Commons("policy compare old.yaml new.yaml --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["verdict"][0]["verdict"], "tighter");
  ASSERT_EQ(json["differences"].size(), 1u);
  EXPECT_EQ(json["differences"][0]["difference"],
            "keeping load: NOT_KEPT by keep-load, was allowed by keep-load");
  EXPECT_EQ(json["differences"][0]["request"],
            "{action: keep, metric: load, tier: raw, age: P10DT1S}");
}

TEST(PolicyCompareTest, CsvHasTheDifferencesAndSaysTheVerdictOnStderr) {
  const Two folder("household_rule: all-adults}", "household_rule: all-adults, reconfirm: P365D}");
  const Outcome outcome = folder.Commons("policy compare old.yaml new.yaml --format csv");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, StartsWith("order,difference,now,request\r\ntighter,"));
  EXPECT_THAT(outcome.out, HasSubstr("adults: [yes], since: P365DT1S}"));
  EXPECT_THAT(outcome.err, HasSubstr("tighter"));
}

TEST(PolicyCompareTest, EntrenchedRulesThatAreTouchedAreNamed) {
  const Two folder("entrenched: true,\n", "\n");
  const Outcome outcome = folder.Commons("policy compare old.yaml new.yaml");
  EXPECT_EQ(outcome.code, 0) << outcome.err;  // what it answers is the same
  EXPECT_EQ(outcome.out, "verdict     equal\nentrenched  f-coercive\n");
}

TEST(PolicyCompareTest, CharterAndRosterCountForBoth) {
  const Two folder("k_min: 10", "k_min: 8");
  std::string charter = Template("charter");
  char digit = '1';
  for (const char* key : {"@KEY_ANA@", "@KEY_BO@", "@KEY_CHI@"}) {
    const std::string name(1, digit++);
    std::string line = folder.Commons("resident keygen --out " + name).out;
    line.pop_back();
    charter = Replaced(charter, key, line);
  }
  // Below this floor nothing leaves, neither by the old rule nor by the new one.
  folder.Write("charter.yaml", Replaced(charter, "k_min: 5 ", "k_min: 11 "));
  EXPECT_THAT(folder.Commons("policy compare old.yaml new.yaml --charter charter.yaml").out,
              HasSubstr("verdict  equal"));
  // Nor to a party that is not in the roster.
  std::string roster = Replaced(Template("roster"), "id: city-hall", "id: county");
  for (const char* who : {"GW_MILL_LANE", "GW_HARBOUR", "GW_ORCHARD", "CITY_HALL"}) {
    roster = Replaced(roster, std::string("@KEYS_") + who + "@", "");
  }
  folder.Write("roster.yaml", roster);
  EXPECT_THAT(folder.Commons("policy compare old.yaml new.yaml --roster roster.yaml").out,
              HasSubstr("verdict  equal"));
}

TEST(PolicyCompareTest, AnotherDocumentIsRefusedByName) {
  const Two folder("k_min: 10", "k_min: 8");
  const Outcome outcome = folder.Commons("policy compare old.yaml new.yaml --roster new.yaml");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("new.yaml: is a policy, not a roster"));
}

}  // namespace
}  // namespace gateway::cli
