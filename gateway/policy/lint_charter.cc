#include "gateway/policy/lint_charter.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "gateway/model/time.h"

//   GOV-3  one public key under two labels of a role    GOV-4  a threshold of 0 or above the keys
//   L20    a name that does not exist
//   L62    (warning) a notice too short to be noticed; one shorter than that of a smaller change
//   L65    an objection or assembly that would make a change easier

namespace gateway::policy {
namespace {

// A change that lets more out must be seen coming by whoever looks once a week.
constexpr Millis kNoticeMin = std::chrono::hours(7 * 24);

class CharterLinter {
 public:
  explicit CharterLinter(const Charter& charter) : charter_(charter) {}

  std::vector<Finding> Run() {
    LintRole("charter", charter_.charter);
    LintRole("policy", charter_.policy);
    LintRole("roster", charter_.roster);
    LintRole("enrolment", charter_.enrolment);
    LintTighten();
    LintDelays();
    LintResidents();
    return Take();
  }

  std::vector<Finding> RunWith(const Policy& policy) {
    LintNames(policy);
    return Take();
  }

 private:
  std::vector<Finding> Take() {
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.line < b.line; });
    return std::move(findings_);
  }

  void Refuse(std::string_view id, int line, std::string text) {
    findings_.push_back({std::string(id), true, std::move(text), line, "charter"});
  }

  void LintRole(std::string_view name, const Role& role) {
    std::size_t known = 0;
    for (const std::string& label : role.keys) {
      if (charter_.keys.contains(label)) {
        ++known;
      } else {
        Refuse("L20", role.line, Format("role %s: key \"%s\" is not under keys", name, label));
      }
    }
    const std::size_t distinct = PublicKeysOf(charter_, role).size();
    if (distinct < known) {
      Refuse("GOV-3", role.line,
             Format("role %s: %d labels, but only %d distinct public keys; one person, one key",
                    name, known, distinct));
    }
    if (role.threshold == 0 || role.threshold > distinct) {
      Refuse("GOV-4", role.line, Format("role %s: threshold %d must be 1 to %d, its distinct keys",
                                        name, role.threshold, distinct));
    }
  }

  void LintTighten() {
    const Role& role = charter_.policy;
    if (role.tighten <= role.threshold) return;
    Refuse("GOV-4", role.line, Format("role policy: tighten %d must not be above the threshold %d",
                                      role.tighten, role.threshold));
  }

  void LintDelays() {
    const Delays& delays = charter_.delays;
    // How much notice they want is for the co-op to say; that it is next to none is for us to say.
    if (delays.looser < kNoticeMin) {
      findings_.push_back({"L62", false,
                           Format("delays: looser %s is shorter than %s: few would see it coming",
                                  FormatDuration(delays.looser), FormatDuration(kNoticeMin)),
                           delays.line, "charter"});
    }
    const auto at_least = [&](std::string_view name, Millis delay) {
      if (delay >= delays.looser) return;
      Refuse("L62", delays.line, Format("delays: %s %s is shorter than looser %s: it would be the "
                                        "way round it", name, FormatDuration(delay),
                                        FormatDuration(delays.looser)));
    };
    at_least("incomparable", delays.incomparable);
    at_least("entrenched", delays.entrenched);
    at_least("charter", delays.charter);
  }

  void LintResidents() {
    if (const auto& objection = charter_.objection) {
      // It raises what a policy needs, and what a charter does.
      const std::size_t keys = std::min(PublicKeysOf(charter_, charter_.policy).size(),
                                        PublicKeysOf(charter_, charter_.charter).size());
      if (objection->threshold < charter_.policy.threshold || objection->threshold > keys) {
        Refuse("L65", objection->line,
               Format("objection: threshold %d must be %d, the policy's, to %d, the distinct keys "
                      "of the roles policy and charter",
                      objection->threshold, charter_.policy.threshold, keys));
      }
    }
    const Millis longest = std::max(charter_.delays.charter, charter_.delays.entrenched);
    if (const auto& assembly = charter_.assembly; assembly && assembly->notice < longest) {
      Refuse("L65", assembly->line, Format("assembly: notice %s is shorter than the longest delay "
                                           "of the stewards, %s", FormatDuration(assembly->notice),
                                           FormatDuration(longest)));
    }
    if (const auto& assembly = charter_.assembly; assembly && assembly->quorum_pct < 50) {
      Refuse("L65", assembly->line, Format("assembly: quorum_pct %d: fewer than half of the "
                                           "households cannot replace the stewards",
                                           assembly->quorum_pct));
    }
  }

  // A level that bounds nothing must not look as if it did. An entrenched rule may have been taken
  // back, in the way that takes longest.
  void LintNames(const Policy& policy) {
    std::set<std::string> ids;
    const auto take = [&](const auto& rules) {
      for (const auto& rule : rules) ids.insert(rule.id.value());
    };
    take(policy.collect);
    take(policy.retain);
    take(policy.consent);
    take(policy.share);
    take(policy.forbid);
    take(policy.duty);
    for (const std::string& id : charter_.entrenched) {
      if (ids.contains(id)) continue;
      findings_.push_back({"L20", false, Format("entrenched: \"%s\" is no rule of the policy", id),
                           0, "charter"});
    }
    for (const std::string* level :
         {&charter_.floors.zone_min_household, &charter_.floors.zone_min_sensitive}) {
      if (level->empty() || policy.LevelIndex(*level)) continue;
      Refuse("L20", charter_.floors.line,
             Format("zone_min: \"%s\" is not one of the policy's zone_levels", *level));
    }
  }

  const Charter& charter_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> LintCharter(const Charter& charter) { return CharterLinter(charter).Run(); }

std::vector<Finding> LintCharterWith(const Charter& charter, const Policy& policy) {
  return CharterLinter(charter).RunWith(policy);
}

}  // namespace gateway::policy
