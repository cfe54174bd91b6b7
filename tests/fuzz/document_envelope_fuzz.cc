// A signed document on its way into force. The input is taken as an envelope, of which nothing is
// believed before its signatures were checked, and, signed by two stewards as the kind of document
// that it claims to be, as what stands behind them. Accepted is only what enough stewards signed, and what was accepted
// parses; nothing is taken halfway.
#include <span>
#include <string>

#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/documents.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/requests.h"
#include "tests/fuzz/world.h"

namespace gateway {
namespace {

using policy::Activation;
using policy::DocumentKind;
using policy::StoredDocuments;

const StoredDocuments& InForce() {
  static const auto* stored = new StoredDocuments{fuzz::CharterText(), fuzz::PolicyText(),
                                                  fuzz::RosterText()};
  return *stored;
}

void CheckRefusal(const Status& status) {
  GW_CHECK(status.code() == StatusCode::kInvalidArgument ||
           status.code() == StatusCode::kPermissionDenied ||
           status.code() == StatusCode::kFailedPrecondition ||
           status.code() == StatusCode::kDataLoss);
}

// How many of the stewards in force signed, by the bytes alone.
std::size_t StewardsOf(const crypto::Envelope& envelope) {
  const std::string signed_bytes =
      crypto::PreAuthEncoding(envelope.payload_type, envelope.payload);
  std::size_t count = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (const crypto::EnvelopeSignature& signature : envelope.signatures) {
      if (crypto::VerifySignature(fuzz::Steward(i).public_key(), signed_bytes,
                                  signature.signature)) {
        ++count;
        break;
      }
    }
  }
  return count;
}

void CheckAccepted(const std::string& bytes, const Activation& activation) {
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  GW_CHECK(envelope.ok() && activation.accepted.size() == 1);
  const policy::VerifiedDocument& document = activation.accepted.front();
  GW_CHECK(envelope->payload_type == policy::PayloadTypeOf(document.kind));
  GW_CHECK(document.payload == envelope->payload);
  GW_CHECK(document.hash == crypto::Blake2b256(document.payload));
  const StatusOr<DocumentKind> kind = policy::DetectKind(document.payload);
  GW_CHECK(kind.ok() && *kind == document.kind);
  // A charter that is in force already comes with the signatures that made it so.
  GW_CHECK(StewardsOf(*envelope) >= 2);
  GW_CHECK(document.signers.size() >= 2);
  fuzz::AskAboutEveryRule(activation.documents);
  StoredDocuments stored = InForce();
  (document.kind == DocumentKind::kCharter  ? stored.charter
   : document.kind == DocumentKind::kPolicy ? stored.policy
                                            : stored.roster) = document.payload;
  GW_CHECK(policy::ParseStored(stored).ok());
  // Once in force, the same bytes are taken again.
  GW_CHECK(policy::VerifyDocuments(std::span(&bytes, 1), stored, fuzz::kNow).ok());
}

void Activate(const std::string& bytes) {
  const StatusOr<Activation> activation =
      policy::VerifyDocuments(std::span(&bytes, 1), InForce(), fuzz::kNow);
  if (activation.ok()) {
    CheckAccepted(bytes, *activation);
  } else {
    CheckRefusal(activation.status());
  }
}

// A gateway without documents, and a party without a gateway, begin with nothing to compare with.
void Begin(const std::string& bytes) {
  const StatusOr<Activation> first =
      policy::VerifyDocuments(std::span(&bytes, 1), StoredDocuments(), fuzz::kNow);
  GW_CHECK(!first.ok());  // It needs all three.
  CheckRefusal(first.status());
  const StatusOr<policy::Charter> charter = policy::VerifyCharter(bytes);
  if (!charter.ok()) CheckRefusal(charter.status());
  const std::string roster = fuzz::SignedByStewards(crypto::kRosterType, fuzz::RosterText());
  const StatusOr<policy::Membership> membership =
      policy::VerifyMembership(bytes, roster, fuzz::kNow);
  GW_CHECK(charter.ok() || !membership.ok());
}

void ReadEnvelope(const std::string& bytes) {
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  if (envelope.ok()) GW_CHECK(crypto::SerializeEnvelope(*envelope) == bytes);
  Activate(bytes);
  Begin(bytes);
}

// As the kind that it claims to be. One steward less is always too few, whatever stands in it.
void ReadSigned(std::string_view payload) {
  const StatusOr<DocumentKind> kind = policy::DetectKind(payload);
  const std::string type(policy::PayloadTypeOf(kind.ok() ? *kind : DocumentKind::kPolicy));
  const std::string both = fuzz::SignedByStewards(type, std::string(payload));
  Activate(both);
  if (kind.ok() && *kind == DocumentKind::kCharter) Begin(both);
  crypto::Envelope one{type, std::string(payload), {}};
  crypto::SignEnvelope(one, fuzz::Steward(2));
  const std::string bytes = crypto::SerializeEnvelope(one);
  GW_CHECK(!policy::VerifyDocuments(std::span(&bytes, 1), InForce(), fuzz::kNow).ok());
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string bytes(gateway::fuzz::Bytes(data, size));
  gateway::ReadEnvelope(bytes);
  gateway::ReadSigned(bytes);
  const auto envelope = gateway::crypto::ParseEnvelope(bytes);
  if (envelope.ok()) gateway::ReadSigned(envelope->payload);
  return 0;
}
