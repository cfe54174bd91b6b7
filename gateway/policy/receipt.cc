#include "gateway/policy/receipt.h"

#include "commons/v1/consent.pb.h"
#include "gateway/crypto/dsse.h"

namespace gateway::policy {
namespace {

using std::chrono::seconds;

constexpr std::size_t kRootBytes = 32;

commons::v1::ErasureReceipt ToMessage(const ErasureReceipt& receipt) {
  commons::v1::ErasureReceipt message;
  message.set_schema(1);
  message.set_commons(receipt.commons);
  message.set_gateway(receipt.gateway.value());
  message.set_subject(std::string(receipt.subject.view()));
  message.set_erased_at_s(
      std::chrono::duration_cast<seconds>(receipt.erased_at.time_since_epoch()).count());
  message.set_keys_destroyed(receipt.keys_destroyed);
  message.set_ledger_size(receipt.ledger_size);
  message.set_ledger_root(receipt.ledger_root);
  return message;
}

}  // namespace

std::string SignReceipt(const ErasureReceipt& receipt, const crypto::Signer& signer) {
  crypto::Envelope envelope{.payload_type = std::string(crypto::kReceiptType),
                            .payload = ToMessage(receipt).SerializeAsString(),
                            .signatures = {}};
  crypto::SignEnvelope(envelope, signer);
  return crypto::SerializeEnvelope(envelope);
}

StatusOr<ErasureReceipt> VerifyReceipt(std::string_view bytes, std::string_view gateway_key) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
  if (envelope.payload_type != crypto::kReceiptType) {
    return InvalidArgument("receipt: the envelope holds another kind of document");
  }
  const std::string signed_bytes = crypto::PreAuthEncoding(envelope.payload_type, envelope.payload);
  bool genuine = false;
  for (const crypto::EnvelopeSignature& signature : envelope.signatures) {
    genuine = genuine || crypto::VerifySignature(gateway_key, signed_bytes, signature.signature);
  }
  if (!genuine) return PermissionDenied("receipt: this gateway's key did not sign it");
  commons::v1::ErasureReceipt message;
  if (!message.ParseFromString(envelope.payload) || message.schema() != 1 ||
      message.subject().size() != SubjectId::kBytes ||
      message.ledger_root().size() != kRootBytes) {
    return InvalidArgument("receipt: malformed, or not of schema 1");
  }
  return ErasureReceipt{.commons = message.commons(),
                        .gateway = GatewayId(message.gateway()),
                        .subject = SubjectId::FromBytes(message.subject()),
                        .erased_at = Time(seconds(message.erased_at_s())),
                        .keys_destroyed = message.keys_destroyed(),
                        .ledger_size = message.ledger_size(),
                        .ledger_root = message.ledger_root()};
}

}  // namespace gateway::policy
