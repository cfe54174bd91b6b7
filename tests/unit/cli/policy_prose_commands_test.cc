// `commons policy prose`: which files it takes, and what it says of the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/dsse.h"
#include "gateway/policy/documents.h"
#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::Folder;
using gateway::testing::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kPolicy[] = R"(schema: commons-policy/1
commons: riverside
version: 1
prev: ""
issued: 2026-01-01T00:00:00Z
activates: 2026-01-01T00:00:00Z
expires: 2027-01-01T00:00:00Z
time_zone: Europe/Paris
zone_levels: [neighbourhood]
zones: [{id: port, level: neighbourhood, homes: 40}]
metrics: [{id: load, unit: Wh, kind: delta, resolution: "1", lo: 0, hi: 25000, interval: PT30M, lateness: PT6H, sensitivity: household, unit_of_privacy: household}]
purposes: [{id: stats, iri: "https://w3id.org/dpv#ProvideOfficialStatistics"}]
collect: []
retain: []
consent: []
share: [{id: hourly, metric: load, stats: [sum], bucket: PT1H, zone: neighbourhood, purpose: stats, to: [city-hall], age_min: P1D, k_min: 10, top1_max_pct: 30}]
)";

constexpr char kRoster[] = R"(schema: commons-roster/1
commons: riverside
version: 1
prev: ""
issued: 2026-01-01T00:00:00Z
expires: 2027-01-01T00:00:00Z
gateways: []
parties: [{id: city-hall, kind: municipality}]
)";

TEST(PolicyProseCommandTest, EachLanguageIsSpoken) {
  const Folder folder;
  folder.Write("policy.yaml", kPolicy);
  EXPECT_THAT(folder.Commons("policy prose policy.yaml").out, StartsWith("# Policy of"));
  EXPECT_THAT(folder.Commons("policy prose policy.yaml --lang fr").out,
              StartsWith("# Règlement de"));
  EXPECT_THAT(folder.Commons("policy prose policy.yaml --lang es").out,
              StartsWith("# Reglamento de"));
  EXPECT_THAT(folder.Commons("policy prose policy.yaml --lang ca").out,
              StartsWith("# Reglament de"));
}

TEST(PolicyProseCommandTest, AnUnknownLanguageIsRefusedWithTheNamesOfTheFour) {
  const Folder folder;
  folder.Write("policy.yaml", kPolicy);
  const Outcome outcome = folder.Commons("policy prose policy.yaml --lang de");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("language \"de\": there is none such; the languages are en, "
                                     "fr, es, ca"));
}

TEST(PolicyProseCommandTest, FilesMayComeInAnyOrder) {
  const Folder folder;
  folder.Write("policy.yaml", kPolicy);
  folder.Write("roster.yaml", kRoster);
  const Outcome outcome = folder.Commons("policy prose roster.yaml policy.yaml");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("They may go to “city-hall” (municipality)."));
  EXPECT_EQ(outcome.out, folder.Commons("policy prose policy.yaml roster.yaml").out);
}

TEST(PolicyProseCommandTest, ASignedDocumentReadsAsItsText) {
  const Folder folder;
  folder.Write("policy.yaml", kPolicy);
  const crypto::Envelope envelope{
      std::string(policy::PayloadTypeOf(policy::DocumentKind::kPolicy)), kPolicy, {}};
  folder.Write("policy.yaml.dsse", crypto::SerializeEnvelope(envelope));
  const Outcome outcome = folder.Commons("policy prose policy.yaml.dsse");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, folder.Commons("policy prose policy.yaml").out);
}

TEST(PolicyProseCommandTest, TwoOfAKindAndWhatIsNoDocumentAreRefusedByTheirNames) {
  const Folder folder;
  folder.Write("policy.yaml", kPolicy);
  folder.Write("other.yaml", kPolicy);
  folder.Write("wrong.yaml", "schema: commons-policy/1\ncommons: riverside\n");
  const Outcome twice = folder.Commons("policy prose policy.yaml other.yaml");
  EXPECT_EQ(twice.code, 1);
  EXPECT_THAT(twice.err, HasSubstr("other.yaml: a second document of its kind"));
  const Outcome wrong = folder.Commons("policy prose wrong.yaml");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("wrong.yaml: line 1 column 1"));
}

TEST(PolicyProseCommandTest, AsJsonTheTextIsOneValue) {
  const Folder folder;
  folder.Write("policy.yaml", kPolicy);
  const Outcome outcome = folder.Commons("policy prose policy.yaml --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("prose"), folder.Commons("policy prose policy.yaml").out);
}

}  // namespace
}  // namespace gateway::cli
