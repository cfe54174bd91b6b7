#include "gateway/proof/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "commons/v1/query.pb.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/note.h"
#include "tests/support/test_gateway.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::proof {
namespace {

using gateway::testing::TestGateway;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kQuery(32, 'q');

// Gateway gw-a with two released hours and a suppressed one in one sheet, and a day in another.
class AnswerTest : public crypto::CryptoTest {
 protected:
  AnswerTest() {
    gateway_.Append("an entry of another kind");
    first_ = gateway_.Release({gateway_.MakeCell(0), gateway_.MakeCell(1, CellStatus::kSuppressed),
                               gateway_.MakeCell(2)});
    second_ = gateway_.Release({gateway_.MakeCell(3)});
  }
  AnswerPart Good() const {
    return gateway_.Part(kQuery, {gateway_.Sheet(first_), gateway_.Sheet(second_)});
  }
  Status Verify(std::string_view envelope) const {
    return VerifyAnswer(envelope, gateway_.keys(), kQuery).status();
  }
  Status Verify(const AnswerPart& part) const { return Verify(gateway_.Sign(part)); }

  TestGateway gateway_{"gw-a"};
  uint64_t first_ = 0, second_ = 0;
};

void ExpectStatus(const Status& status, StatusCode code, const std::string& text) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(Message(status)), StartsWith(text));
}
void ExpectBadProof(const Status& status, const std::string& why) {
  ExpectStatus(status, StatusCode::kDataLoss, "BAD_PROOF: gateway \"gw-a\": ");
  EXPECT_THAT(std::string(Message(status)), HasSubstr(why));
}

// Signs any payload as if it were an answer.
std::string SignedPayload(const TestGateway& gateway, std::string payload,
                          std::string_view type = crypto::kAnswerType) {
  crypto::Envelope envelope{std::string(type), std::move(payload), {}};
  crypto::SignEnvelope(envelope, gateway.signer());
  return crypto::SerializeEnvelope(envelope);
}

TEST_F(AnswerTest, YieldsTheCellsThatWereLogged) {
  const auto verified = VerifyAnswer(gateway_.Sign(Good()), gateway_.keys(), kQuery);
  ASSERT_TRUE(verified.ok()) << verified.status();
  ASSERT_EQ(verified->cells.size(), 4u);
  EXPECT_EQ(verified->cells[0].bytes, EncodeCell(gateway_.MakeCell(0)));
  EXPECT_EQ(verified->cells[1].cell.status, CellStatus::kSuppressed);
  EXPECT_EQ(verified->cells[3].cell.window.start, gateway_.MakeCell(3).window.start);
  EXPECT_EQ(verified->log_size, 3u);
  EXPECT_EQ(verified->part.code, "OK");
  EXPECT_EQ(verified->part.policy_version, 3u);
  EXPECT_TRUE(verified->part.last);
}

TEST_F(AnswerTest, ARefusalIsAnAnswer) {
  const auto verified = VerifyAnswer(
      gateway_.Sign(gateway_.Refusal(kQuery, "FORBIDDEN", {"no-marketing"})), gateway_.keys(),
      kQuery);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->part.code, "FORBIDDEN");
  EXPECT_EQ(verified->part.rules, std::vector<std::string>{"no-marketing"});
  EXPECT_EQ(verified->log_size, 0u);
}

TEST_F(AnswerTest, NamesWhoItClaimsToBeFrom) {
  EXPECT_EQ(*ClaimedGateway(gateway_.Sign(Good())), GatewayId("gw-a"));
  ExpectStatus(ClaimedGateway("x").status(), StatusCode::kInvalidArgument, "BAD_ANSWER: ");
}

TEST_F(AnswerTest, EveryFlippedBitIsRefused) {
  const std::string envelope = gateway_.Sign(gateway_.Part(kQuery, {gateway_.Sheet(second_)}));
  ASSERT_TRUE(Verify(envelope).ok());
  for (std::size_t bit = 0; bit < envelope.size() * 8; ++bit) {
    const Status status = Verify(crypto::FlipBit(envelope, bit));
    ASSERT_THAT(status.code(),
                AnyOf(StatusCode::kInvalidArgument, StatusCode::kPermissionDenied)) << bit;
  }
}

