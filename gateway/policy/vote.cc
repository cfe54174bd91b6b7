#include "gateway/policy/vote.h"

#include "commons/v1/governance.pb.h"
#include "gateway/crypto/sign.h"
#include "gateway/policy/payload.h"

namespace gateway::policy {
namespace {

namespace v1 = ::commons::v1;
constexpr std::string_view kWhat = "vote";

Status CheckForm(const v1::Vote& message) {
  RETURN_IF_ERROR(CheckName(kWhat, "commons", message.commons()));
  if (message.kind() != v1::CHARTER_BALLOT && message.kind() != v1::POLICY_BALLOT) {
    return InvalidArgument("vote: kind: residents vote on charters and policies only");
  }
  if (message.choice() != v1::OBJECT && message.choice() != v1::APPROVE) {
    return InvalidArgument("vote: choice: must be object or approve");
  }
  RETURN_IF_ERROR(CheckSize(kWhat, "document", message.document(), kHashBytes));
  RETURN_IF_ERROR(CheckSize(kWhat, "subject", message.subject(), SubjectId::kBytes));
  RETURN_IF_ERROR(CheckSize(kWhat, "voter_pk", message.voter_pk(), crypto::kPublicKeyBytes));
  return CheckAt(kWhat, message.at());
}

}  // namespace

std::string_view ChoiceName(Choice choice) {
  return choice == Choice::kObject ? "object" : "approve";
}

StatusOr<std::string> BuildVote(const Vote& vote) {
  if (vote.kind == DocumentKind::kRoster) {
    return InvalidArgument("vote: kind: residents vote on charters and policies only");
  }
  v1::Vote message;
  message.set_schema(1);
  message.set_commons(vote.commons);
  message.set_kind(vote.kind == DocumentKind::kCharter ? v1::CHARTER_BALLOT : v1::POLICY_BALLOT);
  message.set_document(vote.document);
  message.set_choice(vote.choice == Choice::kObject ? v1::OBJECT : v1::APPROVE);
  message.set_subject(std::string(vote.subject.view()));
  message.set_voter_pk(vote.voter_pk);
  message.set_at(ToSeconds(vote.at));
  RETURN_IF_ERROR(CheckForm(message));
  return message.SerializeAsString();
}

StatusOr<Vote> VerifyVote(std::string_view envelope_bytes, std::string_view commons) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(envelope_bytes));
  ASSIGN_OR_RETURN(const v1::Vote message,
                   ParsePayload<v1::Vote>(envelope, crypto::kVoteType, kWhat));
  RETURN_IF_ERROR(CheckForm(message));
  RETURN_IF_ERROR(CheckSelfSigned(envelope, message.voter_pk(), kWhat));
  if (message.commons() != commons) {
    return PermissionDenied("vote: is for commons \"%s\", this is \"%s\"", message.commons(),
                            commons);
  }
  return Vote{.commons = message.commons(),
              .kind = message.kind() == v1::CHARTER_BALLOT ? DocumentKind::kCharter
                                                           : DocumentKind::kPolicy,
              .document = message.document(),
              .choice = message.choice() == v1::OBJECT ? Choice::kObject : Choice::kApprove,
              .subject = SubjectId::FromBytes(message.subject()),
              .voter_pk = message.voter_pk(),
              .at = FromSeconds(message.at())};
}

}  // namespace gateway::policy
