#include "gateway/policy/payload.h"

#include "gateway/policy/reader.h"

namespace gateway::policy {

Status CheckSize(std::string_view what, std::string_view field, std::string_view bytes,
                 std::size_t size) {
  if (bytes.size() == size) return OkStatus();
  return InvalidArgument("%s: %s: %d bytes, must be %d", what, field, bytes.size(), size);
}

Status CheckName(std::string_view what, std::string_view field, std::string_view text) {
  if (IsDocumentId(text)) return OkStatus();
  return InvalidArgument("%s: %s: not a name of 1 to 48 of a-z, 0-9 and -", what, field);
}

Status CheckAt(std::string_view what, uint64_t at) {
  if (at > 0 && at <= kSecondsMax) return OkStatus();
  return InvalidArgument("%s: at: not a time", what);
}

Status CheckSelfSigned(const crypto::Envelope& envelope, const std::string& public_key,
                       std::string_view what) {
  const std::array<std::string, 1> trusted = {public_key};
  if (!crypto::ValidSigners(envelope, trusted).empty()) return OkStatus();
  return PermissionDenied("%s: not signed by the key it names", what);
}

}  // namespace gateway::policy
