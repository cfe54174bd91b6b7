#include "gateway/cli/cell_table.h"

#include <algorithm>

#include "gateway/model/time.h"

namespace gateway::cli {

std::vector<std::string> CellColumns() {
  return {"gateway", "rule", "metric", "unit", "resolution", "zone", "start", "end", "status",
          "count", "sum", "mean", "below", "completeness_pct", "homes_in_zone", "policy_version",
          "replay", "retracted", "round_to", "redistribution"};
}

std::vector<Value> CellValues(const Cell& cell, const std::string& retracted, bool for_people) {
  const bool released = cell.figures.has_value();
  const Figures figures = cell.figures.value_or(Figures());
  const auto stat = [&](std::string_view name, auto value) -> Value {
    const bool there = released && !figures.below.has_value() &&
                       std::ranges::find(cell.stats, name) != cell.stats.end();
    if (!there) return {};
    return value;
  };
  const auto number = [&](uint32_t value) -> Value {
    if (!released) return {};
    return uint64_t{value};
  };
  const auto sum = [&]() -> Value {
    if (for_people && figures.below.has_value()) return Format("<%d", *figures.below);
    return stat("sum", figures.sum);
  };
  const auto text = [](const std::string& value, bool there) -> Value {
    if (!there) return {};
    return value;
  };
  Value complete;
  if (!figures.below.has_value()) complete = number(figures.completeness_pct);
  Value below;
  if (!for_people && figures.below.has_value()) below = *figures.below;
  Value round_to;
  if (cell.round_to != 0) round_to = static_cast<uint64_t>(cell.round_to);
  // Figures count steps of the resolution; of "1" there is nothing to say.
  const bool coarse = cell.resolution == "1" || cell.resolution.empty();
  return {cell.gateway.value(), cell.rule.value(), cell.metric.value(), cell.unit,
          text(cell.resolution, !coarse), cell.zone.value(), FormatTime(cell.window.start),
          FormatTime(cell.window.end), std::string(CellStatusName(cell.status)),
          stat("count", uint64_t{figures.count}), sum(), stat("mean", figures.mean),
          std::move(below), std::move(complete), number(figures.homes_in_zone),
          cell.policy_version, cell.replay, text(retracted, !retracted.empty()),
          std::move(round_to), cell.redistribution};
}

}  // namespace gateway::cli
