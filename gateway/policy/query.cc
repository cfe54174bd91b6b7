#include "gateway/policy/query.h"

#include <algorithm>
#include <utility>

#include "commons/v1/query.pb.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"

namespace gateway::policy {
namespace {

namespace v1 = ::commons::v1;

constexpr std::size_t kNonceBytes = 16;
constexpr int64_t kSecondsMax = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr uint64_t kBucketSecondsMax = 400ull * 24 * 3600;

bool IsNameOrEmpty(const std::string& text) { return text.empty() || IsDocumentId(text); }
bool IsSecond(int64_t seconds) { return seconds >= 0 && seconds <= kSecondsMax; }

int64_t MillisOf(Time time) { return time.time_since_epoch().count(); }
Time FromMillis(int64_t millis) { return Time(Millis(millis)); }
Time FromSeconds(int64_t seconds) { return Time(std::chrono::seconds(seconds)); }
int64_t ToSeconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

Status CheckFilter(const v1::QueryFilter& filter) {
  if (!IsNameOrEmpty(filter.metric()) || !IsNameOrEmpty(filter.rule()) ||
      !IsNameOrEmpty(filter.zone())) {
    return InvalidArgument("question: metric, rule and zone are names of 1 to 48 of a-z, 0-9, -");
  }
  if (filter.bucket_s() > kBucketSecondsMax) {
    return InvalidArgument("question: bucket: longer than %d s", kBucketSecondsMax);
  }
  if ((filter.has_from_s() && !IsSecond(filter.from_s())) ||
      (filter.has_until_s() && !IsSecond(filter.until_s()))) {
    return InvalidArgument("question: from, until: from 1970 to 9999");
  }
  if (filter.has_from_s() && filter.has_until_s() && filter.until_s() <= filter.from_s()) {
    return InvalidArgument("question: until must be later than from");
  }
  return OkStatus();
}

Status CheckForm(const v1::Query& message) {
  if (message.schema() != 1) {
    return InvalidArgument("question: schema %d, known is 1", message.schema());
  }
  if (!IsDocumentId(message.commons()) || !IsNameOrEmpty(message.purpose())) {
    return InvalidArgument("question: commons and purpose are names of 1 to 48 of a-z, 0-9, -");
  }
  RETURN_IF_ERROR(CheckFilter(message.filter()));
  if (message.nonce().size() != kNonceBytes ||
      message.answer_pk().size() != crypto::kBoxPublicKeyBytes) {
    return InvalidArgument("question: nonce %d bytes, must be %d; answer_pk %d, must be %d",
                           message.nonce().size(), kNonceBytes, message.answer_pk().size(),
                           crypto::kBoxPublicKeyBytes);
  }
  const int64_t end = kSecondsMax * 1000;
  if (message.issued_ms() < 0 || message.issued_ms() > end || message.expires_ms() > end ||
      message.expires_ms() <= message.issued_ms() ||
      message.expires_ms() - message.issued_ms() > kQueryLifetimeMax.count()) {
    return InvalidArgument("question: expires must follow issued within %d s",
                           kQueryLifetimeMax.count() / 1000);
  }
  return OkStatus();
}

Query FromMessage(const v1::Query& message, std::string_view payload) {
  Query query;
  query.commons = message.commons();
  const v1::QueryFilter& filter = message.filter();
  query.question = {.purpose = message.purpose(),
                    .metric = MetricId(filter.metric()),
                    .rule = RuleId(filter.rule()),
                    .zone = ZoneId(filter.zone()),
                    .bucket = std::nullopt,
                    .from = std::nullopt,
                    .until = std::nullopt};
  if (filter.bucket_s() != 0) {
    query.question.bucket = std::chrono::seconds(static_cast<int64_t>(filter.bucket_s()));
  }
  if (filter.has_from_s()) query.question.from = FromSeconds(filter.from_s());
  if (filter.has_until_s()) query.question.until = FromSeconds(filter.until_s());
  query.nonce = message.nonce();
  query.issued = FromMillis(message.issued_ms());
  query.expires = FromMillis(message.expires_ms());
  query.answer_pk = message.answer_pk();
  query.hash = crypto::Blake2b256(payload);
  return query;
}

StatusOr<Query> ParsePayload(const std::string& payload) {
  v1::Query message;
  if (payload.size() > limits::kQueryBytesMax ||
      !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return InvalidArgument("question: malformed");
  }
  // One spelling only: everybody who reads these bytes must read the same question. A field that
  // only later versions know might narrow it, in the filter as well.
  message.DiscardUnknownFields();
  if (message.SerializeAsString() != payload) {
    return InvalidArgument("question: has fields that this version does not know");
  }
  RETURN_IF_ERROR(CheckForm(message));
  return FromMessage(message, payload);
}

StatusOr<crypto::Envelope> ParseQueryEnvelope(std::string_view bytes) {
  if (bytes.size() > limits::kQueryBytesMax) {
    return InvalidArgument("question: %d bytes, limit %d", bytes.size(), limits::kQueryBytesMax);
  }
  ASSIGN_OR_RETURN(crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
  if (envelope.payload_type != crypto::kQueryType || envelope.signatures.size() != 1) {
    return InvalidArgument("question: the envelope must hold one question with one signature");
  }
  return envelope;
}

struct Signatory {
  QueryCode code = QueryCode::kUnknownParty;
  PartyId party;
};

// The key that the signature names is looked up, and must then have signed these bytes.
Signatory SignatoryOf(const crypto::Envelope& envelope, const Roster& roster) {
  const crypto::EnvelopeSignature& signature = envelope.signatures.front();
  for (const Party& party : roster.parties) {
    for (const std::string& key : party.request) {
      if (crypto::KeyId(key) != signature.keyid) continue;
      const bool valid = crypto::VerifySignature(
          key, crypto::PreAuthEncoding(envelope.payload_type, envelope.payload),
          signature.signature);
      return {valid ? QueryCode::kOk : QueryCode::kBadSignature, party.id};
    }
  }
  return {};
}

}  // namespace

StatusOr<std::string> BuildQuery(const Query& query) {
  v1::Query message;
  message.set_schema(1);
  message.set_commons(query.commons);
  message.set_purpose(query.question.purpose);
  v1::QueryFilter& filter = *message.mutable_filter();
  filter.set_metric(query.question.metric.value());
  filter.set_rule(query.question.rule.value());
  filter.set_zone(query.question.zone.value());
  if (query.question.bucket.has_value()) {
    filter.set_bucket_s(static_cast<uint64_t>(query.question.bucket->count() / 1000));
  }
  if (query.question.from.has_value()) filter.set_from_s(ToSeconds(*query.question.from));
  if (query.question.until.has_value()) filter.set_until_s(ToSeconds(*query.question.until));
  message.set_nonce(query.nonce);
  message.set_issued_ms(MillisOf(query.issued));
  message.set_expires_ms(MillisOf(query.expires));
  message.set_answer_pk(query.answer_pk);
  RETURN_IF_ERROR(CheckForm(message));
  return message.SerializeAsString();
}

std::string SignQuery(std::string payload, const crypto::Signer& signer) {
  crypto::Envelope envelope;
  envelope.payload_type = crypto::kQueryType;
  envelope.payload = std::move(payload);
  crypto::SignEnvelope(envelope, signer);
  return crypto::SerializeEnvelope(envelope);
}

OpenedQuery OpenQuery(std::string_view bytes, const Roster& roster, Time now) {
  OpenedQuery opened;
  const StatusOr<crypto::Envelope> envelope = ParseQueryEnvelope(bytes);
  if (!envelope.ok()) return opened;
  const Signatory signatory = SignatoryOf(*envelope, roster);
  if (signatory.code != QueryCode::kOk) {
    opened.code = signatory.code;
    return opened;
  }
  StatusOr<Query> query = ParsePayload(envelope->payload);
  if (!query.ok()) return opened;
  opened.party = signatory.party;
  opened.query = *std::move(query);
  if (opened.query.commons != roster.commons) {
    opened.code = QueryCode::kWrongCommons;
  } else if (now + kQueryClockSkewMax < opened.query.issued || now >= opened.query.expires) {
    opened.code = QueryCode::kExpired;
  } else {
    opened.code = QueryCode::kOk;
  }
  return opened;
}

StatusOr<Query> ReadQuery(std::string_view bytes) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, ParseQueryEnvelope(bytes));
  return ParsePayload(envelope.payload);
}

}  // namespace gateway::policy
