#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "gateway/policy/compare_parts.h"
#include "gateway/policy/release.h"
#include "gateway/policy/rule_text.h"

namespace gateway::policy {
namespace {

// The rules of a request are those of its metric and purpose: the cells of one pair are compared on
// their own, and pairs of which both documents say the same only once.
struct Pair {
  MetricId metric;
  std::string purpose;
};

bool Names(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool NamesMetric(const Forbid& forbid, const MetricId& metric) {
  return forbid.metrics.empty() ||
         std::find(forbid.metrics.begin(), forbid.metrics.end(), metric) != forbid.metrics.end();
}

std::string SortedText(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

// One of the two documents.
class Side {
 public:
  explicit Side(const Documents& documents) : documents_(documents), policy_(documents.policy) {
    // What names the pair is left out of the texts: another pair may say the same.
    for (ShareRule rule : policy_.share) {
      rule.metric = {};
      rule.purpose.clear();
      share_texts_.push_back(TextOf(rule));
    }
    for (Forbid forbid : policy_.forbid) {
      forbid.metrics.clear();
      forbid.purposes.clear();
      forbid.purpose_groups.clear();
      forbid.entrenched = false;
      forbid_texts_.push_back(TextOf(forbid));
    }
    const Floors& floors = documents.charter.floors;
    frame_ = Format("%d|%d|%d|%s|%s", floors.k_min, floors.age_min.count(), floors.top1_max_pct,
                    floors.zone_min_household, floors.zone_min_sensitive);
    for (const std::string& level : policy_.zone_levels) frame_ += "|" + level;
  }

  bool Has(const PartyId& party) const {
    return IsReservedRecipient(party.value()) || documents_.roster.FindParty(party) != nullptr;
  }

  // All that the document says of the pair: the rest of it changes no answer about its cells.
  struct About {
    std::string text;  // of two pairs the same, if the same holds for them
    Documents documents;
  };
  About AboutPair(const Pair& pair) const {
    About about;
    about.documents.charter.floors = documents_.charter.floors;
    Policy& policy = about.documents.policy;
    policy.zone_levels = policy_.zone_levels;
    const Metric* metric = policy_.FindMetric(pair.metric);
    const Purpose* purpose = policy_.FindPurpose(pair.purpose);
    about.text = frame_;
    about.text += Format("|%d|%d", metric != nullptr ? 1 : 0, purpose != nullptr ? 1 : 0);
    if (metric != nullptr) policy.metrics.push_back(*metric);
    if (purpose != nullptr) policy.purposes.push_back(*purpose);
    if (metric == nullptr || purpose == nullptr) return about;
    about.text += Format("|%d|%d|%d\n", static_cast<int>(metric->owner),
                         static_cast<int>(metric->sensitivity), metric->bucket_min.count());
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < policy_.share.size(); ++i) {
      const ShareRule& rule = policy_.share[i];
      if (rule.metric != pair.metric || rule.purpose != pair.purpose) continue;
      policy.share.push_back(rule);
      texts.push_back(share_texts_[i]);
    }
    for (std::size_t i = 0; i < policy_.forbid.size(); ++i) {
      const Forbid& forbid = policy_.forbid[i];
      if (!NamesPurpose(forbid, *purpose) || !NamesMetric(forbid, pair.metric)) continue;
      policy.forbid.push_back(forbid);
      texts.push_back(forbid_texts_[i]);
    }
    about.text += SortedText(std::move(texts));
    return about;
  }

 private:
  const Documents& documents_;
  const Policy& policy_;
  std::vector<std::string> share_texts_, forbid_texts_;  // beside the policy's
  std::string frame_;                                    // what holds for all pairs
};

// Pairs of which the same is to be said.
struct Group {
  std::vector<Pair> pairs;
  Documents before, after;
  bool same = false;  // both documents say the same, if the recipient is in both rosters or none
};

std::vector<Group> Groups(const Documents& before, const Documents& after) {
  std::set<MetricId> metrics;
  std::set<std::string> purposes;
  for (const Policy* policy : {&before.policy, &after.policy}) {
    for (const Metric& metric : policy->metrics) metrics.insert(metric.id);
    for (const Purpose& purpose : policy->purposes) purposes.insert(purpose.id);
  }
  const Side was(before);
  const Side is(after);
  std::vector<Group> groups;
  std::map<std::string, std::size_t> places;
  for (const std::string& purpose : purposes) {
    for (const MetricId& metric : metrics) {
      Pair pair{metric, purpose};
      Side::About about_before = was.AboutPair(pair);
      Side::About about_after = is.AboutPair(pair);
      const auto [at, fresh] =
          places.try_emplace(about_before.text + "\n" + about_after.text, groups.size());
      if (fresh) {
        groups.push_back({{},
                          std::move(about_before.documents),
                          std::move(about_after.documents),
                          about_before.text == about_after.text});
      }
      groups[at->second].pairs.push_back(std::move(pair));
    }
  }
  return groups;
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

std::vector<Recipients> RecipientsOf(const Group& group, const std::set<PartyId>& parties,
                                     const Side& before, const Side& after) {
  std::vector<Recipients> all;
  std::map<std::string, std::size_t> places;
  for (const PartyId& party : parties) {
    const bool was = before.Has(party);
    const bool is = after.Has(party);
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

// Asks both documents all that makes a difference, and keeps the first request for each order.
class Asking {
 public:
  Asking(Documents before, Documents after, Request request)
      : before_(std::move(before)), after_(std::move(after)), request_(std::move(request)) {}

  std::vector<Found> Run(const Axes& axes) {
    for (const Time time : axes.times) {
      for (const Millis bucket : axes.buckets) {
        for (const std::string& level : axes.levels) {
          for (const std::string& stat : axes.stats) {
            for (const Millis age : axes.ages) {
              request_.bucket = bucket;
              request_.zone_level = level;
              request_.stat = stat;
              request_.age = age;
              Ask(time);
            }
          }
        }
      }
    }
    return std::move(found_);
  }

 private:
  void Ask(Time time) {
    const Decision was = EvaluateRules(before_, request_, time);
    const Decision is = EvaluateRules(after_, request_, time);
    const Order order = OrderOf(Action::kRelease, was, is);
    bool& seen = seen_[static_cast<std::size_t>(order)];
    if (order == Order::kEqual || seen) return;
    seen = true;
    found_.push_back({order, "release", {}, {}, {}, ChangeOf(was, is), request_, time});
  }

  const Documents before_, after_;
  Request request_;
  std::array<bool, 4> seen_{};  // by Order
  std::vector<Found> found_;
};

}  // namespace

std::vector<Found> CompareReleases(const Documents& before, const Documents& after) {
  const std::set<PartyId> parties = AllParties(before, after);
  const Time usual = UsualTime(before, after);
  const Side was(before);
  const Side is(after);
  std::vector<Found> all;
  for (const Group& group : Groups(before, after)) {
    for (const Recipients& recipients : RecipientsOf(group, parties, was, is)) {
      const PartyId& party = recipients.parties.front();
      Documents reduced_before = group.before;
      Documents reduced_after = group.after;
      if (recipients.before) reduced_before.roster.parties.push_back({.id = party});
      if (recipients.after) reduced_after.roster.parties.push_back({.id = party});
      Request request;
      request.party = party;
      request.purpose = group.pairs.front().purpose;
      request.metric = group.pairs.front().metric;
      Asking asking(std::move(reduced_before), std::move(reduced_after), std::move(request));
      for (Found& found : asking.Run(AxesOf(group, party, usual))) {
        found.parties.insert(recipients.parties.begin(), recipients.parties.end());
        // The pairs of a group need not be all metrics times all purposes.
        std::map<std::string, std::set<MetricId>> by_purpose;
        for (const Pair& pair : group.pairs) by_purpose[pair.purpose].insert(pair.metric);
        for (auto& [purpose, metrics] : by_purpose) {
          all.push_back(found);
          all.back().purposes = {purpose};
          all.back().metrics = std::move(metrics);
          all.back().witness.purpose = purpose;
          all.back().witness.metric = *all.back().metrics.begin();
        }
      }
    }
  }
  return all;
}

}  // namespace gateway::policy
