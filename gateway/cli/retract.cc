#include <CLI/CLI.hpp>

#include "gateway/base/clock.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/dsse.h"
#include "gateway/policy/retraction.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct RetractArgs {
  std::string rule, zone, start, reason, key;
};

Status Retract(Context& context, const RetractArgs& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  ASSIGN_OR_RETURN(const Time start, ParseTime(args.start));
  commons::v1::ExplainCellRequest ask;
  ask.set_rule(args.rule);
  ask.set_zone(args.zone);
  ask.set_start_ms(MillisOf(start));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto cell, client->Call(&Stub::ExplainCell, ask));
  if (cell.cell_hash().empty()) {
    return FailedPrecondition("the cell is not decided yet: there is nothing to retract");
  }
  crypto::Envelope envelope;
  envelope.payload_type = crypto::kRetractionType;
  ASSIGN_OR_RETURN(envelope.payload,
                   policy::BuildRetraction({.commons = cell.commons(),
                                            .gateway = GatewayId(cell.cell().gateway()),
                                            .rule = RuleId(args.rule),
                                            .zone = ZoneId(args.zone),
                                            .start = start,
                                            .cell_hash = cell.cell_hash(),
                                            .reason = args.reason,
                                            .at = RealClock().SystemNow()}));
  crypto::SignEnvelope(envelope, signer);
  commons::v1::RetractCellRequest request;
  request.set_envelope(crypto::SerializeEnvelope(envelope));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::RetractCell, request));
  context.Print(Record{{"rule", args.rule},
                       {"zone", args.zone},
                       {"start", FormatTime(start)},
                       {"retracted", args.reason},
                       {"entry", uint64_t{reply.entry()}}});
  return OkStatus();
}

}  // namespace

void RegisterRetract(CLI::App& app, Context& context) {
  auto args = std::make_shared<RetractArgs>();
  CLI::App* retract = AddVerb(
      *app.get_subcommand("cell"), "retract",
      "Mark a released cell as wrong, for ever, with a steward's key. It stays as it is; whoever "
      "reads it sees the mark",
      {"commons cell retract --rule load-hourly --zone north --start 2013-01-14T03:00:00Z --reason "
       "wrong-readings --key ana.key"},
      context, [&context, args] { return Retract(context, *args); });
  retract->add_option("--rule", args->rule, "the share rule")->required();
  retract->add_option("--zone", args->zone, "the zone")->required();
  retract->add_option("--start", args->start, "when the window starts")
      ->required()
      ->check(CheckTime);
  retract->add_option("--reason", args->reason, "wrong-readings, wrong-rules or other")
      ->required()
      ->check(CLI::IsMember({"wrong-readings", "wrong-rules", "other"}));
  retract->add_option("--key", args->key, "key file of a steward of the charter's policy role")
      ->required();
}

}  // namespace gateway::cli
