#include <CLI/CLI.hpp>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/dsse.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string file, household, grant, metric;
};

std::string CheckGrantId(const std::string& text) {
  const auto bytes = HexDecode(text);
  if (bytes.ok() && bytes->size() == 32) return {};
  return "a grant id is 64 lower-case hex digits";
}

Status Import(Context& context, const Args& args) {
  commons::v1::ImportGrantRequest request;
  ASSIGN_OR_RETURN(*request.mutable_envelope(), ReadFile(args.file, crypto::kEnvelopeBytesMax));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::ImportGrant, request));
  context.PrintValue("id", HexEncode(reply.grant_id()));
  return OkStatus();
}

Status Withdraw(Context& context, const Args& args) {
  commons::v1::WithdrawGrantsRequest request;
  request.set_household(args.household);
  request.set_metric(args.metric);
  ASSIGN_OR_RETURN(*request.mutable_grant_id(), HexDecode(args.grant));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::WithdrawGrants, request));
  Record record{{"household", args.household}, {"withdrawn", uint64_t{reply.withdrawn()}}};
  if (args.grant.empty()) {
    record.emplace_back("objects_to", args.metric.empty() ? "everything" : args.metric);
  }
  context.Print(record);
  return OkStatus();
}

std::vector<std::string> Copy(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

Status List(Context& context, const Args& args) {
  commons::v1::ListGrantsRequest request;
  request.set_household(args.household);
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::ListGrants, request));
  Table table{{"id", "household", "state", "metrics", "purposes", "recipients", "not_before",
               "not_after"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({HexEncode(row.id()), row.household(), row.state(), Copy(row.metrics()),
                          Copy(row.purposes()), Copy(row.recipients()),
                          FormatTime(TimeOf(row.not_before_ms())),
                          FormatTime(TimeOf(row.not_after_ms()))});
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterGrant(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "grant", "Grants: a resident's signed yes, and taking it back",
                           "commons grant withdraw flat-12");
  auto args = std::make_shared<Args>();
  CLI::App* import_verb = AddVerb(*noun, "import", "Take in a grant; prints its id",
                                  {"commons grant import ann-grant.dsse"}, context,
                                  [&context, args] { return Import(context, *args); });
  import_verb->add_option("FILE", args->file, "made by `commons resident grant`")->required();

  CLI::App* withdraw = AddVerb(
      *noun, "withdraw",
      "A household's no, with or without a grant before: to everything, one grant or one metric; "
      "needs no key",
      {"commons grant withdraw flat-12", "commons grant withdraw flat-12 --metric load"}, context,
      [&context, args] { return Withdraw(context, *args); });
  withdraw->add_option("HOUSEHOLD", args->household, "the household")->required();
  withdraw->add_option("--grant", args->grant, "only this one (its id in hex)")
      ->check(CheckGrantId);
  withdraw->add_option("--metric", args->metric, "only to this metric")->excludes("--grant");

  CLI::App* list = AddVerb(*noun, "list", "List grants", {"commons grant list flat-12"}, context,
                           [&context, args] { return List(context, *args); });
  list->add_option("HOUSEHOLD", args->household, "only of this household");
}

}  // namespace gateway::cli
