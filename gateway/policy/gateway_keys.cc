#include "gateway/policy/gateway_keys.h"

#include <vector>

#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/policy/reader.h"

namespace gateway::policy {
namespace {

constexpr std::string_view kKind = "commons-gateway-v1";

std::vector<std::string_view> SplitAtSpaces(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t space = text.find(' ');
    words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) return words;
    text.remove_prefix(space + 1);
  }
}

}  // namespace

std::string FormatGatewayKeys(const GatewayKeys& keys) {
  return Format("%s %s %s %s %s\n", kKind, keys.id.value(), crypto::FormatPin(keys.tls),
                crypto::FormatPublicKey(keys.sign), crypto::FormatPublicKey(keys.log));
}

StatusOr<GatewayKeys> ParseGatewayKeys(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const std::vector<std::string_view> words = SplitAtSpaces(text);
  if (words.size() != 5 || words[0] != kKind) {
    return InvalidArgument(
        "not a gateway's key file: expected one line \"%s GATEWAY sha256:… ed25519:… ed25519:…\"",
        kKind);
  }
  GatewayKeys keys;
  ASSIGN_OR_RETURN(std::string id, ReadId(words[1]));
  keys.id = GatewayId(std::move(id));
  ASSIGN_OR_RETURN(keys.tls, crypto::ParsePin(words[2]));
  ASSIGN_OR_RETURN(keys.sign, crypto::ParsePublicKey(words[3]));
  ASSIGN_OR_RETURN(keys.log, crypto::ParsePublicKey(words[4]));
  return keys;
}

}  // namespace gateway::policy
