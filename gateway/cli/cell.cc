#include <CLI/CLI.hpp>

#include "gateway/cli/cell_table.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct ListArgs {
  std::string metric, zone, rule, from, until;
};

struct ExplainArgs {
  std::string rule, zone, start;
};

Value Unless(bool absent, Value value) { return absent ? Value() : std::move(value); }

std::vector<Value> RowOf(const commons::v1::CellRow& cell) {
  const bool none = !cell.has_figures();
  const auto& figures = cell.figures();
  return {cell.gateway(), cell.rule(), cell.metric(), cell.unit(),
          // Figures count steps of the resolution; of "1" there is nothing to say.
          Unless(cell.resolution() == "1" || cell.resolution().empty(), cell.resolution()),
          cell.zone(), FormatTime(TimeOf(cell.start_ms())), FormatTime(TimeOf(cell.end_ms())),
          cell.status(), Unless(!figures.has_count(), uint64_t{figures.count()}),
          Unless(!figures.has_sum(), int64_t{figures.sum()}),
          Unless(!figures.has_mean(), int64_t{figures.mean()}),
          Unless(none, uint64_t{figures.completeness_pct()}),
          Unless(none, uint64_t{figures.homes_in_zone()}), uint64_t{cell.policy_version()},
          cell.replay(), Unless(cell.retracted().empty(), cell.retracted())};
}

StatusOr<int64_t> ParseMillis(const std::string& text) {
  ASSIGN_OR_RETURN(const Time time, ParseTime(text));
  return MillisOf(time);
}

Status List(Context& context, const ListArgs& args) {
  commons::v1::CellFilter filter;
  filter.set_metric(args.metric);
  filter.set_zone(args.zone);
  filter.set_rule(args.rule);
  if (!args.from.empty()) {
    ASSIGN_OR_RETURN(const int64_t from, ParseMillis(args.from));
    filter.set_from_ms(from);
  }
  if (!args.until.empty()) {
    ASSIGN_OR_RETURN(const int64_t until, ParseMillis(args.until));
    filter.set_until_ms(until);
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  Table table{CellColumns(), {}};
  RETURN_IF_ERROR(client->Query(filter, [&](const commons::v1::CellRow& cell) {
    table.rows.push_back(RowOf(cell));
  }));
  context.Print(table);
  return OkStatus();
}

Status Explain(Context& context, const ExplainArgs& args) {
  commons::v1::ExplainCellRequest request;
  request.set_rule(args.rule);
  request.set_zone(args.zone);
  ASSIGN_OR_RETURN(const int64_t start, ParseMillis(args.start));
  request.set_start_ms(start);
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::ExplainCell, request));
  const auto& cell = reply.cell();
  context.Print(Record{{"gateway", cell.gateway()},
                       {"rule", cell.rule()},
                       {"metric", cell.metric()},
                       {"zone", cell.zone()},
                       {"start", FormatTime(TimeOf(cell.start_ms()))},
                       {"end", FormatTime(TimeOf(cell.end_ms()))},
                       {"status", cell.status()},
                       {"reason", reply.reason()},
                       {"retracted", Unless(cell.retracted().empty(), cell.retracted())},
                       {"text", reply.text()}});
  return OkStatus();
}

}  // namespace

void RegisterCell(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(
      app, "cell", "Cells of this gateway, for its operator",
      "commons cell explain --rule load-hourly --zone north --start 2013-01-14T03:00:00Z");
  auto list_args = std::make_shared<ListArgs>();
  CLI::App* list = AddVerb(
      *noun, "list", "Show this gateway's cells: decided ones, then pending ones",
      {"commons cell list --rule load-daily --from 2013-01-14T00:00:00Z --format csv"}, context,
      [&context, list_args] { return List(context, *list_args); });
  list->add_option("--metric", list_args->metric, "only this metric");
  list->add_option("--zone", list_args->zone, "only this zone");
  list->add_option("--rule", list_args->rule, "only this share rule");
  list->add_option("--from", list_args->from, "only cells that end after this time")
      ->check(CheckTime);
  list->add_option("--until", list_args->until, "only cells that start before this time")
      ->check(CheckTime);

  auto explain_args = std::make_shared<ExplainArgs>();
  CLI::App* explain = AddVerb(
      *noun, "explain",
      "Why a cell is released, suppressed, pending or missing. Askers never see this reason",
      {"commons cell explain --rule load-hourly --zone north --start 2013-01-14T03:00:00Z"},
      context, [&context, explain_args] { return Explain(context, *explain_args); });
  explain->add_option("--rule", explain_args->rule, "the share rule")->required();
  explain->add_option("--zone", explain_args->zone, "the zone")->required();
  explain->add_option("--start", explain_args->start, "when the window starts")
      ->required()
      ->check(CheckTime);
}

}  // namespace gateway::cli
