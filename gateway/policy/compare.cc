#include "gateway/policy/compare.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "gateway/model/time.h"
#include "gateway/policy/compare_parts.h"
#include "gateway/policy/decide.h"

namespace gateway::policy {
namespace {

template <typename T>
Order LargerIsTighter(const T& before, const T& after) {
  if (before == after) return Order::kEqual;
  return before < after ? Order::kTighter : Order::kLooser;
}
template <typename T>
Order SmallerIsTighter(const T& before, const T& after) {
  return LargerIsTighter(after, before);
}

Order OrderOf(const Safeguards& before, const Safeguards& after) {
  const Order parts[] = {
      LargerIsTighter(before.k_min, after.k_min),
      SmallerIsTighter(before.top1_max_pct, after.top1_max_pct),
      SmallerIsTighter(before.top2_max_pct, after.top2_max_pct),
      LargerIsTighter(before.round_to, after.round_to),
      LargerIsTighter(before.min_count.value_or(0), after.min_count.value_or(0)),
      SmallerIsTighter(before.redistribution, after.redistribution),
      LargerIsTighter(before.coarsen.step, after.coarsen.step),
      LargerIsTighter(before.coarsen.every, after.coarsen.every),
      SmallerIsTighter(before.within, after.within),
  };
  Order all = Order::kEqual;
  for (const Order part : parts) all = Combined(all, part);
  return all;
}

// What the order of answers is about, before their safeguards: larger gives more.
int RankOf(const Decision& decision) {
  if (decision.allowed) return 2;
  return decision.code == QueryCodeName(QueryCode::kForbidden) ? 0 : 1;
}

std::string Joined(const std::vector<RuleId>& rules) {
  std::string text;
  for (const RuleId& rule : rules) text += (text.empty() ? "" : ", ") + rule.value();
  return text;
}

std::string Named(const Decision& decision) {
  const std::string what = decision.allowed ? "allowed" : std::string(decision.code);
  return decision.rules.empty() ? what : Format("%s by %s", what, Joined(decision.rules));
}

std::string SafeguardChanges(const Safeguards& before, const Safeguards& after) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& was, const std::string& is) {
    if (was == is) return;
    text += Format("%s%s %s instead of %s", text.empty() ? "" : ", ", name, is, was);
  };
  const auto number = [&](std::string_view name, auto was, auto is) {
    add(name, Format("%d", was), Format("%d", is));
  };
  const auto duration = [&](std::string_view name, Millis was, Millis is) {
    add(name, FormatDuration(was), FormatDuration(is));
  };
  number("k_min", before.k_min, after.k_min);
  number("top1_max_pct", before.top1_max_pct, after.top1_max_pct);
  number("top2_max_pct", before.top2_max_pct, after.top2_max_pct);
  number("round_to (in steps)", before.round_to, after.round_to);
  number("min_count", before.min_count.value_or(0), after.min_count.value_or(0));
  add("redistribution", before.redistribution ? "true" : "false",
      after.redistribution ? "true" : "false");
  number("coarsen.step (in steps)", before.coarsen.step, after.coarsen.step);
  duration("coarsen.every", before.coarsen.every, after.coarsen.every);
  duration("within", before.within, after.within);
  return text;
}

// "a", "a and b", "a, b and 7 more".
template <typename Names, typename Spell>
std::string Listed(const Names& names, const Spell& spell) {
  constexpr std::size_t kNamedMax = 3;
  const std::size_t named = names.size() <= kNamedMax ? names.size() : kNamedMax - 1;
  std::string text;
  std::size_t i = 0;
  for (auto at = names.begin(); i < named; ++at, ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += spell(*at);
  }
  if (named < names.size()) text += Format(" and %d more", names.size() - named);
  return text;
}

template <typename Ids>
std::string IdsListed(const Ids& ids) {
  return Listed(ids, [](const auto& id) { return id.value(); });
}

enum class Dimension { kMetrics, kParties, kPurposes };

