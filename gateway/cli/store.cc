#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

StatusOr<std::vector<std::string>> AskLost(Client& client) {
  ASSIGN_OR_RETURN(const auto status,
                   client.Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  return std::vector<std::string>(status.lost().begin(), status.lost().end());
}

Status Show(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const std::vector<std::string> lost, AskLost(*client));
  Table table{.columns = {"lost"}, .rows = {}};
  for (const std::string& line : lost) table.rows.push_back({line});
  context.Print(table);
  return OkStatus();
}

Status Acknowledge(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  // What is acknowledged is what is shown: asked for before, so that it is not lost with the report.
  ASSIGN_OR_RETURN(const std::vector<std::string> lost, AskLost(*client));
  RETURN_IF_ERROR(
      client->Call(&Stub::AcknowledgeLoss, commons::v1::AcknowledgeLossRequest()).status());
  context.Print(Record{{"acknowledged", lost}});
  return OkStatus();
}

}  // namespace

void RegisterStore(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "store", "What the disk lost", "commons store status");
  AddVerb(*noun, "status", "What was lost and nobody has acknowledged; until then nothing is released",
          {"commons store status --format json"}, context, [&context] { return Show(context); });
  AddVerb(*noun, "acknowledge",
          "You know what was lost: releases go on, and every day that has ended and is not decided "
          "is given up, its cells suppressed",
          {"commons store acknowledge"}, context, [&context] { return Acknowledge(context); });
}

}  // namespace gateway::cli
