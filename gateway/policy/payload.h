// What payloads of residents' and stewards' protobuf documents (grant.h, vote.h, retirement.h) are
// checked for in the same words. Internal to gateway/policy. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/crypto/dsse.h"

namespace gateway::policy {

inline constexpr std::size_t kPayloadBytesMax = 64u << 10;
inline constexpr std::size_t kNonceBytes = 16;
inline constexpr std::size_t kHashBytes = 32;
inline constexpr uint64_t kSecondsMax = 253'402'300'799;  // 9999-12-31T23:59:59Z

inline Time FromSeconds(uint64_t seconds) {
  return Time(std::chrono::seconds(static_cast<int64_t>(seconds)));
}
inline uint64_t ToSeconds(Time time) {
  return static_cast<uint64_t>(
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

// The payload of an envelope of `type` as exactly one message: unknown fields and repeated or
// spelled-out default fields could be read differently by others.
template <typename M>
StatusOr<M> ParsePayload(const crypto::Envelope& envelope, std::string_view type,
                         std::string_view what) {
  if (envelope.payload_type != type) {
    return InvalidArgument("%s: the envelope holds another kind of document", what);
  }
  const std::string& payload = envelope.payload;
  M message;
  if (payload.size() > kPayloadBytesMax ||
      !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return InvalidArgument("%s: malformed", what);
  }
  if (!message.GetReflection()->GetUnknownFields(message).empty() ||
      message.ByteSizeLong() != payload.size()) {
    return InvalidArgument("%s: has fields that this version does not know", what);
  }
  if (message.schema() != 1) {
    return InvalidArgument("%s: schema %d, known is 1", what, message.schema());
  }
  return message;
}

Status CheckSize(std::string_view what, std::string_view field, std::string_view bytes,
                 std::size_t size);
Status CheckName(std::string_view what, std::string_view field, std::string_view text);
Status CheckAt(std::string_view what, uint64_t at);
// Returns PermissionDenied unless `public_key` signed.
Status CheckSelfSigned(const crypto::Envelope& envelope, const std::string& public_key,
                       std::string_view what);

}  // namespace gateway::policy
