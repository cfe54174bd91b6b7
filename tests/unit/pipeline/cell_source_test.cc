// What a network-facing module can read: cells with what proves them, documents, time.
#include <gtest/gtest.h>

#include <set>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/tlog_proof.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

// Day end, six hours of lateness, one day of age.
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";
constexpr std::string_view kNextDue = "2013-01-17T06:00:00Z";

// Three households' readings of two days; the first is decided.
std::vector<Member> DecideADay(Commons& commons) {
  std::vector<Member> members;
  for (const char* name : {"flat-0", "flat-1", "flat-2"}) members.push_back(commons.Join(name));
  for (const Member& member : members) {
    commons.SendDay(member, "2013-01-14T00:00:00Z", 100);
    commons.SendDay(member, "2013-01-15T00:00:00Z", 200);
  }
  EXPECT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
  return members;
}

proof::NoteKey LogKeyOf(Pipeline& gateway) {
  return {.name = "testville/gw/gw-a/replay",
          .type = proof::NoteKeyType::kLog,
          .public_key = gateway.GetKeys()->log};
}

// Checks the cell against the log with nothing but the log's public key.
void ExpectProved(Pipeline& gateway, const port::DecidedCell& cell) {
  const auto logged = gateway.Logged(cell.leaf);
  ASSERT_TRUE(logged.ok()) << logged.status();
  const auto checkpoint = proof::VerifyLogged(logged->entry, logged->proof, LogKeyOf(gateway));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const auto leaf = proof::DecodeReleaseLeaf(logged->entry);
  ASSERT_TRUE(leaf.ok()) << leaf.status();
  ASSERT_LT(cell.position, leaf->cells.size());
  EXPECT_EQ(leaf->cells[cell.position].commitment, proof::CommitCell(cell.nonce, cell.bytes));
}

TEST(CellSourceTest, KeysAreKnownBeforeAnyRulesAre) {
  Commons commons(Commons::WithoutRules{});
  const auto keys = commons.gateway().GetKeys();
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->gateway, "gw-a");
  const auto tls = commons.gateway().tls_identity();
  ASSERT_TRUE(tls.ok());
  EXPECT_EQ(keys->tls, tls->pin);
  EXPECT_EQ(keys->sign, commons.gateway().signer().public_key());
  EXPECT_EQ((std::set{keys->tls, keys->sign, keys->log}).size(), 3u);
  commons.Restart();
  const auto again = commons.gateway().GetKeys();
  EXPECT_EQ(again->tls, keys->tls);
  EXPECT_EQ(again->sign, keys->sign);
  EXPECT_EQ(again->log, keys->log);
  EXPECT_EQ(commons.gateway().tls_identity()->certificate_pem, tls->certificate_pem);
}

TEST(CellSourceTest, EveryDecidedCellIsProvedByThePublishedCheckpoint) {
  Commons commons;
  DecideADay(commons);
  const std::vector<port::DecidedCell> cells = commons.Cells();
  ASSERT_EQ(cells.size(), 25u);
  for (const port::DecidedCell& cell : cells) ExpectProved(commons.gateway(), cell);
  EXPECT_EQ(commons.gateway().Logged(1).status().code(), StatusCode::kNotFound);
  // The newest checkpoint proves the older entry as well.
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kNextDue)), 1u);
  for (const port::DecidedCell& cell : commons.Cells()) ExpectProved(commons.gateway(), cell);
}

TEST(CellSourceTest, TheCheckpointIsThatOfWhatMayBeRead) {
  Commons empty(Commons::WithoutRules{});
  EXPECT_EQ(empty.gateway().checkpoint(), "");
  Commons commons;
  const auto size = [&] {
    const auto note = proof::ParseNote(commons.gateway().checkpoint());
    return proof::ParseCheckpoint(note->text)->size;
  };
  EXPECT_EQ(size(), 0u);
  DecideADay(commons);
  EXPECT_EQ(size(), 1u);
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_size, 1u);
}

TEST(CellSourceTest, ACrashChangesNeitherCheckpointNorProofs) {
  Commons commons;
  DecideADay(commons);
  const std::string checkpoint = commons.gateway().checkpoint();
  const port::LoggedEntry logged = *commons.gateway().Logged(0);
  commons.Crash();
  EXPECT_EQ(commons.gateway().checkpoint(), checkpoint);
  EXPECT_EQ(commons.gateway().Logged(0)->entry, logged.entry);
  EXPECT_EQ(commons.gateway().Logged(0)->proof, logged.proof);
  for (const port::DecidedCell& cell : commons.Cells()) ExpectProved(commons.gateway(), cell);
}

