#include "gateway/policy/grant.h"

#include <algorithm>
#include <array>
#include <utility>

#include "commons/v1/consent.pb.h"
#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/limits.h"
#include "gateway/policy/payload.h"
#include "gateway/policy/reader.h"

namespace gateway::policy {
namespace {

namespace v1 = ::commons::v1;

constexpr std::size_t kListMax = 256;
constexpr std::size_t kIriBytesMax = 256;
constexpr std::size_t kLanguageBytesMax = 35;  // the longest tag that RFC 5646 foresees
constexpr uint32_t kLevelMax = 16;
constexpr uint64_t kDurationSecondsMax = 8'640'000'000;  // 100 000 days, as ParseDuration
constexpr std::string_view kInviteMagic = "commons-invite-v1";

uint64_t ToSeconds(Millis millis) {
  return static_cast<uint64_t>(std::chrono::floor<std::chrono::seconds>(millis).count());
}

Status CheckList(std::string_view field, const auto& list, const auto& is_good) {
  if (list.empty()) {
    return InvalidArgument("grant: %s: empty list; an empty list never matches", field);
  }
  if (static_cast<std::size_t>(list.size()) > kListMax) {
    return InvalidArgument("grant: %s: %d items, limit %d", field, list.size(), kListMax);
  }
  for (auto item = list.begin(); item != list.end(); ++item) {
    if (!is_good(*item)) return InvalidArgument("grant: %s: item that is no such name", field);
    if (std::find(list.begin(), item, *item) != item) {
      return InvalidArgument("grant: %s: an item stands there twice", field);
    }
  }
  return OkStatus();
}

bool IsIri(const std::string& text) {
  return !text.empty() && text.size() <= kIriBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

Status CheckGrantBox(const v1::Grant& message) {
  RETURN_IF_ERROR(CheckList("metric", message.metric(), IsDocumentId));
  RETURN_IF_ERROR(CheckList("purpose_iri", message.purpose_iri(), IsIri));
  RETURN_IF_ERROR(CheckList("recipient", message.recipient(), IsDocumentId));
  if (message.zone_min() > kLevelMax) {
    return InvalidArgument("grant: zone_min: %d, limit %d", message.zone_min(), kLevelMax);
  }
  if (message.bucket_min_s() > kDurationSecondsMax || message.age_min_s() > kDurationSecondsMax) {
    return InvalidArgument("grant: bucket_min, age_min: longer than 100000 days");
  }
  if (message.not_after() > kSecondsMax || message.not_after() <= message.not_before()) {
    return InvalidArgument("grant: not_after: must be later than not_before, before year 10000");
  }
  return OkStatus();
}

Status CheckGrantForm(const v1::Grant& message) {
  RETURN_IF_ERROR(CheckSize("grant", "grant_nonce", message.grant_nonce(), kNonceBytes));
  RETURN_IF_ERROR(CheckName("grant", "commons", message.commons()));
  RETURN_IF_ERROR(
      CheckSize("grant", "grantor_pk", message.grantor_pk(), crypto::kPublicKeyBytes));
  RETURN_IF_ERROR(CheckSize("grant", "subject", message.subject(), SubjectId::kBytes));
  if (message.subject_kind() != v1::HOUSEHOLD_SUBJECT) {
    return InvalidArgument("grant: subject_kind: only households can grant so far");
  }
  if (!message.notice_hash().empty()) {
    RETURN_IF_ERROR(CheckSize("grant", "notice_hash", message.notice_hash(), kHashBytes));
  }
  if (message.notice_lang().size() > kLanguageBytesMax) {
    return InvalidArgument("grant: notice_lang: longer than %d bytes", kLanguageBytesMax);
  }
  if (message.seq() == 0 || (message.seq() == 1) != message.prev().empty()) {
    return InvalidArgument("grant: prev: must be empty for seq 1, and only there");
  }
  if (!message.prev().empty()) {
    RETURN_IF_ERROR(CheckSize("grant", "prev", message.prev(), kHashBytes));
  }
  if (message.method() != v1::KEY) {
    return InvalidArgument("grant: method: only grants signed with the resident's key so far");
  }
  if (message.redelegate()) {
    return InvalidArgument("grant: redelegate: nobody may pass a grant on");
  }
  return CheckGrantBox(message);
}

Grant FromMessage(const v1::Grant& message) {
  Grant grant;
  grant.commons = message.commons();
  grant.grantor_pk = message.grantor_pk();
  grant.subject = SubjectId::FromBytes(message.subject());
  grant.metrics.assign(message.metric().begin(), message.metric().end());
  grant.purposes.assign(message.purpose_iri().begin(), message.purpose_iri().end());
  grant.recipients.assign(message.recipient().begin(), message.recipient().end());
  grant.zone_min = message.zone_min();
  grant.bucket_min = std::chrono::seconds(static_cast<int64_t>(message.bucket_min_s()));
  grant.age_min = std::chrono::seconds(static_cast<int64_t>(message.age_min_s()));
  grant.not_before = FromSeconds(message.not_before());
  grant.not_after = FromSeconds(message.not_after());
  grant.seq = message.seq();
  grant.prev = message.prev();
  return grant;
}

bool Contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

std::string FormatInvite(const Invite& invite) {
  return Format("%s %s %s %s %s\n", kInviteMagic, invite.commons, invite.gateway.value(),
                HexEncode(invite.subject.view()), HexEncode(invite.nonce));
}

StatusOr<Invite> ParseInvite(std::string_view text) {
  const auto bad = [] {
    return InvalidArgument("invite: not of the form \"%s COMMONS GATEWAY SUBJECT NONCE\"",
                           kInviteMagic);
  };
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<std::string_view> words;
  for (std::string_view rest = text;;) {
    const std::size_t space = rest.find(' ');
    words.push_back(rest.substr(0, space));
    if (space == std::string_view::npos) break;
    rest.remove_prefix(space + 1);
  }
  if (words.size() != 5 || words[0] != kInviteMagic) return bad();
  const StatusOr<std::string> subject = HexDecode(words[3]);
  const StatusOr<std::string> nonce = HexDecode(words[4]);
  if (!IsDocumentId(words[1]) || !IsDocumentId(words[2]) || !subject.ok() || !nonce.ok() ||
      subject->size() != SubjectId::kBytes || nonce->size() != kNonceBytes) {
    return bad();
  }
  return Invite{std::string(words[1]), GatewayId(std::string(words[2])),
                SubjectId::FromBytes(*subject), *nonce};
}

StatusOr<Acceptance> ReadAcceptance(std::string_view envelope_bytes) {
  constexpr std::string_view kWhat = "acceptance";
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(envelope_bytes));
  ASSIGN_OR_RETURN(const v1::Acceptance message,
                   ParsePayload<v1::Acceptance>(envelope, crypto::kAcceptanceType, kWhat));
  RETURN_IF_ERROR(CheckName(kWhat, "commons", message.commons()));
  RETURN_IF_ERROR(CheckName(kWhat, "gateway", message.gateway()));
  RETURN_IF_ERROR(CheckSize(kWhat, "subject", message.subject(), SubjectId::kBytes));
  RETURN_IF_ERROR(CheckSize(kWhat, "invite_nonce", message.invite_nonce(), kNonceBytes));
  RETURN_IF_ERROR(
      CheckSize(kWhat, "resident_pk", message.resident_pk(), crypto::kPublicKeyBytes));
  RETURN_IF_ERROR(CheckAt(kWhat, message.at()));
  if (!message.policy_seen().empty()) {
    RETURN_IF_ERROR(CheckSize(kWhat, "policy_seen", message.policy_seen(), kHashBytes));
  }
  RETURN_IF_ERROR(CheckSelfSigned(envelope, message.resident_pk(), kWhat));
  return Acceptance{{message.commons(), GatewayId(message.gateway()),
                     SubjectId::FromBytes(message.subject()), message.invite_nonce()},
                    message.resident_pk(),
                    FromSeconds(message.at()),
                    crypto::Blake2b256(envelope.payload),
                    message.policy_seen()};
}

StatusOr<Acceptance> VerifyAcceptance(std::string_view envelope, const Invite& invite) {
  ASSIGN_OR_RETURN(Acceptance acceptance, ReadAcceptance(envelope));
  if (acceptance.invite == invite) return acceptance;
  return PermissionDenied("acceptance: answers another invite");
}

namespace {

// Signed by enough of the enrolment role, for this owner; `listed` gets the acceptances it names.
StatusOr<Confirmation> VerifyAnyConfirmation(std::string_view envelope_bytes, const Invite& invite,
                                             const Charter& charter,
                                             std::vector<std::string>& listed) {
  constexpr std::string_view kWhat = "confirmation";
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(envelope_bytes));
  const Role& role = charter.enrolment;
  Confirmation confirmation;
  for (const std::string& key : crypto::ValidSigners(envelope, PublicKeysOf(charter, role))) {
    confirmation.signers.push_back(LabelOf(charter, role, key));
  }
  if (role.threshold == 0 || confirmation.signers.size() < role.threshold) {
    return PermissionDenied("confirmation: %d of %d required signatures of the enrolment role",
                            confirmation.signers.size(), role.threshold);
  }
  ASSIGN_OR_RETURN(const v1::Confirmation message,
                   ParsePayload<v1::Confirmation>(envelope, crypto::kConfirmationType, kWhat));
  RETURN_IF_ERROR(CheckAt(kWhat, message.at()));
  confirmation.at = FromSeconds(message.at());
  if (charter.commons != invite.commons || message.commons() != invite.commons ||
      message.gateway() != invite.gateway.value() ||
      message.subject() != invite.subject.view()) {
    return PermissionDenied("confirmation: is for another household or place");
  }
  listed.assign(message.acceptance().begin(), message.acceptance().end());
  return confirmation;
}

}  // namespace

StatusOr<Confirmation> VerifyPlaceConfirmation(std::string_view envelope, const Invite& place,
                                               const Charter& charter) {
  std::vector<std::string> listed;
  ASSIGN_OR_RETURN(Confirmation confirmation,
                   VerifyAnyConfirmation(envelope, place, charter, listed));
  if (listed.empty()) return confirmation;
  return PermissionDenied("confirmation: lists %d acceptances, a place has none", listed.size());
}

StatusOr<Confirmation> VerifyConfirmation(std::string_view envelope_bytes, const Invite& invite,
                                          const Charter& charter,
                                          std::span<const Acceptance> acceptances) {
  std::vector<std::string> listed;
  ASSIGN_OR_RETURN(Confirmation confirmation,
                   VerifyAnyConfirmation(envelope_bytes, invite, charter, listed));
  std::vector<std::string> residents, hashes;
  for (const Acceptance& acceptance : acceptances) {
    if (acceptance.invite != invite) {
      return PermissionDenied("confirmation: an acceptance answers another invite");
    }
    if (Contains(residents, acceptance.resident_pk)) {
      return PermissionDenied("confirmation: two acceptances of one key; each adult has their own");
    }
    residents.push_back(acceptance.resident_pk);
    hashes.push_back(acceptance.hash);
  }
  std::sort(hashes.begin(), hashes.end());
  std::sort(listed.begin(), listed.end());
  if (hashes.empty() || listed != hashes) {
    return PermissionDenied("confirmation: lists other acceptances than the %d given",
                            hashes.size());
  }
  return confirmation;
}

StatusOr<Grant> VerifyGrant(std::string_view envelope_bytes, std::string_view commons) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(envelope_bytes));
  ASSIGN_OR_RETURN(const v1::Grant message,
                   ParsePayload<v1::Grant>(envelope, crypto::kGrantType, "grant"));
  RETURN_IF_ERROR(CheckGrantForm(message));
  RETURN_IF_ERROR(CheckSelfSigned(envelope, message.grantor_pk(), "grant"));
  if (message.commons() != commons) {
    return PermissionDenied("grant: is for commons \"%s\", this is \"%s\"", message.commons(),
                            commons);
  }
  Grant grant = FromMessage(message);
  grant.id = crypto::Blake2b256(envelope.payload);
  return grant;
}

