#include <CLI/CLI.hpp>

#include "gateway/base/bytes.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/dsse.h"
#include "gateway/policy/grant.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string place, zone, key;
};

Status Add(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::AddPlaceRequest request;
  request.set_place(args.place);
  request.set_zone(args.zone);
  RETURN_IF_ERROR(client->Call(&Stub::AddPlace, request).status());
  context.Print(Record{{"place", args.place}, {"zone", args.zone}, {"state", "added"}});
  return OkStatus();
}

StatusOr<SubjectId> SubjectOf(Client& client, const std::string& place) {
  ASSIGN_OR_RETURN(const auto reply,
                   client.Call(&Stub::ListPlaces, commons::v1::ListPlacesRequest()));
  for (const auto& row : reply.rows()) {
    if (row.place() != place) continue;
    if (row.subject().size() == SubjectId::kBytes) return SubjectId::FromBytes(row.subject());
    return Internal("place: a subject of %d bytes", row.subject().size());
  }
  return NotFound("no such place; `commons place list` shows those there are");
}

Status Confirm(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const SubjectId subject, SubjectOf(*client, args.place));
  // The gateway's time, not this machine's: under a replay clock they are years apart.
  ASSIGN_OR_RETURN(const auto status,
                   client->Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  const policy::Invite place{status.commons(), GatewayId(status.gateway()), subject, {}};
  crypto::Envelope confirmation;
  confirmation.payload_type = crypto::kConfirmationType;
  confirmation.payload = policy::BuildConfirmation(place, {}, TimeOf(status.now_ms()));
  crypto::SignEnvelope(confirmation, signer);
  commons::v1::ConfirmPlaceRequest request;
  request.set_place(args.place);
  request.set_confirmation(crypto::SerializeEnvelope(confirmation));
  RETURN_IF_ERROR(client->Call(&Stub::ConfirmPlace, request).status());
  context.Print(Record{{"place", args.place}, {"state", "confirmed"}});
  return OkStatus();
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListPlaces, commons::v1::ListPlacesRequest()));
  Table table{{"place", "zone", "state", "devices", "subject"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({row.place(), row.zone(), row.state(), uint64_t{row.devices()},
                          HexEncode(row.subject())});
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterPlace(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "place", "Places, which are no one's home: add, confirm, list",
                           "commons place list");
  auto args = std::make_shared<Args>();
  CLI::App* add = AddVerb(*noun, "add",
                          "Add a place; nothing of it is stored before it is confirmed",
                          {"commons place add lamp-post-7 --zone north"}, context,
                          [&context, args] { return Add(context, *args); });
  add->add_option("ID", args->place, "what the operator calls it")->required();
  add->add_option("--zone", args->zone, "a zone of the policy")->required();

  CLI::App* confirm = AddVerb(*noun, "confirm", "A steward confirms that it is no one's home",
                              {"commons place confirm lamp-post-7 --key steward.key"}, context,
                              [&context, args] { return Confirm(context, *args); });
  confirm->add_option("ID", args->place, "the place")->required();
  confirm->add_option("--key", args->key, "the steward's key file")->required();

  AddVerb(*noun, "list", "List the places", {"commons place list --format json"}, context,
          [&context] { return List(context); });
}

}  // namespace gateway::cli
