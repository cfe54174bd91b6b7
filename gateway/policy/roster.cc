#include "gateway/policy/roster.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/model/limits.h"
#include "gateway/policy/reader.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {

using yaml::Fields;

const RosterGateway* Roster::FindGateway(const GatewayId& id) const {
  for (const RosterGateway& gateway : gateways) {
    if (gateway.id == id) return &gateway;
  }
  return nullptr;
}

const Party* Roster::FindParty(const PartyId& id) const {
  for (const Party& party : parties) {
    if (party.id == id) return &party;
  }
  return nullptr;
}

const RosterGateway* Roster::GatewayOfPin(std::string_view pin) const {
  for (const RosterGateway& gateway : gateways) {
    if (std::find(gateway.tls.begin(), gateway.tls.end(), pin) != gateway.tls.end()) {
      return &gateway;
    }
  }
  return nullptr;
}

const Party* Roster::PartyOfPin(std::string_view pin) const {
  for (const Party& party : parties) {
    if (std::find(party.tls.begin(), party.tls.end(), pin) != party.tls.end()) return &party;
  }
  return nullptr;
}

std::vector<const RosterGateway*> Roster::PeersOf(const GatewayId& id) const {
  std::vector<const RosterGateway*> peers;
  const RosterGateway* self = FindGateway(id);
  if (self == nullptr) return peers;
  for (const RosterGateway& gateway : gateways) {
    const bool wanted = !self->peers.has_value() ||
                        std::find(self->peers->begin(), self->peers->end(), gateway.id) !=
                            self->peers->end();
    if (wanted && gateway.id != id && !gateway.tls.empty() && !gateway.address.empty()) {
      peers.push_back(&gateway);
    }
  }
  return peers;
}

bool IsReservedRecipient(std::string_view recipient) {
  return recipient == "peers" || recipient == "members" || recipient == "public";
}

namespace {

constexpr std::size_t kKeysOfOneMax = 4;  // the old one, the new one, and a spare of each
constexpr std::size_t kAddressBytesMax = 256;

// A list of keys in one of their spellings.
std::vector<std::string> ReadKeys(Fields& fields, std::string_view key,
                                  StatusOr<std::string> (*parse)(std::string_view)) {
  std::vector<std::string> keys;
  if (!fields.Has(key)) return keys;
  for (const std::string& text : fields.Texts(key, Fields::Empty::kRefused, kKeysOfOneMax)) {
    StatusOr<std::string> parsed = parse(text);
    if (parsed.ok()) {
      keys.push_back(*std::move(parsed));
    } else {
      fields.Fail(key, Message(parsed.status()));
    }
  }
  return keys;
}

StatusOr<std::string> ReadAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string_view::npos;
  if (text.size() > kAddressBytesMax || colon == 0 || !digits ||
      text.find_first_of(" /") != std::string_view::npos) {
    return InvalidArgument("an address is host:port, like 192.0.2.7:7443");
  }
  return std::string(text);
}

RosterGateway ReadGateway(Fields& fields) {
  RosterGateway gateway;
  gateway.line = fields.line();
  gateway.id = ReadIdField<GatewayId>(fields, "id");
  gateway.zone = ReadIdField<ZoneId>(fields, "zone");
  if (fields.Has("address")) gateway.address = fields.Parse("address", ReadAddress);
  gateway.tls = ReadKeys(fields, "tls", crypto::ParsePin);
  if (fields.Has("sign")) gateway.sign = fields.Parse("sign", crypto::ParsePublicKey);
  if (fields.Has("log")) gateway.log = fields.Parse("log", crypto::ParsePublicKey);
  if (gateway.tls.empty() != gateway.sign.empty() || gateway.tls.empty() != gateway.log.empty()) {
    fields.Fail("tls", "a gateway has all three keys, tls, sign and log, or none: "
                       "`commons gateway keys` prints them");
  }
  if (fields.Has("peers")) {
    gateway.peers.emplace();
    for (std::string& id : fields.Texts("peers", Fields::Empty::kAllowed, limits::kPeersMax)) {
      gateway.peers->emplace_back(std::move(id));
    }
  }
  return gateway;
}

StatusOr<std::string> ReadAgreement(std::string_view text) {
  constexpr std::string_view kPrefix = "b2:";
  if (text.starts_with(kPrefix)) {
    StatusOr<std::string> hash = HexDecode(text.substr(kPrefix.size()));
    if (hash.ok() && hash->size() == 32) return hash;
  }
  return InvalidArgument("must be b2: and the BLAKE2b-256 of the agreement in 64 hex digits, as "
                         "`b2sum -l 256` prints it");
}

Party ReadParty(Fields& fields) {
  Party party;
  party.line = fields.line();
  party.id = ReadIdField<PartyId>(fields, "id");
  party.kind = fields.Parse("kind", ReadId);
  party.tls = ReadKeys(fields, "tls", crypto::ParsePin);
  party.request = ReadKeys(fields, "request", crypto::ParsePublicKey);
  if (party.tls.empty() != party.request.empty()) {
    fields.Fail("tls", "a party has both tls and request keys, or neither: `commons party init` "
                       "prints them");
  }
  if (fields.Has("agreement")) party.agreement = fields.Parse("agreement", ReadAgreement);
  return party;
}

}  // namespace

StatusOr<Roster> ParseRoster(std::string_view yaml) {
  ASSIGN_OR_RETURN(const yaml::Node root, yaml::Parse(yaml));
  Status error;
  Roster roster;
  Fields fields(root, "roster", error);
  Head head = ReadHead(fields, "commons-roster/1");
  roster.commons = std::move(head.commons);
  roster.version = head.version;
  roster.prev = std::move(head.prev);
  roster.issued = fields.Parse("issued", ReadTime);
  roster.expires = fields.Parse("expires", ReadTime);
  for (const yaml::Node& node : fields.Items("gateways", limits::kRulesMax)) {
    Fields item(node, "gateway", error);
    roster.gateways.push_back(ReadGateway(item));
    item.Finish();
  }
  for (const yaml::Node& node : fields.Items("parties", limits::kRulesMax)) {
    Fields item(node, "party", error);
    roster.parties.push_back(ReadParty(item));
    item.Finish();
  }
  fields.Finish();
  RETURN_IF_ERROR(error);
  return roster;
}

}  // namespace gateway::policy
