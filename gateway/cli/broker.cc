#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string name, profile;
};

Status Add(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::AddBrokerLoginRequest request;
  request.set_name(args.name);
  request.set_profile(args.profile);
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::AddBrokerLogin, request));
  context.Print(Record{{"name", args.name},
                       {"profile", args.profile},
                       {"login", reply.login()},
                       {"password", reply.password()}});
  return OkStatus();
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListBrokerLogins, commons::v1::ListBrokerLoginsRequest()));
  Table table{{"name", "profile", "login", "state"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({row.name(), row.profile(), row.login(), row.state()});
  }
  context.Print(table);
  return OkStatus();
}

Status Remove(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::RemoveBrokerLoginRequest request;
  request.set_name(args.name);
  RETURN_IF_ERROR(client->Call(&Stub::RemoveBrokerLogin, request).status());
  context.Print(Record{{"name", args.name}, {"state", "removed"}});
  return OkStatus();
}

}  // namespace

void RegisterBroker(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "broker", "The MQTT broker: who may log in",
                           "commons broker login list");
  CLI::App* login = AddNoun(
      *noun, "login", "Logins of programs that publish for many devices, like zigbee2mqtt",
      "commons broker login add attic --profile zigbee2mqtt");
  auto args = std::make_shared<Args>();
  CLI::App* add = AddVerb(*login, "add",
                          "Make a login that may publish for every device of one profile",
                          {"commons broker login add attic --profile zigbee2mqtt"}, context,
                          [&context, args] { return Add(context, *args); });
  add->add_option("NAME", args->name, "what you call it")->required();
  add->add_option("--profile", args->profile, "whose topics it may publish to")->required();

  AddVerb(*login, "list", "List these logins", {"commons broker login list --format json"},
          context, [&context] { return List(context); });

  CLI::App* remove = AddVerb(*login, "remove", "Take a login away",
                             {"commons broker login remove attic"}, context,
                             [&context, args] { return Remove(context, *args); });
  remove->add_option("NAME", args->name, "the login")->required();
}

}  // namespace gateway::cli
