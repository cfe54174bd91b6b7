#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/retraction.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/tlog_proof.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr std::string_view kDay = "2013-01-14T00:00:00Z";
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

// One released day of as many households.
void DecideADay(Commons& commons, int households = 3) {
  for (int i = 0; i < households; ++i) {
    commons.SendDay(commons.Join("flat-" + std::to_string(i)), kDay, 100);
  }
  ASSERT_EQ(*commons.gateway().AdvanceClock(At(kDue)), 1u);
}

port::DecidedCell DailyCell(Commons& commons) {
  const auto cells = commons.Cells({.rule = "load-daily"});
  EXPECT_EQ(cells.size(), 1u);
  return cells.empty() ? port::DecidedCell() : cells[0];
}

policy::Retraction RetractionOf(const port::DecidedCell& cell) {
  return {.commons = "testville",
          .gateway = GatewayId("gw-a"),
          .rule = cell.cell.rule,
          .zone = cell.cell.zone,
          .start = cell.cell.window.start,
          .cell_hash = crypto::Blake2b256(cell.bytes),
          .reason = "wrong-readings",
          .at = At(kDue)};
}

std::string PayloadOf(const policy::Retraction& retraction) {
  const StatusOr<std::string> payload = policy::BuildRetraction(retraction);
  EXPECT_TRUE(payload.ok()) << payload.status();
  return payload.ok() ? *payload : std::string();
}

StatusOr<uint64_t> Retract(Commons& commons, const policy::Retraction& retraction) {
  return commons.gateway().RetractCell(
      commons.Sign(crypto::kRetractionType, PayloadOf(retraction)));
}

// The whole history of one cell, checked with nothing but the log's public key.
void ExpectRetracted(Commons& commons, const port::DecidedCell& before) {
  const port::DecidedCell cell = DailyCell(commons);
  EXPECT_EQ(cell.retracted, "wrong-readings");
  EXPECT_EQ(cell.bytes, before.bytes);
  EXPECT_EQ(cell.nonce, before.nonce);
  const auto refs = commons.gateway().RetractionsOf(cell.leaf);
  ASSERT_EQ(refs.size(), 1u);
  EXPECT_EQ(refs[0].position, cell.position);
  const auto logged = commons.gateway().Logged(refs[0].leaf);
  ASSERT_TRUE(logged.ok()) << logged.status();
  const proof::NoteKey key{.name = "testville/gw/gw-a/replay",
                           .type = proof::NoteKeyType::kLog,
                           .public_key = commons.gateway().GetKeys()->log};
  EXPECT_TRUE(proof::VerifyLogged(logged->entry, logged->proof, key).ok());
  const auto leaf = proof::DecodeRetractionLeaf(logged->entry);
  ASSERT_TRUE(leaf.ok()) << leaf.status();
  EXPECT_EQ(leaf->release, cell.leaf);
  EXPECT_EQ(leaf->position, cell.position);
  EXPECT_EQ(leaf->gateway_id16, proof::GatewayLeafId("testville", "gw-a"));
  const auto envelope = crypto::ParseEnvelope(leaf->envelope);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->payload, PayloadOf(RetractionOf(before)));
}

TEST(RetractionTest, ARetractedCellStaysAsItIsAndSaysSo) {
  Commons commons;
  DecideADay(commons);
  const port::DecidedCell before = DailyCell(commons);
  EXPECT_EQ(before.retracted, "");
  const auto entry = Retract(commons, RetractionOf(before));
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(*entry, 1u);
  ExpectRetracted(commons, before);
  const auto why = commons.gateway().ExplainCell("load-daily", "north", At(kDay));
  ASSERT_TRUE(why.ok());
  EXPECT_EQ(why->retracted, "wrong-readings");
  EXPECT_EQ(why->cell_hash, crypto::Blake2b256(before.bytes));
  // Nothing else is touched.
  for (const port::DecidedCell& cell : commons.Cells({.rule = "load-hourly"})) {
    EXPECT_EQ(cell.retracted, "");
  }
}

