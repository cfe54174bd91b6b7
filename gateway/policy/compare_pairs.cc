#include "gateway/policy/compare_pairs.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "gateway/policy/release.h"
#include "gateway/policy/rule_text.h"

namespace gateway::policy {
namespace {

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

  // Of two metrics, or of two purposes, the same if the same holds for them wherever no share rule
  // is about them.
  std::string ClassOf(const MetricId& id) const {
    const Metric* metric = policy_.FindMetric(id);
    if (metric == nullptr) return "-";
    std::string text = TextOfMetric(*metric);
    for (const Forbid& forbid : policy_.forbid) text += NamesMetric(forbid, id) ? '1' : '0';
    return text;
  }
  std::string ClassOf(const std::string& id) const {
    const Purpose* purpose = policy_.FindPurpose(id);
    if (purpose == nullptr) return "-";
    std::string text;
    for (const Forbid& forbid : policy_.forbid) text += NamesPurpose(forbid, *purpose) ? '1' : '0';
    return text;
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
    about.text += TextOfMetric(*metric);
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
  // What the floors look at.
  static std::string TextOfMetric(const Metric& metric) {
    return Format("|%d|%d|%d\n", static_cast<int>(metric.owner),
                  static_cast<int>(metric.sensitivity), metric.bucket_min.count());
  }

  const Documents& documents_;
  const Policy& policy_;
  std::vector<std::string> share_texts_, forbid_texts_;  // beside the policy's
  std::string frame_;                                    // what holds for all pairs
};

// Numbers for texts, the same for the same.
class Numbers {
 public:
  std::size_t Of(std::string text) {
    return numbers_.try_emplace(std::move(text), numbers_.size()).first->second;
  }

 private:
  std::map<std::string, std::size_t> numbers_;
};

class Grouping {
 public:
  Grouping(const Documents& before, const Documents& after) : was_(before), is_(after) {
    for (const Policy* policy : {&before.policy, &after.policy}) {
      for (const Metric& metric : policy->metrics) metrics_.insert(metric.id);
      for (const Purpose& purpose : policy->purposes) purposes_.insert(purpose.id);
      for (const ShareRule& rule : policy->share) shared_.emplace(rule.metric, rule.purpose);
    }
  }

  std::vector<Group> Run() {
    std::vector<std::pair<MetricId, std::size_t>> metrics;
    for (const MetricId& metric : metrics_) metrics.emplace_back(metric, ClassOf(metric));
    for (const std::string& purpose : purposes_) {
      const std::size_t purpose_class = ClassOf(purpose);
      for (const auto& [metric, metric_class] : metrics) {
        // A thousand metrics and purposes make a million pairs, of which few have rules.
        if (shared_.contains({metric, purpose})) {
          Put({metric, purpose});
          continue;
        }
        const auto [at, fresh] = plain_.try_emplace({metric_class, purpose_class}, 0);
        if (fresh) {
          at->second = Put({metric, purpose});
        } else {
          groups_[at->second].pairs.push_back({metric, purpose});
        }
      }
    }
    return std::move(groups_);
  }

 private:
  template <typename Id>
  std::size_t ClassOf(const Id& id) {
    return classes_.Of(was_.ClassOf(id) + "\n" + is_.ClassOf(id));
  }

  // Returns the place of the group that the pair joins.
  std::size_t Put(Pair pair) {
    Side::About before = was_.AboutPair(pair);
    Side::About after = is_.AboutPair(pair);
    const std::size_t place = texts_.Of(before.text + "\n" + after.text);
    if (place == groups_.size()) {
      groups_.push_back({{}, std::move(before.documents), std::move(after.documents),
                         before.text == after.text});
    }
    groups_[place].pairs.push_back(std::move(pair));
    return place;
  }

  const Side was_, is_;
  std::set<MetricId> metrics_;
  std::set<std::string> purposes_;
  std::set<std::pair<MetricId, std::string>> shared_;  // what a share rule is about
  Numbers classes_, texts_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> plain_;  // classes to their group
  std::vector<Group> groups_;
};

}  // namespace

std::vector<Group> GroupPairs(const Documents& before, const Documents& after) {
  return Grouping(before, after).Run();
}

}  // namespace gateway::policy