bool Covers(const Grant& grant, const ShareRule& rule, const Policy& policy) {
  const Purpose* purpose = policy.FindPurpose(rule.purpose);
  const std::optional<uint32_t> level = policy.LevelIndex(rule.zone_level);
  return grant.commons == policy.commons && Contains(grant.metrics, rule.metric.value()) &&
         purpose != nullptr && Contains(grant.purposes, purpose->iri) && !rule.to.empty() &&
         std::all_of(rule.to.begin(), rule.to.end(),
                     [&](const std::string& party) { return Contains(grant.recipients, party); }) &&
         level && *level >= grant.zone_min && rule.bucket >= grant.bucket_min &&
         rule.age_min >= grant.age_min;
}

bool HoldsThrough(const Grant& grant, Time from, Time until) {
  return grant.not_before <= from && until <= grant.not_after;
}

std::string BuildAcceptance(const Invite& invite, std::string_view resident_pk, Time at,
                            std::string_view policy_seen) {
  v1::Acceptance message;
  message.set_schema(1);
  message.set_commons(invite.commons);
  message.set_gateway(invite.gateway.value());
  message.set_subject(std::string(invite.subject.view()));
  message.set_invite_nonce(invite.nonce);
  message.set_resident_pk(std::string(resident_pk));
  message.set_at(ToSeconds(at));
  message.set_policy_seen(std::string(policy_seen));
  return message.SerializeAsString();
}

