#include "gateway/policy/roster.h"

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

bool IsReservedRecipient(std::string_view recipient) {
  return recipient == "peers" || recipient == "members" || recipient == "public";
}

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
    roster.gateways.push_back(
        {ReadIdField<GatewayId>(item, "id"), ReadIdField<ZoneId>(item, "zone"), item.line()});
    item.Finish();
  }
  for (const yaml::Node& node : fields.Items("parties", limits::kRulesMax)) {
    Fields item(node, "party", error);
    roster.parties.push_back(
        {ReadIdField<PartyId>(item, "id"), item.Parse("kind", ReadId), item.line()});
    item.Finish();
  }
  fields.Finish();
  RETURN_IF_ERROR(error);
  return roster;
}

}  // namespace gateway::policy
