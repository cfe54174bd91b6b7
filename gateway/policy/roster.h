// The roster: which gateways and parties belong to the commons, and by which keys they are known.
// A key is what they are: names and dates in certificates say nothing, and whoever is not listed
// gets nothing. The roster's own dates are the keys' dates. Pure; plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"

namespace gateway::policy {

// A gateway with keys has all three of them; one without takes no part in the federation.
struct RosterGateway {
  GatewayId id;
  ZoneId zone;
  std::string address;             // "host:port"; empty: it can ask but not be asked
  std::vector<std::string> tls;    // pins of its TLS keys (crypto/x509.h), 32 bytes each
  std::string sign;                // Ed25519, signs its answers
  std::string log;                 // Ed25519, signs its ledger's checkpoints
  // Whom it passes questions on to; unset: every other gateway of the roster.
  std::optional<std::vector<GatewayId>> peers;
  int line = 0;
};

struct Party {
  PartyId id;
  std::string kind;  // "municipality", "researcher", …: for people to read
  std::vector<std::string> tls;      // pins; with `request`, or neither
  std::vector<std::string> request;  // Ed25519, sign its questions
  std::string agreement;  // BLAKE2b-256 of the written agreement, 32 bytes; empty: none
  int line = 0;
};

struct Roster {
  std::string commons;
  uint64_t version = 0;
  std::string prev;  // 32 bytes; empty for version 1
  Time issued, expires;
  std::vector<RosterGateway> gateways;
  std::vector<Party> parties;

  // Return null if there is none.
  const RosterGateway* FindGateway(const GatewayId& id) const;
  const Party* FindParty(const PartyId& id) const;
  // The one whose TLS key has this pin.
  const RosterGateway* GatewayOfPin(std::string_view pin) const;
  const Party* PartyOfPin(std::string_view pin) const;
  // Whom a gateway passes questions on to: those of its peers that have keys and an address.
  std::vector<const RosterGateway*> PeersOf(const GatewayId& id) const;
};

// Recipients of a share rule that are no party of the roster.
bool IsReservedRecipient(std::string_view recipient);  // peers, members, public

// Returns InvalidArgument with line and column if the text is no roster.
StatusOr<Roster> ParseRoster(std::string_view yaml);

}  // namespace gateway::policy
