#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/x509.h"
#include "gateway/policy/roster.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

// What a gateway of the roster is to this one.
std::string RelationOf(const policy::RosterGateway& gateway, const GatewayId& self,
                       const std::vector<const policy::RosterGateway*>& peers) {
  if (gateway.id == self) return "self";
  for (const policy::RosterGateway* peer : peers) {
    if (peer->id == gateway.id) return "peer";
  }
  if (gateway.tls.empty()) return "without-keys";
  return gateway.address.empty() ? "unreachable-without-address" : "not-a-peer";
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto status,
                   client->Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  ASSIGN_OR_RETURN(const auto documents,
                   client->Call(&Stub::ShowDocuments, commons::v1::ShowDocumentsRequest()));
  Table table{{"gateway", "relation", "zone", "address", "tls"}, {}};
  for (const auto& document : documents.rows()) {
    if (document.type() != "roster") continue;
    ASSIGN_OR_RETURN(const policy::Roster roster, policy::ParseRoster(document.payload()));
    const GatewayId self(status.gateway());
    const auto peers = roster.PeersOf(self);
    for (const policy::RosterGateway& gateway : roster.gateways) {
      std::vector<std::string> pins;
      for (const std::string& pin : gateway.tls) pins.push_back(crypto::FormatPin(pin));
      table.rows.push_back({gateway.id.value(), RelationOf(gateway, self, peers),
                            gateway.zone.value(),
                            gateway.address.empty() ? Value() : Value(gateway.address),
                            pins.empty() ? Value() : Value(std::move(pins))});
    }
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterPeer(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "peer", "Other gateways: they exist only through the signed roster",
                           "commons peer list");
  AddVerb(*noun, "list", "The gateways of the roster in force, and what they are to this one",
          {"commons peer list --format json"}, context, [&context] { return List(context); });
}

}  // namespace gateway::cli