TEST_F(AnswerTest, EveryTruncationIsRefused) {
  const std::string envelope = gateway_.Sign(gateway_.Part(kQuery, {gateway_.Sheet(second_)}));
  for (std::size_t size = 0; size < envelope.size(); ++size) {
    ASSERT_FALSE(Verify(envelope.substr(0, size)).ok()) << size;
  }
}

TEST_F(AnswerTest, AnotherGatewaysSignatureIsBadSignature) {
  const TestGateway other("gw-b");
  ExpectStatus(Verify(other.Sign(Good())), StatusCode::kPermissionDenied, "BAD_SIGNATURE: ");
  AnswerPart in_its_name = other.Part(kQuery);
  ExpectStatus(Verify(in_its_name), StatusCode::kPermissionDenied, "BAD_SIGNATURE: ");
}

TEST_F(AnswerTest, ASecondSignatureOrAnotherKeyIdIsBadSignature) {
  auto envelope = crypto::ParseEnvelope(gateway_.Sign(Good()));
  ASSERT_TRUE(envelope.ok());
  crypto::Envelope twice = *envelope;
  crypto::SignEnvelope(twice, TestGateway("gw-b").signer());
  ExpectStatus(Verify(crypto::SerializeEnvelope(twice)), StatusCode::kPermissionDenied,
               "BAD_SIGNATURE: ");
  envelope->signatures[0].keyid.clear();
  ExpectStatus(Verify(crypto::SerializeEnvelope(*envelope)), StatusCode::kPermissionDenied,
               "BAD_SIGNATURE: ");
}

TEST_F(AnswerTest, AnotherQuestionsAnswerIsWrongQuestion) {
  AnswerPart part = Good();
  part.query = std::string(32, 'r');
  ExpectStatus(Verify(part), StatusCode::kFailedPrecondition, "WRONG_QUESTION: ");
}

TEST_F(AnswerTest, AnAlteredCellIsBadProof) {
  AnswerPart part = Good();
  Cell cell = gateway_.MakeCell(0);
  cell.figures->sum += 1;
  part.sheets[0].cells[0].bytes = EncodeCell(cell);
  ExpectBadProof(Verify(part), "not the one that was logged");
}

TEST_F(AnswerTest, ASwappedNonceOrPositionIsBadProof) {
  AnswerPart nonces = Good();
  std::swap(nonces.sheets[0].cells[0].nonce, nonces.sheets[0].cells[2].nonce);
  ExpectBadProof(Verify(nonces), "not the one that was logged");
  AnswerPart positions = Good();
  positions.sheets[0].cells.pop_back();
  positions.sheets[0].cells[1].position = 2;
  ExpectBadProof(Verify(positions), "not the one that was logged");
  AnswerPart beyond = Good();
  beyond.sheets[0].cells[2].position = 3;
  ExpectBadProof(Verify(beyond), "beyond");
}

TEST_F(AnswerTest, AnEntryOfAnotherLogIsBadProof) {
  TestGateway other("gw-b");
  other.Release({other.MakeCell(0)});
  AnswerPart foreign = Good();
  foreign.sheets = {other.Sheet(0)};
  EXPECT_EQ(Verify(foreign).code(), StatusCode::kDataLoss);
  // Logged by gw-a itself, but made by gw-b.
  AnswerPart copied = Good();
  AnswerSheet sheet = other.Sheet(0);
  sheet.release = gateway_.Logged(gateway_.Append(sheet.release.entry));
  copied.sheets = {sheet};
  ExpectBadProof(Verify(copied), "another gateway");
}

TEST_F(AnswerTest, AnEntryThatIsNotWhereItsProofSaysIsBadProof) {
  AnswerPart part = Good();
  part.sheets[0].release.proof = part.sheets[1].release.proof;
  ExpectBadProof(Verify(part), "");
  AnswerPart no_release = Good();
  no_release.sheets[0].release = gateway_.Logged(0);
  ExpectBadProof(Verify(no_release), "");
}

