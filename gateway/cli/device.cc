#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string device, household, place;
};

Status Add(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::AddDeviceRequest request;
  request.set_device(args.device);
  request.set_household(args.household);
  request.set_place(args.place);
  RETURN_IF_ERROR(client->Call(&Stub::AddDevice, request).status());
  context.Print(Record{{"device", args.device},
                       args.place.empty() ? Record::value_type{"household", args.household}
                                          : Record::value_type{"place", args.place}});
  return OkStatus();
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListDevices, commons::v1::ListDevicesRequest()));
  Table table{{"device", "household", "place"}, {}};
  const auto name = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
  for (const auto& row : reply.rows()) {
    table.rows.push_back({row.device(), name(row.household()), name(row.place())});
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterDevice(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "device", "Devices: whose readings are whose",
                           "commons device add meter-12 --household flat-12");
  auto args = std::make_shared<Args>();
  CLI::App* add = AddVerb(*noun, "add", "Add a device to a household or a place",
                          {"commons device add meter-12 --household flat-12",
                           "commons device add sds011-3 --place lamp-post-7"}, context,
                          [&context, args] { return Add(context, *args); });
  add->add_option("ID", args->device, "as it stands in the topic")->required();
  CLI::Option_group* owner = add->add_option_group("owner", "whose it is: one of");
  owner->add_option("--household", args->household, "the household");
  owner->add_option("--place", args->place, "the place, which is no one's home");
  owner->require_option(1);
  AddVerb(*noun, "list", "List the devices", {"commons device list --format json"}, context,
          [&context] { return List(context); });
}

}  // namespace gateway::cli