// What two must have in common to be told as one: all but that dimension.
std::string KeyWithout(Dimension dimension, const Found& found) {
  std::string key = Format("%d|%s|%s", static_cast<int>(found.order), found.subject, found.change);
  const auto add = [&](Dimension its, const auto& names, const auto& spell) {
    key += "|";
    if (its == dimension) return;
    for (const auto& name : names) key += spell(name) + ",";
  };
  const auto id = [](const auto& name) { return name.value(); };
  add(Dimension::kMetrics, found.metrics, id);
  add(Dimension::kParties, found.parties, id);
  add(Dimension::kPurposes, found.purposes, [](const std::string& name) { return name; });
  return key;
}

std::vector<Found> Merged(std::vector<Found> all, Dimension dimension) {
  std::vector<Found> merged;
  std::map<std::string, std::size_t> places;
  for (Found& found : all) {
    const auto [at, fresh] = places.try_emplace(KeyWithout(dimension, found), merged.size());
    if (fresh) {
      merged.push_back(std::move(found));
      continue;
    }
    Found& place = merged[at->second];
    place.metrics.merge(found.metrics);
    place.parties.merge(found.parties);
    place.purposes.merge(found.purposes);
  }
  return merged;
}

std::string ChangeOf(const Decision& before, const Decision& after) {
  if (before.allowed && after.allowed) return SafeguardChanges(before.safeguards, after.safeguards);
  return Format("%s, was %s", Named(after), Named(before));
}

Difference Told(const Found& found) {
  std::string what = found.subject;
  const auto add = [&](std::string_view word, const std::string& names) {
    if (!names.empty()) what += Format(" %s %s", word, names);
  };
  add("of", IdsListed(found.metrics));
  add("to", IdsListed(found.parties));
  add("for", Listed(found.purposes, [](const std::string& purpose) { return purpose; }));
  return {found.order, Format("%s: %s", what, found.change), found.witness, found.at};
}

}  // namespace

std::string_view OrderName(Order order) {
  constexpr std::string_view kNames[] = {"equal", "tighter", "looser", "incomparable"};
  return kNames[static_cast<std::size_t>(order)];
}

Order Combined(Order a, Order b) {
  if (a == Order::kEqual) return b;
  return b == Order::kEqual || a == b ? a : Order::kIncomparable;
}

Order OrderOf(Action action, const Decision& before, const Decision& after) {
  if (before.allowed && after.allowed) return OrderOf(before.safeguards, after.safeguards);
  const bool duty = action == Action::kAnswer || action == Action::kPublish;
  return duty ? LargerIsTighter(RankOf(before), RankOf(after))
              : SmallerIsTighter(RankOf(before), RankOf(after));
}

void Asking::Begin(std::string subject) {
  subject_ = std::move(subject);
  seen_ = {};
}

void Asking::Ask(const Request& request, Time at) {
  const Decision was = EvaluateRules(before_, request, at);
  const Decision is = EvaluateRules(after_, request, at);
  const Order order = OrderOf(request.action, was, is);
  bool& seen = seen_[static_cast<std::size_t>(order)];
  if (order == Order::kEqual || seen) return;
  seen = true;
  found_.push_back({order, subject_, {}, {}, {}, ChangeOf(was, is), request, at});
}

Time UsualTime(const Documents& before, const Documents& after) {
  return std::max(before.policy.activates, after.policy.activates);
}

Comparison Compare(const Documents& before, const Documents& after) {
  std::vector<Found> all = CompareReleases(before, after);
  for (const auto dimension : {Dimension::kMetrics, Dimension::kParties, Dimension::kPurposes}) {
    all = Merged(std::move(all), dimension);
  }
  std::vector<Found> others = CompareOthers(before, after);
  std::move(others.begin(), others.end(), std::back_inserter(all));

  Comparison comparison;
  comparison.differences = CompareVocabulary(before, after);
  for (const Found& found : all) comparison.differences.push_back(Told(found));
  for (const Difference& difference : comparison.differences) {
    comparison.order = Combined(comparison.order, difference.order);
  }
  return comparison;
}

}  // namespace gateway::policy