TEST_F(AnswerTest, ReplayedDataThatPassesForLiveIsBadProof) {
  AnswerPart part = Good();
  part.replay = true;
  EXPECT_EQ(Verify(part).code(), StatusCode::kDataLoss);
  TestGateway recorded("gw-a", true);
  recorded.Release({recorded.MakeCell(0)});
  EXPECT_TRUE(Verify(recorded.Part(kQuery, {recorded.Sheet(0)})).ok());
  AnswerPart live = recorded.Part(kQuery, {recorded.Sheet(0)});
  live.replay = false;
  EXPECT_EQ(Verify(live).code(), StatusCode::kDataLoss);
}

TEST_F(AnswerTest, ACellThatItsEntryContradictsIsBadProof) {
  const auto with = [&](auto change) {
    Cell cell = gateway_.MakeCell(5);
    change(cell);
    const uint64_t index = gateway_.Release({cell});
    return Verify(gateway_.Part(kQuery, {gateway_.Sheet(index)}));
  };
  EXPECT_TRUE(with([](Cell&) {}).ok());
  ExpectBadProof(with([](Cell& cell) { cell.commons = "elsewhere"; }), "contradicts");
  ExpectBadProof(with([](Cell& cell) { cell.gateway = GatewayId("gw-b"); }), "contradicts");
  ExpectBadProof(with([](Cell& cell) { cell.replay = true; }), "contradicts");
  ExpectBadProof(with([](Cell& cell) { cell.metric = MetricId("gas"); }), "contradicts");
  ExpectBadProof(with([](Cell& cell) { cell.zone = ZoneId("south"); }), "contradicts");
  ExpectBadProof(with([](Cell& cell) { cell.policy_version = 4; }), "contradicts");
  ExpectBadProof(with([](Cell& cell) {
                   cell.status = CellStatus::kPending;
                   cell.figures.reset();
                 }), "contradicts");
}

TEST_F(AnswerTest, ASheetComesOnceAndInOrder) {
  AnswerPart twice = Good();
  twice.sheets = {gateway_.Sheet(first_), gateway_.Sheet(first_)};
  ExpectBadProof(Verify(twice), "ascend");
  AnswerPart backwards = Good();
  std::swap(backwards.sheets[0], backwards.sheets[1]);
  ExpectBadProof(Verify(backwards), "ascend");
}

// The part with all retractions that the test logged, and what of it is retracted.
TEST_F(AnswerTest, ARetractionMarksItsCellIfAStewardSignedIt) {
  const crypto::Signer steward = gateway::testing::TestSigner('s');
  const crypto::Signer stranger = gateway::testing::TestSigner('x');
  const std::vector<std::string> stewards = {gateway::testing::TestSigner('t').public_key(),
                                             steward.public_key()};
  const uint64_t by_stranger = gateway_.Retract(first_, 0, "other", stranger);
  const uint64_t by_steward = gateway_.Retract(first_, 2, "wrong-readings", steward);
  AnswerPart part = Good();
  part.sheets[0].retractions = {gateway_.Logged(by_stranger), gateway_.Logged(by_steward)};
  const auto verified = VerifyAnswer(gateway_.Sign(part), gateway_.keys(), kQuery, stewards);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->cells[0].retracted, "");
  EXPECT_EQ(verified->cells[2].retracted, "wrong-readings");
  // Who knows no steward believes no retraction.
  EXPECT_EQ(VerifyAnswer(gateway_.Sign(part), gateway_.keys(), kQuery)->cells[2].retracted, "");
}

TEST_F(AnswerTest, ARetractionOfAnythingElseIsBadProof) {
  const crypto::Signer steward = gateway::testing::TestSigner('s');
  const auto with = [&](const LoggedEntry& retraction) {
    AnswerPart part = Good();
    part.sheets[0].cells.pop_back();  // all but position 2
    part.sheets[0].retractions = {retraction};
    return Verify(part);
  };
  const auto logged = [&](uint64_t release, uint32_t position, const std::string& reason) {
    return gateway_.Logged(gateway_.Retract(release, position, reason, steward));
  };
  EXPECT_TRUE(with(logged(first_, 0, "other")).ok());
  ExpectBadProof(with(logged(first_, 2, "other")), "not here");
  ExpectBadProof(with(logged(second_, 0, "other")), "not here");
  ExpectBadProof(with(logged(first_, 0, "Ann's meter is broken")), "known reason");
  ExpectBadProof(with(gateway_.Logged(0)), "");
  // The signed text is of the cell at 0, the entry says 1.
  auto leaf = DecodeRetractionLeaf(logged(first_, 0, "other").entry);
  ASSERT_TRUE(leaf.ok());
  leaf->position = 1;
  ExpectBadProof(with(gateway_.Logged(gateway_.Append(*EncodeRetractionLeaf(*leaf)))),
                 "another cell");
  LoggedEntry unlogged = logged(first_, 0, "other");
  unlogged.entry = *EncodeRetractionLeaf(*leaf);
  EXPECT_EQ(with(unlogged).code(), StatusCode::kDataLoss);
}

