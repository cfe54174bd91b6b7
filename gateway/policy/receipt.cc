#include "gateway/policy/receipt.h"

#include "commons/v1/consent.pb.h"
#include "gateway/crypto/dsse.h"

namespace gateway::policy {
namespace {

namespace v1 = ::commons::v1;

constexpr uint32_t kSchema = 1;
constexpr std::size_t kPayloadBytesMax = 1024;
constexpr std::size_t kRootBytes = 32;

v1::Receipt ToMessage(const Receipt& receipt) {
  v1::Receipt message;
  message.set_schema(kSchema);
  message.set_commons(receipt.commons);
  message.set_gateway(receipt.gateway.value());
  message.set_subject(std::string(receipt.subject.view()));
  message.set_erased_at_ms(receipt.erased_at.time_since_epoch().count());
  message.set_data_keys(receipt.data_keys);
  message.set_ledger_size(receipt.ledger_size);
  message.set_ledger_root(receipt.ledger_root);
  return message;
}

}  // namespace

std::string SignReceipt(const Receipt& receipt, const crypto::Signer& signer) {
  crypto::Envelope envelope{.payload_type = std::string(crypto::kReceiptType),
                            .payload = ToMessage(receipt).SerializeAsString(),
                            .signatures = {}};
  crypto::SignEnvelope(envelope, signer);
  return crypto::SerializeEnvelope(envelope);
}

StatusOr<Receipt> VerifyReceipt(std::string_view bytes, const GatewayKeys& keys) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
  if (envelope.payload_type != crypto::kReceiptType) {
    return InvalidArgument("receipt: the envelope holds another kind of document");
  }
  if (crypto::ValidSigners(envelope, std::vector<std::string>{keys.sign}).empty()) {
    return PermissionDenied("receipt: not signed by gateway \"%s\"", keys.id.value());
  }
  v1::Receipt message;
  if (envelope.payload.size() > kPayloadBytesMax || !message.ParseFromString(envelope.payload) ||
      message.schema() != kSchema || message.subject().size() != SubjectId::kBytes ||
      message.ledger_root().size() != kRootBytes) {
    return InvalidArgument("receipt: malformed");
  }
  if (message.gateway() != keys.id.value()) {
    return PermissionDenied("receipt: names gateway \"%s\"", message.gateway());
  }
  return Receipt{.commons = message.commons(),
                 .gateway = GatewayId(message.gateway()),
                 .subject = SubjectId::FromBytes(message.subject()),
                 .erased_at = Time(Millis(message.erased_at_ms())),
                 .data_keys = message.data_keys(),
                 .ledger_size = message.ledger_size(),
                 .ledger_root = message.ledger_root()};
}

}  // namespace gateway::policy
