// Rosters: what parses can be linted; whoever is found by a key has that key; whoever is not listed
// gets nothing.
#include <algorithm>
#include <string>

#include "gateway/base/check.h"
#include "gateway/policy/format.h"
#include "gateway/policy/lint.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/requests.h"
#include "tests/unit/policy/policy_yaml.h"

namespace gateway {
namespace {

using policy::Roster;

void CheckGateways(const Roster& roster) {
  for (const policy::RosterGateway& gateway : roster.gateways) {
    GW_CHECK(roster.FindGateway(gateway.id) != nullptr);
    GW_CHECK(gateway.tls.empty() == gateway.sign.empty());
    for (const std::string& pin : gateway.tls) {
      const policy::RosterGateway* found = roster.GatewayOfPin(pin);
      GW_CHECK(found != nullptr && std::ranges::find(found->tls, pin) != found->tls.end());
    }
    for (const policy::RosterGateway* peer : roster.PeersOf(gateway.id)) {
      GW_CHECK(peer->id != gateway.id && !peer->address.empty() && !peer->tls.empty());
    }
  }
}

void CheckParties(const policy::Documents& documents) {
  const Roster& roster = documents.roster;
  for (const policy::Party& party : roster.parties) {
    GW_CHECK(roster.FindParty(party.id) != nullptr);
    for (const std::string& pin : party.tls) {
      const policy::Party* found = roster.PartyOfPin(pin);
      GW_CHECK(found != nullptr && std::ranges::find(found->tls, pin) != found->tls.end());
    }
    GW_CHECK(fuzz::Ask(documents, {.party = party.id}).code == "PURPOSE_REQUIRED");
  }
  const bool listed = roster.FindParty(PartyId("city-hall")) != nullptr;
  GW_CHECK((fuzz::Ask(documents, {.party = PartyId("city-hall")}).code == "UNKNOWN_PARTY") !=
           listed);
}

void CheckRoster(const Roster& roster) {
  policy::Documents documents = fuzz::Commons();
  documents.roster = roster;
  policy::Lint(documents.charter, documents.policy, documents.roster);
  CheckGateways(roster);
  CheckParties(documents);
  fuzz::AskAboutEveryRule(documents);
}

void CheckFormatted(std::string_view text, const Roster& roster) {
  const StatusOr<std::string> formatted = policy::FormatDocument(text);
  if (!formatted.ok()) return;
  const StatusOr<Roster> again = policy::ParseRoster(*formatted);
  GW_CHECK(again.ok() && policy::ToYaml(*again) == policy::ToYaml(roster));
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text = gateway::fuzz::Bytes(data, size);
  const auto roster = gateway::policy::ParseRoster(text);
  if (!roster.ok()) {
    GW_CHECK(roster.status().code() == gateway::StatusCode::kInvalidArgument);
    return 0;
  }
  gateway::CheckRoster(*roster);
  gateway::CheckFormatted(text, *roster);
  return 0;
}
