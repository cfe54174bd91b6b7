#include <algorithm>
#include <chrono>

#include "gateway/model/time.h"
#include "gateway/policy/lint.h"

namespace gateway::policy {
namespace {

constexpr Millis kValidityMax = std::chrono::hours(400 * 24);

// Whether everything on the list `inner` is on `outer` too; an empty list is everything.
template <typename T>
bool Within(const std::vector<T>& inner, const std::vector<T>& outer) {
  if (outer.empty()) return true;
  if (inner.empty()) return false;
  return std::all_of(inner.begin(), inner.end(), [&](const T& item) {
    return std::find(outer.begin(), outer.end(), item) != outer.end();
  });
}

// The ids of the purposes that a forbid names, its groups written out.
std::vector<std::string> PurposesOf(const Forbid& forbid, const Policy& policy) {
  std::vector<std::string> purposes = forbid.purposes;
  for (const Purpose& purpose : policy.purposes) {
    const auto& groups = forbid.purpose_groups;
    if (!purpose.group.empty() &&
        std::find(groups.begin(), groups.end(), purpose.group) != groups.end()) {
      purposes.push_back(purpose.id);
    }
  }
  return purposes;
}

// Whether the box `inner` lies in `outer`.
bool LiesIn(const Forbid& inner, const Forbid& outer, const Policy& policy) {
  // What is forbidden below a limit; no limit is everything.
  const auto below = [](auto in, auto out, auto none) {
    return out == none || (in != none && in <= out);
  };
  const auto level = [&](const std::string& name) {
    return name.empty() ? int64_t{-1} : int64_t{policy.LevelIndex(name).value_or(0)};
  };
  return Within(PurposesOf(inner, policy), PurposesOf(outer, policy)) &&
         Within(inner.to, outer.to) && Within(inner.metrics, outer.metrics) &&
         Within(inner.stats, outer.stats) &&
         below(level(inner.zone_below), level(outer.zone_below), int64_t{-1}) &&
         below(inner.bucket_below, outer.bucket_below, Millis(0)) &&
         below(inner.age_below, outer.age_below, Millis(0));
}

Finding Warning(std::string id, std::string text, int line, std::string document) {
  return {std::move(id), false, std::move(text), line, std::move(document)};
}

}  // namespace

std::vector<Finding> Advise(const Policy& policy, const Roster& roster) {
  std::vector<Finding> advice;
  for (std::size_t i = 0; i < policy.forbid.size(); ++i) {
    for (std::size_t j = 0; j < policy.forbid.size(); ++j) {
      const Forbid& inner = policy.forbid[i];
      const Forbid& outer = policy.forbid[j];
      if (i == j || !LiesIn(inner, outer, policy)) continue;
      if (i < j && LiesIn(outer, inner, policy)) continue;  // The same: the later one is named.
      advice.push_back(Warning("L03",
                               Format("forbid \"%s\": \"%s\" forbids all of it already",
                                      inner.id.value(), outer.id.value()),
                               inner.line, "policy"));
      break;
    }
  }
  if (policy.expires - policy.activates > kValidityMax) {
    advice.push_back(Warning("L11",
                             Format("expires: %s after it activates; rules that nobody has to vote "
                                    "on again within %s are forgotten",
                                    FormatDuration(policy.expires - policy.activates),
                                    FormatDuration(kValidityMax)),
                             0, "policy"));
  }
  for (const Party& party : roster.parties) {
    const bool receives =
        std::any_of(policy.share.begin(), policy.share.end(), [&](const ShareRule& rule) {
          return std::find(rule.to.begin(), rule.to.end(), party.id.value()) != rule.to.end();
        });
    if (!receives || !party.agreement.empty()) continue;
    advice.push_back(Warning("L12",
                             Format("party \"%s\": has no agreement; what it may do with the "
                                    "figures is nowhere written down",
                                    party.id.value()),
                             party.line, "roster"));
  }
  return advice;
}

}  // namespace gateway::policy
