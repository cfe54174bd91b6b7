#include "gateway/policy/retirement.h"

#include "commons/v1/governance.pb.h"
#include "gateway/crypto/sign.h"
#include "gateway/policy/payload.h"

namespace gateway::policy {
namespace {

namespace v1 = ::commons::v1;
constexpr std::string_view kWhat = "retirement";

Status CheckForm(const v1::Retirement& message) {
  RETURN_IF_ERROR(CheckName(kWhat, "commons", message.commons()));
  RETURN_IF_ERROR(CheckSize(kWhat, "key", message.key(), crypto::kPublicKeyBytes));
  return CheckAt(kWhat, message.at());
}

}  // namespace

StatusOr<std::string> BuildRetirement(const Retirement& retirement) {
  v1::Retirement message;
  message.set_schema(1);
  message.set_commons(retirement.commons);
  message.set_key(retirement.key);
  message.set_at(ToSeconds(retirement.at));
  RETURN_IF_ERROR(CheckForm(message));
  return message.SerializeAsString();
}

StatusOr<Retirement> VerifyRetirement(std::string_view envelope_bytes, std::string_view commons) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(envelope_bytes));
  ASSIGN_OR_RETURN(const v1::Retirement message,
                   ParsePayload<v1::Retirement>(envelope, crypto::kRetirementType, kWhat));
  RETURN_IF_ERROR(CheckForm(message));
  RETURN_IF_ERROR(CheckSelfSigned(envelope, message.key(), kWhat));
  if (message.commons() != commons) {
    return PermissionDenied("retirement: is for commons \"%s\", this is \"%s\"", message.commons(),
                            commons);
  }
  return Retirement{.commons = message.commons(),
                    .key = message.key(),
                    .at = FromSeconds(message.at())};
}

}  // namespace gateway::policy
