#include <algorithm>
#include <iterator>
#include <map>

#include "gateway/policy/compare_pairs.h"
#include "gateway/policy/compare_parts.h"
#include "gateway/policy/decide.h"

namespace gateway::policy {
namespace {

bool Names(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// Recipients of which the same is to be said within a group.
struct Recipients {
  std::vector<PartyId> parties;
  bool before = false;  // whether they are in the roster, or groups
  bool after = false;
};

std::set<PartyId> AllParties(const Documents& before, const Documents& after) {
  std::set<PartyId> parties = {PartyId("members"), PartyId("peers"), PartyId("public")};
  for (const Roster* roster : {&before.roster, &after.roster}) {
    for (const Party& party : roster->parties) parties.insert(party.id);
  }
  return parties;
}

bool Knows(const Roster& roster, const PartyId& party) {
  return IsReservedRecipient(party.value()) || roster.FindParty(party) != nullptr;
}

std::vector<Recipients> RecipientsOf(const Group& group, const std::set<PartyId>& parties,
                                     const Roster& before, const Roster& after) {
  std::vector<Recipients> all;
  std::map<std::string, std::size_t> places;
  for (const PartyId& party : parties) {
    const bool was = Knows(before, party);
    const bool is = Knows(after, party);
    if (group.same && was == is) continue;
    std::string key = {was ? '1' : '0', is ? '1' : '0'};
    for (const Policy* policy : {&group.before.policy, &group.after.policy}) {
      for (const ShareRule& rule : policy->share) key += Names(rule.to, party.value()) ? '1' : '0';
      for (const Forbid& forbid : policy->forbid) {
        key += Names(forbid.to, party.value()) ? '1' : '0';
      }
    }
    const auto [at, fresh] = places.try_emplace(std::move(key), all.size());
    if (fresh) all.push_back({{}, was, is});
    all[at->second].parties.push_back(party);
  }
  return all;
}

// The points to look at, the plainest first: one between any two borders of either document.
struct Axes {
  std::vector<std::string> stats = {"sum", "mean", "count"};
  std::vector<std::string> levels;
  std::vector<Millis> buckets, ages;
  std::vector<Time> times;
};

// The roundest length between two others, neither of them included.
Millis Between(Millis low, Millis high) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  constexpr Millis kRound[] = {hours(24),  hours(1),   minutes(30), minutes(15),
                               minutes(5), minutes(1), seconds(1),  Millis(1)};
  for (const Millis unit : kRound) {
    const Millis next = (low / unit + 1) * unit;
    if (next < high) return next;
  }
  return low;  // nothing lies between
}

// Every length of a rule, and one below, between and above all borders.
std::vector<Millis> Buckets(const std::set<Millis>& lengths, const std::set<Millis>& limits) {
  std::vector<Millis> buckets(lengths.begin(), lengths.end());
  std::set<Millis> borders = lengths;
  borders.insert(limits.begin(), limits.end());
  borders.insert(Millis::max());
  Millis low{0};
  for (const Millis border : borders) {
    if (const Millis between = Between(low, border); between > low) {
      buckets.push_back(between);
    } else if (low > Millis(0) && !lengths.contains(low)) {
      buckets.push_back(low);
    }
    low = border;
  }
  return buckets;
}

// What begins at a border lasts to the next; what lasts over the usual time is asked for then.
std::vector<Time> Times(const std::set<Time>& borders, Time usual) {
  std::vector<Time> times = {usual};
  const auto next = borders.upper_bound(usual);  // the usual time lies before it
  if (!borders.empty() && next != borders.begin()) {
    times.push_back(*borders.begin() - std::chrono::seconds(1));
  }
  for (auto border = borders.begin(); border != borders.end(); ++border) {
    if (std::next(border) != next) times.push_back(*border);
  }
  return times;
}

Axes AxesOf(const Group& group, const PartyId& party, Time usual) {
  Axes axes;
  std::set<Millis> lengths, limits;
  std::set<Millis> ages = {Millis(0)};
  std::set<Time> times;
  for (const Policy* policy : {&group.before.policy, &group.after.policy}) {
    for (const std::string& level : policy->zone_levels) {
      if (!Names(axes.levels, level)) axes.levels.push_back(level);
    }
    for (const ShareRule& rule : policy->share) {
      if (!IsRecipient(rule.to, party)) continue;
      lengths.insert(rule.bucket);
      ages.insert(rule.age_min);
      if (rule.valid_from) times.insert(*rule.valid_from);
      if (rule.valid_until) times.insert(*rule.valid_until);
    }
    for (const Forbid& forbid : policy->forbid) {
      if (forbid.bucket_below > Millis(0)) limits.insert(forbid.bucket_below);
    }
  }
  axes.buckets = Buckets(lengths, limits);
  axes.ages.assign(ages.begin(), ages.end());
  axes.times = Times(times, usual);
  return axes;
}

// Asks all of it.
std::vector<Found> AskAll(const Documents& before, const Documents& after, Request request,
                          const Axes& axes) {
  Asking asking(before, after);
  asking.Begin("release");
  for (const Time time : axes.times) {
    for (const Millis bucket : axes.buckets) {
      for (const std::string& level : axes.levels) {
        for (const std::string& stat : axes.stats) {
          for (const Millis age : axes.ages) {
            request.bucket = bucket;
            request.zone_level = level;
            request.stat = stat;
            request.age = age;
            asking.Ask(request, time);
          }
        }
      }
    }
  }
  return asking.Take();
}

// One for each purpose: the pairs of a group need not be all of its metrics times all purposes.
void Append(const Found& found, const Group& group, std::vector<Found>& all) {
  std::map<std::string, std::set<MetricId>> by_purpose;
  for (const Pair& pair : group.pairs) by_purpose[pair.purpose].insert(pair.metric);
  for (auto& [purpose, metrics] : by_purpose) {
    Found& one = all.emplace_back(found);
    one.witness.purpose = purpose;
    one.witness.metric = *metrics.begin();
    one.purposes = {purpose};
    one.metrics = std::move(metrics);
  }
}

}  // namespace

std::vector<Found> CompareReleases(const Documents& before, const Documents& after) {
  const std::set<PartyId> parties = AllParties(before, after);
  const Time usual = UsualTime(before, after);
  std::vector<Found> all;
  for (const Group& group : GroupPairs(before, after)) {
    for (const Recipients& recipients : RecipientsOf(group, parties, before.roster, after.roster)) {
      const PartyId& party = recipients.parties.front();
      Documents was = group.before;
      Documents is = group.after;
      if (recipients.before) was.roster.parties.push_back({.id = party});
      if (recipients.after) is.roster.parties.push_back({.id = party});
      Request request;
      request.party = party;
      request.purpose = group.pairs.front().purpose;
      request.metric = group.pairs.front().metric;
      for (Found& found : AskAll(was, is, std::move(request), AxesOf(group, party, usual))) {
        found.parties.insert(recipients.parties.begin(), recipients.parties.end());
        Append(found, group, all);
      }
    }
  }
  return all;
}

}  // namespace gateway::policy