std::string BuildConfirmation(const Invite& invite, std::span<const std::string> acceptance_hashes,
                              Time at) {
  v1::Confirmation message;
  message.set_schema(1);
  message.set_commons(invite.commons);
  message.set_gateway(invite.gateway.value());
  message.set_subject(std::string(invite.subject.view()));
  for (const std::string& hash : acceptance_hashes) message.add_acceptance(hash);
  message.set_at(ToSeconds(at));
  return message.SerializeAsString();
}

StatusOr<std::string> BuildGrant(const Grant& grant, std::string_view nonce) {
  v1::Grant message;
  message.set_schema(1);
  message.set_grant_nonce(std::string(nonce));
  message.set_commons(grant.commons);
  message.set_grantor_pk(grant.grantor_pk);
  message.set_subject(std::string(grant.subject.view()));
  message.set_subject_kind(v1::HOUSEHOLD_SUBJECT);
  for (const std::string& metric : grant.metrics) message.add_metric(metric);
  for (const std::string& iri : grant.purposes) message.add_purpose_iri(iri);
  for (const std::string& recipient : grant.recipients) message.add_recipient(recipient);
  message.set_zone_min(grant.zone_min);
  message.set_bucket_min_s(ToSeconds(grant.bucket_min));
  message.set_age_min_s(ToSeconds(grant.age_min));
  message.set_not_before(ToSeconds(grant.not_before));
  message.set_not_after(ToSeconds(grant.not_after));
  message.set_seq(grant.seq);
  message.set_prev(grant.prev);
  message.set_method(v1::KEY);
  RETURN_IF_ERROR(CheckGrantForm(message));
  return message.SerializeAsString();
}

}  // namespace gateway::policy