TEST(CellSourceTest, DocumentsAreTheSamePointerUntilTheyChange) {
  Commons empty(Commons::WithoutRules{});
  EXPECT_EQ(empty.gateway().documents(), nullptr);
  Commons commons;
  const auto before = commons.gateway().documents();
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->policy, commons.PolicyYaml(3));
  commons.Join("flat-0");
  EXPECT_EQ(commons.gateway().documents(), before);
  const std::string next = commons.PolicyYaml(4, 2, HexEncode(crypto::Blake2b256(before->policy)));
  ASSERT_TRUE(commons.Activate({{crypto::kPolicyType, next}}).ok());
  EXPECT_EQ(commons.gateway().documents()->policy, next);
  EXPECT_EQ(commons.gateway().documents()->charter, before->charter);
  commons.Restart();
  EXPECT_EQ(commons.gateway().documents()->policy, next);
}

// Activates version `version` of the policy, after the one in force.
void ChangeRecipients(Commons& commons, uint64_t version, const std::string& recipients) {
  const std::string prev =
      HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy));
  const Status activated = commons.Activate(
      {{crypto::kPolicyType, commons.PolicyYaml(3, version, prev, recipients)}});
  ASSERT_TRUE(activated.ok()) << activated;
}

std::vector<std::string> RecipientsOf(Commons& commons, std::string_view start) {
  const auto cells = commons.Cells({.rule = "load-daily", .from = At(start)});
  EXPECT_FALSE(cells.empty());
  if (cells.empty()) return {};
  EXPECT_EQ(cells[0].purpose, "official-stats");
  EXPECT_EQ(cells[0].purpose_iri, "https://w3id.org/dpv#ProvideOfficialStatistics");
  return cells[0].recipients;
}

TEST(CellSourceTest, ALaterPolicyDoesNotOpenOldCellsToNewRecipients) {
  Commons commons;
  DecideADay(commons);
  const std::vector<std::string> city{"city-hall"}, both{"city-hall", "institute"};
  ChangeRecipients(commons, 2, "city-hall, institute");
  EXPECT_EQ(RecipientsOf(commons, "2013-01-14T00:00:00Z"), city);
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kNextDue)), 1u);
  EXPECT_EQ(RecipientsOf(commons, "2013-01-14T00:00:00Z"), city);
  EXPECT_EQ(RecipientsOf(commons, "2013-01-15T00:00:00Z"), both);
  // Nor does a later one take back what was given.
  ChangeRecipients(commons, 3, "city-hall");
  EXPECT_EQ(RecipientsOf(commons, "2013-01-15T00:00:00Z"), both);
  commons.Restart();
  EXPECT_EQ(RecipientsOf(commons, "2013-01-14T00:00:00Z"), city);
  EXPECT_EQ(RecipientsOf(commons, "2013-01-15T00:00:00Z"), both);
}

TEST(CellSourceTest, TheMomentIsTheRecordings) {
  Commons commons;
  EXPECT_EQ(commons.gateway().moment().now, At("2013-01-13T00:00:00Z"));
  ASSERT_TRUE(commons.gateway().AdvanceClock(At(kDue)).ok());
  EXPECT_EQ(commons.gateway().moment().now, At(kDue));
  EXPECT_TRUE(commons.gateway().moment().sound);
}

TEST(CellSourceTest, NeitherNoncesNorPrivateKeysReachTheLog) {
  SetLogLevel(LogLevel::kDebug);
  ::testing::internal::CaptureStderr();
  Commons commons;
  DecideADay(commons);
  const auto tls = commons.gateway().tls_identity();
  const std::string log = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kInfo);
  EXPECT_NE(log.find("decision ends"), std::string::npos);
  for (const port::DecidedCell& cell : commons.Cells()) {
    EXPECT_EQ(log.find(cell.nonce), std::string::npos);
    EXPECT_EQ(log.find(HexEncode(cell.nonce)), std::string::npos);
  }
  EXPECT_EQ(log.find("PRIVATE KEY"), std::string::npos);
  EXPECT_EQ(log.find(tls->private_key_pem.substr(28, 40)), std::string::npos);
}

}  // namespace
}  // namespace gateway::pipeline