TEST_F(AnswerTest, OnlyTheBytesThatAGatewayWritesAreAnAnswer) {
  const auto envelope = crypto::ParseEnvelope(gateway_.Sign(Good()));
  ASSERT_TRUE(envelope.ok());
  const auto refused = [&](const std::string& bytes) {
    ExpectStatus(Verify(bytes), StatusCode::kInvalidArgument, "BAD_ANSWER: ");
  };
  EXPECT_TRUE(Verify(SignedPayload(gateway_, envelope->payload)).ok());
  refused(SignedPayload(gateway_, envelope->payload, crypto::kQueryType));
  refused(SignedPayload(gateway_, envelope->payload + std::string("\xf8\x06\x01", 3)));  // no. 111
  refused(SignedPayload(gateway_, envelope->payload + std::string("\x58\x00", 2)));  // part 0 again
  refused(SignedPayload(gateway_, "\x08\x02"));  // schema 2
  refused(SignedPayload(gateway_, "\xff"));
}

// A liar's own text must not move the cursor of whoever reads who answered.
TEST_F(AnswerTest, TextThatMovesATerminalsCursorIsRefused) {
  for (const std::string text : {"\x1b[1A", "a\nb", "\x7f", "\xc2\x9b" "1A"}) {
    Cell cell = gateway_.MakeCell(5);
    cell.unit = text;
    ExpectBadProof(Verify(gateway_.Part(kQuery, {gateway_.Sheet(gateway_.Release({cell}))})),
                   "a cell with control characters");
    cell = gateway_.MakeCell(5, CellStatus::kReleased, text);
    ExpectBadProof(Verify(gateway_.Part(kQuery, {gateway_.Sheet(gateway_.Release({cell}))})),
                   "a cell with control characters");
    commons::v1::Answer refusal;
    refusal.set_schema(1);
    refusal.set_commons("riverside");
    refusal.set_gateway("gw-a");
    refusal.set_query(kQuery);
    refusal.set_code("FORBIDDEN");
    refusal.add_rules(text);
    refusal.set_last(true);
    ExpectStatus(Verify(SignedPayload(gateway_, refusal.SerializeAsString())),
                 StatusCode::kInvalidArgument, "BAD_ANSWER: a rule is no name");
    refusal.clear_rules();
    refusal.set_commons(text);
    ExpectStatus(Verify(SignedPayload(gateway_, refusal.SerializeAsString())),
                 StatusCode::kInvalidArgument, "BAD_ANSWER: its commons is no name");
  }
  Cell degrees = gateway_.MakeCell(5);
  degrees.unit = "\xc2\xb0" "C";
  EXPECT_TRUE(
      Verify(gateway_.Part(kQuery, {gateway_.Sheet(gateway_.Release({degrees}))})).ok());
}

TEST_F(AnswerTest, AMisshapenPartIsABug) {
  const auto dies = [&](auto change) {
    AnswerPart part = Good();
    change(part);
    EXPECT_DEATH(gateway_.Sign(part), "Misshapen");
  };
  dies([](AnswerPart& part) { part.code = "FORBIDDEN"; });  // and carries cells
  dies([](AnswerPart& part) { part.code = "not a code"; });
  dies([](AnswerPart& part) { part.query = "short"; });
  dies([](AnswerPart& part) { part.sheets[0].cells.clear(); });
  dies([](AnswerPart& part) { part.sheets[0].cells[1].position = 0; });
  dies([](AnswerPart& part) { part.sheets[0].cells[1].nonce = "short"; });
}

}  // namespace
}  // namespace gateway::proof
