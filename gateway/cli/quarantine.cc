#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string device, reason;
  bool all = false;
};

commons::v1::QuarantineFilter FilterOf(const Args& args) {
  commons::v1::QuarantineFilter filter;
  filter.set_device(args.device);
  filter.set_reason(args.reason);
  return filter;
}

Status List(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::ListQuarantine, FilterOf(args)));
  Table table{{"id", "arrival", "device", "reason", "bytes", "shape"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({uint64_t{row.id()}, FormatTime(TimeOf(row.arrival_ms())), row.device(),
                          row.reason(), uint64_t{row.bytes()}, row.shape()});
  }
  context.Print(table);
  return OkStatus();
}

Status Retry(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::RetryQuarantine, FilterOf(args)));
  context.Print(Record{{"tried", uint64_t{reply.tried()}},
                       {"admitted", uint64_t{reply.admitted()}},
                       {"observations", uint64_t{reply.observations()}}});
  return OkStatus();
}

Status Drop(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::DropQuarantine, FilterOf(args)));
  context.Print(Record{{"dropped", uint64_t{reply.dropped()}}});
  return OkStatus();
}

void AddFilter(CLI::App& verb, const std::shared_ptr<Args>& args) {
  verb.add_option("--device", args->device, "only messages of this device");
  verb.add_option("--reason", args->reason, "only messages refused for this, like out-of-range");
}

}  // namespace

void RegisterQuarantine(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "quarantine",
                           "Messages that were refused for what they say, kept for a week at most",
                           "commons quarantine list");
  auto args = std::make_shared<Args>();
  CLI::App* list =
      AddVerb(*noun, "list",
              "List them, with the shape of each payload: digits are 9, letters are a, and only "
              "field names that profiles know are as they were",
              {"commons quarantine list", "commons quarantine list --device meter-12 --format json"},
              context, [&context, args] { return List(context, *args); });
  AddFilter(*list, args);
  CLI::App* retry =
      AddVerb(*noun, "retry",
              "Decode them again with the profiles and rules of today, as if they came when they "
              "came; what is still refused stays",
              {"commons quarantine retry", "commons quarantine retry --reason unknown-unit"},
              context, [&context, args] { return Retry(context, *args); });
  AddFilter(*retry, args);
  CLI::App* drop = AddVerb(*noun, "drop", "Delete them",
                           {"commons quarantine drop --device meter-12",
                            "commons quarantine drop --all"},
                           context, [&context, args] { return Drop(context, *args); });
  CLI::Option_group* which = drop->add_option_group("which", "which of them");
  AddFilter(*which, args);
  which->add_flag("--all", args->all, "all of them")->excludes("--device")->excludes("--reason");
  which->require_option(1, 2);
}

}  // namespace gateway::cli
