#include <CLI/CLI.hpp>

#include "gateway/base/bytes.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct Args {
  std::string time;
};

Status Advance(Context& context, const Args& args) {
  commons::v1::AdvanceClockRequest request;
  ASSIGN_OR_RETURN(const Time time, ParseTime(args.time));
  request.set_now_ms(MillisOf(time));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::AdvanceClock, request));
  context.Print(
      Record{{"now", FormatTime(time)}, {"sheets_decided", uint64_t{reply.sheets_decided()}}});
  return OkStatus();
}

Status Show(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto status,
                   client->Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  if (status.state() == "locked") {
    context.Print(Record{{"gateway", status.gateway()}, {"state", status.state()}});
    return OkStatus();
  }
  std::map<std::string, uint64_t> totals;
  Tally reasons{{"denied", {}}, {"duplicate", {}}, {"quarantined", {}}};
  for (const auto& count : status.counts()) {
    totals[count.outcome()] += count.observations();
    if (!count.reason().empty()) reasons[count.outcome()][count.reason()] = count.observations();
  }
  Tally odd;
  for (const auto& count : status.odd()) odd[count.outcome()][count.reason()] = count.observations();
  Tally device_states;
  for (const auto& row : status.device_states()) {
    device_states["devices"][row.state()] = row.devices();
  }
  const bool makes = status.has_broker_logins();
  const auto& logins = status.broker_logins();
  context.Print(Record{{"commons", status.commons()},
                       {"gateway", status.gateway()},
                       {"state", status.state()},
                       {"origin", status.origin()},
                       {"replay", status.replay()},
                       {"now", FormatTime(TimeOf(status.now_ms()))},
                       {"clock_sound", status.clock_sound()},
                       {"broker_connected", status.broker_connected()},
                       {"broker_dropped", uint64_t{status.broker_dropped()}},
                       {"broker_sessions_lost", uint64_t{status.broker_sessions_lost()}},
                       {"warnings", std::vector<std::string>(status.warnings().begin(),
                                                             status.warnings().end())},
                       {"policy_version", uint64_t{status.policy_version()}},
                       {"received", uint64_t{status.received()}},
                       {"waiting", uint64_t{status.waiting()}},
                       {"late", uint64_t{status.late()}},
                       {"untimed", uint64_t{status.untimed()}},
                       {"retried", uint64_t{status.retried()}},
                       {"stored", totals["stored"]},
                       {"duplicate", totals["duplicate"]},
                       {"denied", totals["denied"]},
                       {"quarantined", totals["quarantined"]},
                       {"reasons", std::move(reasons)},
                       {"counters", std::move(odd)},
                       {"in_quarantine", uint64_t{status.in_quarantine()}},
                       {"journaled", uint64_t{status.journaled()}},
                       {"folded", uint64_t{status.folded()}},
                       {"households", uint64_t{status.households()}},
                       {"devices", uint64_t{status.devices()}},
                       {"device_states", std::move(device_states)},
                       {"broker_logins", makes ? Value(uint64_t{logins.wanted()}) : Value()},
                       {"broker_logins_present",
                        makes ? Value(uint64_t{logins.present()}) : Value()},
                       {"broker_logins_problem",
                        logins.problem().empty() ? Value() : Value(logins.problem())},
                       {"open_days", uint64_t{status.open_days()}},
                       {"ledger_size", uint64_t{status.ledger_size()}},
                       {"ledger_root", HexEncode(status.ledger_root())},
                       {"released", uint64_t{status.released()}},
                       {"suppressed", uint64_t{status.suppressed()}},
                       {"duties", std::vector<std::string>(status.duties().begin(),
                                                           status.duties().end())},
                       {"lost", std::vector<std::string>(status.lost().begin(),
                                                         status.lost().end())},
                       {"rolled_up", uint64_t{status.retention().rolled_up()}},
                       {"erased", uint64_t{status.retention().erased()}},
                       {"erased_rollups", uint64_t{status.retention().erased_rollups()}},
                       {"keys_destroyed", uint64_t{status.retention().keys_destroyed()}},
                       {"retention_bytes", uint64_t{status.retention().bytes()}},
                       {"last_retention",
                        status.retention().last_run_ms() == 0
                            ? ""
                            : FormatTime(TimeOf(status.retention().last_run_ms()))},
                       {"store", status.store()},
                       {"bytes_written", uint64_t{status.bytes_written()}}});
  return OkStatus();
}

}  // namespace

void RegisterStatus(CLI::App& app, Context& context) {
  AddVerb(app, "status", "How the gateway is doing", {"commons status --format json"}, context,
          [&context] { return Show(context); });

  CLI::App* noun = AddNoun(app, "clock", "The clock of a gateway that replays recorded data",
                           "commons clock advance 2013-01-15T00:00:00Z");
  auto args = std::make_shared<Args>();
  CLI::App* advance = AddVerb(
      *noun, "advance", "Move a replay gateway's clock forward and decide every sheet that is due",
      {"commons clock advance 2013-01-15T00:00:00Z"}, context,
      [&context, args] { return Advance(context, *args); });
  advance->add_option("TIME", args->time, "the new time, not before the present one")
      ->required()
      ->check(CheckTime);
}

}  // namespace gateway::cli
