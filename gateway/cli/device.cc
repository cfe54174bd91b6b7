#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string device, household;
};

Status Add(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::AddDeviceRequest request;
  request.set_device(args.device);
  request.set_household(args.household);
  RETURN_IF_ERROR(client->Call(&Stub::AddDevice, request).status());
  context.Print(Record{{"device", args.device}, {"household", args.household}});
  return OkStatus();
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListDevices, commons::v1::ListDevicesRequest()));
  Table table{{"device", "household"}, {}};
  for (const auto& row : reply.rows()) table.rows.push_back({row.device(), row.household()});
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterDevice(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "device", "Devices: whose readings are whose",
                           "commons device add meter-12 --household flat-12");
  auto args = std::make_shared<Args>();
  CLI::App* add = AddVerb(*noun, "add", "Add a device to a household",
                          {"commons device add meter-12 --household flat-12"}, context,
                          [&context, args] { return Add(context, *args); });
  add->add_option("ID", args->device, "as it stands in the topic")->required();
  add->add_option("--household", args->household, "whose it is")->required();
  AddVerb(*noun, "list", "List the devices", {"commons device list --format json"}, context,
          [&context] { return List(context); });
}

}  // namespace gateway::cli
