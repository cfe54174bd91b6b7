#include <CLI/CLI.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct QueryArgs {
  std::string metric, zone, rule, from, until;
};

struct ExplainArgs {
  std::string rule, zone, start;
};

Value Unless(bool absent, Value value) { return absent ? Value() : std::move(value); }

// A sum that only a reader of tables sees as "<5"; programs get the number.
Value SumOf(const commons::v1::CellRow::Figures& figures, bool for_people) {
  if (figures.has_sum()) return int64_t{figures.sum()};
  if (figures.has_below() && for_people) return Format("<%d", figures.below());
  return Value();
}

std::vector<Value> RowOf(const commons::v1::CellRow& cell, bool for_people) {
  const bool none = !cell.has_figures();
  const auto& figures = cell.figures();
  return {cell.gateway(), cell.rule(), cell.metric(), cell.unit(),
          // Figures count steps of the resolution; of "1" there is nothing to say.
          Unless(cell.resolution() == "1" || cell.resolution().empty(), cell.resolution()),
          cell.zone(), FormatTime(TimeOf(cell.start_ms())), FormatTime(TimeOf(cell.end_ms())),
          cell.status(), Unless(!figures.has_count(), uint64_t{figures.count()}),
          SumOf(figures, for_people),
          Unless(!figures.has_mean(), int64_t{figures.mean()}),
          Unless(for_people || !figures.has_below(), uint64_t{figures.below()}),
          Unless(none, uint64_t{figures.completeness_pct()}),
          Unless(none, uint64_t{figures.homes_in_zone()}), uint64_t{cell.policy_version()},
          cell.replay()};
}

StatusOr<int64_t> ParseMillis(const std::string& text) {
  ASSIGN_OR_RETURN(const Time time, ParseTime(text));
  return MillisOf(time);
}

Status Query(Context& context, const QueryArgs& args) {
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
  Table table{{"gateway", "rule", "metric", "unit", "resolution", "zone", "start", "end",
               "status", "count", "sum", "mean", "below", "completeness_pct",
               "homes_in_zone", "policy_version", "replay"}, {}};
  RETURN_IF_ERROR(client->Query(filter, [&](const commons::v1::CellRow& cell) {
    table.rows.push_back(RowOf(cell, context.format == "table"));
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
                       {"text", reply.text()}});
  return OkStatus();
}

}  // namespace

void RegisterCell(CLI::App& app, Context& context) {
  auto query_args = std::make_shared<QueryArgs>();
  CLI::App* query = AddVerb(
      app, "query", "Show this gateway's cells: decided ones, then pending ones",
      {"commons query --rule load-daily --from 2013-01-14T00:00:00Z --format csv"}, context,
      [&context, query_args] { return Query(context, *query_args); });
  query->add_option("--metric", query_args->metric, "only this metric");
  query->add_option("--zone", query_args->zone, "only this zone");
  query->add_option("--rule", query_args->rule, "only this share rule");
  query->add_option("--from", query_args->from, "only cells that end after this time")
      ->check(CheckTime);
  query->add_option("--until", query_args->until, "only cells that start before this time")
      ->check(CheckTime);

  CLI::App* noun = AddNoun(
      app, "cell", "One cell, for the operator",
      "commons cell explain --rule load-hourly --zone north --start 2013-01-14T03:00:00Z");
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