TEST(RetractionTest, ItOutlivesRestartAndCrash) {
  Commons commons;
  DecideADay(commons);
  const port::DecidedCell before = DailyCell(commons);
  ASSERT_TRUE(Retract(commons, RetractionOf(before)).ok());
  commons.Crash();
  ExpectRetracted(commons, before);
  EXPECT_EQ(Retract(commons, RetractionOf(before)).status().code(), StatusCode::kAlreadyExists);
  commons.Restart();
  ExpectRetracted(commons, before);
}

TEST(RetractionTest, ASecondOneIsRefusedWhateverItsReason) {
  Commons commons;
  DecideADay(commons);
  policy::Retraction retraction = RetractionOf(DailyCell(commons));
  ASSERT_TRUE(Retract(commons, retraction).ok());
  retraction.reason = "other";
  EXPECT_EQ(Retract(commons, retraction).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_size, 2u);
}

TEST(RetractionTest, SeveralCellsOfOneSheetCanBeRetracted) {
  Commons commons;
  DecideADay(commons);
  ASSERT_TRUE(Retract(commons, RetractionOf(DailyCell(commons))).ok());
  const auto hourly = commons.Cells({.rule = "load-hourly"});
  ASSERT_TRUE(Retract(commons, RetractionOf(hourly[3])).ok());
  commons.Restart();
  EXPECT_EQ(commons.gateway().RetractionsOf(hourly[3].leaf).size(), 2u);
  EXPECT_EQ(commons.Cells({.rule = "load-hourly"})[3].retracted, "wrong-readings");
  EXPECT_EQ(commons.Cells({.rule = "load-hourly"})[4].retracted, "");
}

TEST(RetractionTest, OnlyAStewardOfThisCommonsCanRetract) {
  Commons commons;
  DecideADay(commons);
  const policy::Retraction retraction = RetractionOf(DailyCell(commons));
  crypto::Envelope envelope{.payload_type = std::string(crypto::kRetractionType),
                            .payload = PayloadOf(retraction),
                            .signatures = {}};
  EXPECT_EQ(commons.gateway().RetractCell(crypto::SerializeEnvelope(envelope)).status().code(),
            StatusCode::kPermissionDenied);
  crypto::SignEnvelope(envelope, *crypto::Signer::Generate());
  EXPECT_EQ(commons.gateway().RetractCell(crypto::SerializeEnvelope(envelope)).status().code(),
            StatusCode::kPermissionDenied);
  policy::Retraction foreign = retraction;
  foreign.gateway = GatewayId("gw-b");
  EXPECT_EQ(Retract(commons, foreign).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(commons.gateway().GetStatus()->ledger_size, 1u);
  EXPECT_EQ(DailyCell(commons).retracted, "");
}

TEST(RetractionTest, OnlyTheCellThatWasReleasedCanBeRetracted) {
  Commons commons;
  DecideADay(commons);
  policy::Retraction other_bytes = RetractionOf(DailyCell(commons));
  other_bytes.cell_hash[0] = static_cast<char>(other_bytes.cell_hash[0] ^ 1);
  EXPECT_EQ(Retract(commons, other_bytes).status().code(), StatusCode::kFailedPrecondition);
  policy::Retraction nowhere = RetractionOf(DailyCell(commons));
  nowhere.start += std::chrono::hours(24);
  EXPECT_EQ(Retract(commons, nowhere).status().code(), StatusCode::kNotFound);
}

TEST(RetractionTest, ASuppressedCellHasNothingToRetract) {
  Commons commons;
  DecideADay(commons, 2);
  EXPECT_EQ(Retract(commons, RetractionOf(DailyCell(commons))).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST(RetractionTest, ACellOfARuleThatIsGoneCanStillBeRetracted) {
  Commons commons;
  DecideADay(commons);
  const port::DecidedCell before = DailyCell(commons);
  std::string next =
      commons.PolicyYaml(3, 2, HexEncode(crypto::Blake2b256(commons.PolicyYaml(3))));
  next.replace(next.find("load-daily"), 10, "load-dayly");
  ASSERT_TRUE(commons.Activate({{crypto::kPolicyType, next}}).ok());
  const auto why = commons.gateway().ExplainCell("load-daily", "north", At(kDay));
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->cell_hash, crypto::Blake2b256(before.bytes));
  ASSERT_TRUE(Retract(commons, RetractionOf(before)).ok());
  ExpectRetracted(commons, before);
}

}  // namespace
}  // namespace gateway::pipeline
