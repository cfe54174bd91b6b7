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

CellStatus StatusOf(const std::string& name) {
  for (const CellStatus status : {CellStatus::kReleased, CellStatus::kSuppressed}) {
    if (CellStatusName(status) == name) return status;
  }
  return CellStatus::kPending;
}

Cell CellOf(const commons::v1::CellRow& row) {
  Cell cell;
  cell.gateway = GatewayId(row.gateway());
  cell.rule = RuleId(row.rule());
  cell.policy_version = row.policy_version();
  cell.metric = MetricId(row.metric());
  cell.unit = row.unit();
  cell.resolution = row.resolution();
  cell.zone = ZoneId(row.zone());
  cell.window = {TimeOf(row.start_ms()), TimeOf(row.end_ms())};
  cell.status = StatusOf(row.status());
  cell.replay = row.replay();
  if (!row.has_figures()) return cell;
  const auto& figures = row.figures();
  cell.figures = Figures{.count = figures.count(),
                         .sum = figures.sum(),
                         .mean = figures.mean(),
                         .completeness_pct = figures.completeness_pct(),
                         .homes_in_zone = figures.homes_in_zone()};
  if (figures.has_below()) cell.figures->below = figures.below();
  if (figures.has_count()) cell.stats.emplace_back("count");
  if (figures.has_sum()) cell.stats.emplace_back("sum");
  if (figures.has_mean()) cell.stats.emplace_back("mean");
  return cell;
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
    table.rows.push_back(CellValues(CellOf(cell), cell.retracted(), context.format == "table"));
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
  Value retracted;
  if (!cell.retracted().empty()) retracted = cell.retracted();
  context.Print(Record{{"gateway", cell.gateway()},
                       {"rule", cell.rule()},
                       {"metric", cell.metric()},
                       {"zone", cell.zone()},
                       {"start", FormatTime(TimeOf(cell.start_ms()))},
                       {"end", FormatTime(TimeOf(cell.end_ms()))},
                       {"status", cell.status()},
                       {"reason", reply.reason()},
                       {"retracted", std::move(retracted)},
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
