// The answer of a gateway, as a party takes it. The input is taken as a signed envelope; as what
// stands behind the gateway's signature; and, its cells committed to and its entries logged again by
// the gateway, as what stands behind the log. A cell is believed only if it all holds, and no
// changed bit of a believed answer is.
#include <string>

#include "commons/v1/query.pb.h"
#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/secret.h"
#include "gateway/proof/answer.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"
#include "tests/support/test_gateway.h"

namespace gateway {
namespace {

namespace wire = commons::v1;
using proof::VerifiedPart;
using testing::TestGateway;

const TestGateway& Answering() {
  static const TestGateway* const gateway = [] {
    GW_CHECK(crypto::InitCrypto().ok());
    return new TestGateway(std::string(fuzz::kGateway));
  }();
  return *gateway;
}

std::string Signed(std::string_view payload) {
  crypto::Envelope envelope{std::string(crypto::kAnswerType), std::string(payload), {}};
  crypto::SignEnvelope(envelope, Answering().signer());
  return crypto::SerializeEnvelope(envelope);
}

// Callers branch on code and word alike.
void CheckRefusal(const Status& status) {
  const std::string text(Message(status));
  switch (status.code()) {
    case StatusCode::kInvalidArgument: GW_CHECK(text.starts_with("BAD_ANSWER: ")); return;
    case StatusCode::kPermissionDenied: GW_CHECK(text.starts_with("BAD_SIGNATURE: ")); return;
    case StatusCode::kFailedPrecondition: GW_CHECK(text.starts_with("WRONG_QUESTION: ")); return;
    case StatusCode::kDataLoss: GW_CHECK(text.starts_with("BAD_PROOF: ")); return;
    default: GW_CHECK(false);
  }
}

void CheckBelieved(std::string_view bytes, const VerifiedPart& verified) {
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  GW_CHECK(envelope.ok() && envelope->signatures.size() == 1);
  GW_CHECK(crypto::VerifySignature(
      Answering().keys().sign, crypto::PreAuthEncoding(crypto::kAnswerType, envelope->payload),
      envelope->signatures[0].signature));
  GW_CHECK(verified.part.query == fuzz::QueryHash());
  GW_CHECK(verified.part.gateway.value() == fuzz::kGateway);
  GW_CHECK(verified.cells.empty() || verified.part.code == proof::kAnswerOk);
  GW_CHECK(verified.cells.empty() == (verified.log_size == 0));
  for (const proof::VerifiedCell& cell : verified.cells) {
    GW_CHECK(proof::EncodeCell(cell.cell) == cell.bytes);
    GW_CHECK(cell.cell.commons == verified.part.commons);
    GW_CHECK(cell.cell.gateway == verified.part.gateway);
    GW_CHECK(cell.cell.replay == verified.part.replay);
  }
}

StatusOr<VerifiedPart> Verify(std::string_view bytes) {
  StatusOr<VerifiedPart> verified =
      proof::VerifyAnswer(bytes, Answering().keys(), fuzz::QueryHash());
  if (verified.ok()) {
    CheckBelieved(bytes, *verified);
    GW_CHECK(proof::ClaimedGateway(bytes).ok());
  } else {
    CheckRefusal(verified.status());
  }
  return verified;
}

void VerifySigned(std::string_view payload) {
  std::string bytes = Signed(payload);
  if (!Verify(bytes).ok()) return;
  fuzz::FlipOneBit(bytes);
  GW_CHECK(!Verify(bytes).ok());
}

// The sheet's entry as the gateway would have logged it for these cells, where that can be.
std::string EntryFor(const wire::AnswerSheet& sheet) {
  StatusOr<proof::ReleaseLeaf> leaf = proof::DecodeReleaseLeaf(sheet.release().entry());
  if (!leaf.ok()) return sheet.release().entry();
  leaf->gateway_id16 = proof::GatewayLeafId(fuzz::kCommons, fuzz::kGateway);
  for (const wire::AnswerCell& cell : sheet.cells()) {
    if (cell.position() >= leaf->cells.size()) continue;
    if (cell.nonce().size() != proof::kCellNonceBytes) continue;
    leaf->cells[cell.position()].commitment = proof::CommitCell(cell.nonce(), cell.cell());
  }
  const StatusOr<std::string> entry = proof::EncodeReleaseLeaf(*leaf);
  return entry.ok() ? *entry : sheet.release().entry();
}

void VerifyLoggedAgain(std::string_view payload) {
  wire::Answer answer;
  if (!answer.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
  answer.set_schema(1);
  answer.set_commons(std::string(fuzz::kCommons));
  answer.set_gateway(std::string(fuzz::kGateway));
  answer.set_query(fuzz::QueryHash());
  TestGateway gateway(std::string(fuzz::kGateway), answer.replay());
  for (wire::AnswerSheet& sheet : *answer.mutable_sheets()) {
    gateway.Append(EntryFor(sheet));
    for (const wire::LoggedEntry& entry : sheet.retractions()) gateway.Append(entry.entry());
  }
  uint64_t index = 0;
  const auto log = [&](wire::LoggedEntry& to) {
    const proof::LoggedEntry logged = gateway.Logged(index++);
    to.set_entry(logged.entry);
    to.set_proof(logged.proof);
  };
  for (wire::AnswerSheet& sheet : *answer.mutable_sheets()) {
    log(*sheet.mutable_release());
    for (wire::LoggedEntry& entry : *sheet.mutable_retractions()) log(entry);
  }
  VerifySigned(answer.SerializeAsString());
}

void VerifyPayload(std::string_view payload) {
  VerifySigned(payload);
  VerifyLoggedAgain(payload);
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  gateway::fuzz::SilenceProtobuf();
  const std::string_view bytes = gateway::fuzz::Bytes(data, size);
  (void)gateway::Verify(bytes).ok();
  (void)gateway::proof::ClaimedGateway(bytes).ok();
  gateway::VerifyPayload(bytes);
  const auto envelope = gateway::crypto::ParseEnvelope(bytes);
  if (envelope.ok()) gateway::VerifyPayload(envelope->payload);
  return 0;
}
