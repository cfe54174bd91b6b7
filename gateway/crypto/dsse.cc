#include "gateway/crypto/dsse.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"

namespace gateway::crypto {
namespace {

// Protobuf tags: field number << 3 | 2 (length-delimited), which all fields are. Written by hand
// because what parses unverified bytes should be small, and lengths here are LEB128 as in Text.
constexpr uint8_t kPayloadTypeTag = 0x0a;
constexpr uint8_t kPayloadTag = 0x12;
constexpr uint8_t kSignatureTag = 0x1a;
constexpr uint8_t kKeyidTag = 0x0a;
constexpr uint8_t kSigTag = 0x12;

void WriteField(ByteWriter& out, uint8_t tag, std::string_view value) {
  if (!value.empty()) out.U8(tag).Text(value);  // as proto3 does, defaults are left out
}

// Reads the field if it is next. Fields come in the order of their numbers, each at most once.
std::string ReadField(ByteReader& in, std::string_view& rest, uint8_t tag) {
  if (!in.ok() || rest.empty() || static_cast<uint8_t>(rest.front()) != tag) return {};
  in.U8();
  std::string value(in.Text());
  rest = rest.substr(rest.size() - in.remaining());
  return value;
}

StatusOr<EnvelopeSignature> ParseSignature(std::string_view bytes) {
  ByteReader in(bytes);
  std::string_view rest = bytes;
  EnvelopeSignature signature;
  signature.keyid = ReadField(in, rest, kKeyidTag);
  signature.signature = ReadField(in, rest, kSigTag);
  RETURN_IF_ERROR(in.Finish("signature"));
  return signature;
}

StatusOr<Envelope> ParseFields(std::string_view bytes) {
  ByteReader in(bytes);
  std::string_view rest = bytes;
  Envelope envelope;
  envelope.payload_type = ReadField(in, rest, kPayloadTypeTag);
  envelope.payload = ReadField(in, rest, kPayloadTag);
  while (in.ok() && !rest.empty() && static_cast<uint8_t>(rest.front()) == kSignatureTag) {
    if (envelope.signatures.size() == kSignaturesMax) {
      return InvalidArgument("envelope: more than %d signatures", kSignaturesMax);
    }
    const std::string field = ReadField(in, rest, kSignatureTag);
    ASSIGN_OR_RETURN(EnvelopeSignature signature, ParseSignature(field));
    envelope.signatures.push_back(std::move(signature));
  }
  RETURN_IF_ERROR(in.Finish("envelope"));
  return envelope;
}

}  // namespace

std::string PreAuthEncoding(std::string_view type, std::string_view payload) {
  std::string encoding = Format("DSSEv1 %d %s %d ", type.size(), type, payload.size());
  encoding.append(payload);
  return encoding;
}

std::string SerializeEnvelope(const Envelope& envelope) {
  ByteWriter out;
  WriteField(out, kPayloadTypeTag, envelope.payload_type);
  WriteField(out, kPayloadTag, envelope.payload);
  for (const EnvelopeSignature& signature : envelope.signatures) {
    ByteWriter inner;
    WriteField(inner, kKeyidTag, signature.keyid);
    WriteField(inner, kSigTag, signature.signature);
    out.U8(kSignatureTag).Text(inner.bytes());
  }
  return out.Take();
}

StatusOr<Envelope> ParseEnvelope(std::string_view bytes) {
  if (bytes.size() > kEnvelopeBytesMax) {
    return InvalidArgument("envelope: %d bytes, limit %d", bytes.size(), kEnvelopeBytesMax);
  }
  StatusOr<Envelope> envelope = ParseFields(bytes);
  if (!envelope.ok()) return InvalidArgument("%s", Message(envelope.status()));
  if (envelope->payload_type.empty()) return InvalidArgument("envelope: no payload type");
  // What is left of protobuf's freedom are empty fields that are written out. One spelling only:
  // the hash of an envelope file then names its content.
  if (SerializeEnvelope(*envelope) != bytes) {
    return InvalidArgument("envelope: not in canonical form");
  }
  return envelope;
}

void SignEnvelope(Envelope& envelope, const Signer& signer) {
  const std::string signature =
      signer.Sign(PreAuthEncoding(envelope.payload_type, envelope.payload));
  // Ed25519 is deterministic, so the same signer's signature is the same bytes.
  const bool there = std::ranges::any_of(
      envelope.signatures, [&](const auto& other) { return other.signature == signature; });
  if (!there) envelope.signatures.push_back({KeyId(signer.public_key()), signature});
}

std::vector<std::string> ValidSigners(const Envelope& envelope,
                                      std::span<const std::string> trusted) {
  const std::string signed_bytes = PreAuthEncoding(envelope.payload_type, envelope.payload);
  std::vector<std::string> signers;
  for (const std::string& public_key : trusted) {
    // By key bytes, not by label or keyid: whoever lists a key twice has not doubled its vote.
    if (std::ranges::find(signers, public_key) != signers.end()) continue;
    const bool valid = std::ranges::any_of(envelope.signatures, [&](const auto& signature) {
      return VerifySignature(public_key, signed_bytes, signature.signature);
    });
    if (valid) signers.push_back(public_key);
  }
  return signers;
}

}  // namespace gateway::crypto
