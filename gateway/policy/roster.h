// The roster: which gateways and parties belong to the commons. Pure; plain data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"

namespace gateway::policy {

struct RosterGateway {
  GatewayId id;
  ZoneId zone;
  int line = 0;
};

struct Party {
  PartyId id;
  std::string kind;  // "municipality", "researcher", …: for people to read
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
};

// Recipients of a share rule that are no party of the roster.
bool IsReservedRecipient(std::string_view recipient);  // peers, members, public

// Returns InvalidArgument with line and column if the text is no roster.
StatusOr<Roster> ParseRoster(std::string_view yaml);

}  // namespace gateway::policy
