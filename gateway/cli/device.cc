#include <CLI/CLI.hpp>

#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/model/limits.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string device, household, place, profile, claim, claim_file;
  std::string heard;  // discover --enrol
};

Value Name(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value Seen(int64_t millis) { return FormatTime(TimeOf(millis)); }

// A secret is read from a file: a command line stands in the shell's history and in `ps`.
StatusOr<std::string> ReadClaim(const std::string& path) {
  ASSIGN_OR_RETURN(std::string claim, ReadFile(path, limits::kTopicBytesMax));
  while (claim.ends_with('\n') || claim.ends_with('\r')) claim.pop_back();
  if (claim.empty()) return InvalidArgument("%s: is empty; it holds the claim on one line", path);
  return claim;
}

Status Enrol(Context& context, const Args& args) {
  commons::v1::AddDeviceRequest request;
  request.set_device(args.device);
  request.set_household(args.household);
  request.set_place(args.place);
  request.set_profile(args.profile);
  request.set_claim(args.claim);
  request.set_heard(args.heard);
  if (!args.claim_file.empty()) {
    ASSIGN_OR_RETURN(std::string claim, ReadClaim(args.claim_file));
    request.set_claim(std::move(claim));
    request.set_secret(true);
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::AddDevice, request));
  Record record{{"device", args.device},
                args.place.empty() ? Record::value_type{"household", args.household}
                                   : Record::value_type{"place", args.place},
                {"profile", reply.profile()}};
  if (!reply.login().empty()) {
    record.emplace_back("login", reply.login());
    record.emplace_back("password", reply.password());
  }
  context.Print(record);
  return OkStatus();
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListDevices, commons::v1::ListDevicesRequest()));
  Table table{{"device", "household", "place", "profile", "claim", "state", "last_heard",
               "expected", "login"}, {}};
  for (const auto& row : reply.rows()) {
    const std::string claim = row.claim().empty() ? "(secret)" : row.claim();
    table.rows.push_back(
        {row.device(), Name(row.household()), Name(row.place()), row.profile(),
         claim == row.device() ? Value() : Value(claim), Name(row.state()),
         row.has_last_heard_ms() ? Seen(row.last_heard_ms()) : Value(),
         row.expected_ms() == 0 ? Value() : Value(FormatDuration(Millis(row.expected_ms()))),
         Name(row.login())});
  }
  context.Print(table);
  return OkStatus();
}

Status Discover(Context& context, const Args& args) {
  if (!args.heard.empty()) return Enrol(context, args);
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::DiscoverDevices, commons::v1::DiscoverDevicesRequest()));
  Table table{{"heard", "profile", "metrics", "messages", "first_heard", "last_heard",
               "topics"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({row.heard(), row.profile(),
                          std::vector<std::string>(row.metrics().begin(), row.metrics().end()),
                          uint64_t{row.messages()},
                          row.messages() == 0 ? Value() : Seen(row.first_ms()),
                          row.messages() == 0 ? Value() : Seen(row.last_ms()),
                          row.topics().empty()
                              ? Value()
                              : Value(std::vector<std::string>(row.topics().begin(),
                                                               row.topics().end()))});
  }
  context.Print(table);
  return OkStatus();
}

Status RenewLogin(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::RenewDeviceLoginRequest request;
  request.set_device(args.device);
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::RenewDeviceLogin, request));
  context.Print(Record{
      {"device", args.device}, {"login", reply.login()}, {"password", reply.password()}});
  return OkStatus();
}

void AddOwner(CLI::App& verb, Args& args) {
  CLI::Option_group* owner = verb.add_option_group("owner", "whose it is: one of");
  owner->add_option("--household", args.household, "the household");
  owner->add_option("--place", args.place, "the place, which is no one's home");
}

void RegisterAdd(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* add = AddVerb(noun, "add", "Add a device to a household or a place",
                          {"commons device add meter-12 --household flat-12",
                           "commons device add sds011-3 --place lamp-post-7",
                           "commons device add heater --household flat-12 --profile tasmota "
                           "--claim tasmota_4F2A"}, context,
                          [&context, args] { return Enrol(context, *args); });
  add->add_option("ID", args->device, "what you call it")->required();
  AddOwner(*add, *args);
  add->get_option_group("owner")->require_option(1);
  add->add_option("--profile", args->profile, "who reads its messages (default: generic)");
  CLI::Option* claim = add->add_option(
      "--claim", args->claim, "what its topics and payloads call it (default: ID)");
  add->add_option("--claim-file", args->claim_file, "the same, if it is a secret: a file with it")
      ->excludes(claim);
}

void RegisterDiscover(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* discover =
      AddVerb(noun, "discover", "List what is heard and not enrolled, or enrol one of them",
              {"commons device discover",
               "commons device discover --enrol tasmota_4F2A --as heater --household flat-12"},
              context, [&context, args] { return Discover(context, *args); });
  CLI::Option* enrol = discover->add_option("--enrol", args->heard, "enrol what is listed as this");
  CLI::Option* as = discover->add_option("--as", args->device, "what you call it")->needs(enrol);
  enrol->needs(as);
  AddOwner(*discover, *args);
  CLI::App* owner = discover->get_option_group("owner");
  owner->require_option(0, 1);
  for (CLI::Option* option : owner->get_options()) option->needs(enrol);
  discover->add_option("--profile", args->profile, "if several profiles read its messages")
      ->needs(enrol);
}

}  // namespace

void RegisterDevice(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "device", "Devices: whose readings are whose, and who is silent",
                           "commons device add meter-12 --household flat-12");
  RegisterAdd(*noun, context);
  RegisterDiscover(*noun, context);
  AddVerb(*noun, "list", "List the devices and when they were heard last",
          {"commons device list --format json"}, context, [&context] { return List(context); });
  auto args = std::make_shared<Args>();
  CLI::App* login = AddVerb(*noun, "login",
                            "Give a device another login at the broker; the old one ends",
                            {"commons device login heater"}, context,
                            [&context, args] { return RenewLogin(context, *args); });
  login->add_option("ID", args->device, "the device")->required();
}

}  // namespace gateway::cli
