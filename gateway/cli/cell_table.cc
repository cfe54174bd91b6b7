#include "gateway/cli/cell_table.h"

#include <algorithm>

#include "gateway/model/time.h"

namespace gateway::cli {

std::vector<std::string> CellColumns() {
  return {"gateway", "rule", "metric", "unit", "resolution", "zone", "start", "end", "status",
          "count", "sum", "mean", "completeness_pct", "homes_in_zone", "policy_version", "replay",
          "retracted"};
}

std::vector<Value> CellValues(const Cell& cell, const std::string& retracted) {
  const bool released = cell.figures.has_value();
  const Figures figures = cell.figures.value_or(Figures());
  const auto stat = [&](std::string_view name, Value value) {
    const bool there = released && std::ranges::find(cell.stats, name) != cell.stats.end();
    return there ? std::move(value) : Value();
  };
  const auto number = [&](uint32_t value) { return released ? Value(uint64_t{value}) : Value(); };
  return {cell.gateway.value(), cell.rule.value(), cell.metric.value(), cell.unit,
          // Figures count steps of the resolution; of "1" there is nothing to say.
          cell.resolution == "1" ? Value() : Value(cell.resolution), cell.zone.value(),
          FormatTime(cell.window.start), FormatTime(cell.window.end),
          std::string(CellStatusName(cell.status)), stat("count", uint64_t{figures.count}),
          stat("sum", figures.sum), stat("mean", figures.mean), number(figures.completeness_pct),
          number(figures.homes_in_zone), cell.policy_version, cell.replay,
          retracted.empty() ? Value() : Value(retracted)};
}

}  // namespace gateway::cli
