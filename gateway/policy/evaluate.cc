#include "gateway/policy/evaluate.h"

#include <algorithm>

#include "gateway/model/time.h"
#include "gateway/policy/release.h"

namespace gateway::policy {
namespace {

bool Names(const std::vector<std::string>& list, std::string_view name) {
  return !name.empty() && std::find(list.begin(), list.end(), name) != list.end();
}

// The way of one request, step by step.
class Evaluation {
 public:
  Evaluation(const Documents& documents, const Request& request, Time now, Trace* trace)
      : documents_(documents),
        policy_(documents.policy),
        request_(request),
        now_(now),
        trace_(trace) {}

  Decision Run() {
    switch (request_.action) {
      case Action::kRelease:
        return Release();
      case Action::kCollect:
        return Collect();
      case Action::kKeep:
        return Keep();
      case Action::kConsent:
        return Consent();
      case Action::kAnswer:
        return Answer();
      case Action::kPublish:
        return Publish();
      case Action::kRight:
        Note("right", {}, 0, "residents' rights are not up to any rule", true);
        return {.allowed = true, .code = QueryCodeName(QueryCode::kOk), .rules = {}, .safeguards = {}};
    }
    return Refuse(QueryCode::kBadRequest);
  }

  void Note(std::string_view step, const RuleId& rule, int line, std::string clause, bool passed) {
    if (trace_ != nullptr) {
      trace_->push_back({std::string(step), rule, line, std::move(clause), passed});
    }
  }

 private:
  static Decision Refuse(std::string_view code, std::vector<RuleId> rules = {}) {
    return {.allowed = false, .code = code, .rules = std::move(rules), .safeguards = {}};
  }
  static Decision Refuse(QueryCode code, std::vector<RuleId> rules = {}) {
    return Refuse(QueryCodeName(code), std::move(rules));
  }
  static Decision Allow(std::vector<RuleId> rules, Safeguards safeguards = {}) {
    return {.allowed = true,
            .code = QueryCodeName(QueryCode::kOk),
            .rules = std::move(rules),
            .safeguards = std::move(safeguards)};
  }

  template <typename Rule>
  Decision AllowBy(const Rule& rule, std::string_view step, std::string clause,
                   Safeguards safeguards = {}) {
    Note(step, rule.id, rule.line, std::move(clause), true);
    return Allow({rule.id}, std::move(safeguards));
  }
  template <typename Rule>
  Decision RefuseBy(const Rule& rule, std::string_view step, std::string clause,
                    std::string_view code) {
    Note(step, rule.id, rule.line, std::move(clause), false);
    return Refuse(code, {rule.id});
  }

  bool IsParty() const {
    return IsReservedRecipient(request_.party.value()) ||
           documents_.roster.FindParty(request_.party) != nullptr;
  }

  Decision Release() {
    if (!IsParty()) {
      Note("party", {}, 0, Format("\"%s\" is not in the roster", request_.party.value()), false);
      return Refuse(QueryCode::kUnknownParty);
    }
    Note("party", {}, 0, Format("\"%s\" may ask", request_.party.value()), true);
    if (request_.purpose.empty()) {
      Note("purpose", {}, 0, "none is given", false);
      return Refuse(QueryCode::kPurposeRequired);
    }
    const Purpose* purpose = policy_.FindPurpose(request_.purpose);
    if (purpose == nullptr) {
      Note("purpose", {}, 0, Format("\"%s\" is not on the list", request_.purpose), false);
      return Refuse(QueryCode::kUnknownPurpose);
    }
    Note("purpose", {}, purpose->line, Format("\"%s\" is on the list", purpose->id), true);
    const std::optional<uint32_t> level = policy_.LevelIndex(request_.zone_level);
    const bool stat = request_.stat == "count" || request_.stat == "sum" || request_.stat == "mean";
    if (policy_.FindMetric(request_.metric) == nullptr || !level.has_value() || !stat ||
        request_.bucket <= Millis(0)) {
      Note("names", {}, 0, "metric, stat, zone or bucket: no such thing", false);
      return Refuse(QueryCode::kBadRequest);
    }
    const Ask ask{.party = request_.party,
                  .purpose = request_.purpose,
                  .metric = request_.metric,
                  .rule = {},
                  .stat = request_.stat,
                  .level = level,
                  .bucket = request_.bucket,
                  .age = request_.age};
    QueryDecision decision = DecideRelease(documents_, ask, now_, trace_);
    if (decision.code != QueryCode::kOk) return Refuse(decision.code, std::move(decision.rules));
    Safeguards strictest = Of(decision.rules);
    return Allow(std::move(decision.rules), std::move(strictest));
  }

  // What all of the rules and the floors ask for together.
  Safeguards Of(const std::vector<RuleId>& rules) const {
    Safeguards all;
    for (const RuleId& id : rules) {
      const ShareRule& rule = *policy_.FindShareRule(id);
      all.k_min = std::max(all.k_min, rule.k_min);
      if (rule.top1_max_pct != 0) all.top1_max_pct = std::min(all.top1_max_pct, rule.top1_max_pct);
      if (rule.top2_max_pct != 0) all.top2_max_pct = std::min(all.top2_max_pct, rule.top2_max_pct);
      all.round_to = std::max(all.round_to, rule.round_to);
      if (rule.min_count) all.min_count = std::max(all.min_count.value_or(0), *rule.min_count);
      all.redistribution = all.redistribution || rule.redistribution;  // each has its own cells
    }
    return all;
  }

  Decision NoSuchMetric() {
    Note("names", {}, 0, Format("metric \"%s\": there is none, or nobody to ask",
                                request_.metric.value()), false);
    return Refuse(QueryCode::kBadRequest);
  }

  Decision Collect() {
    if (policy_.FindMetric(request_.metric) == nullptr) return NoSuchMetric();
    const CollectRule* rule = policy_.CollectRuleFor(request_.metric);
    if (rule == nullptr) {
      Note("collect", {}, 0, "no collect rule names the metric", false);
      return Refuse(kNotCollected);
    }
    if (!rule->profile.empty() && !request_.profile.empty() && rule->profile != request_.profile) {
      return RefuseBy(*rule, "collect", Format("profile %s only", rule->profile), kNotCollected);
    }
    if (policy_.RetainRuleFor(request_.metric) == nullptr) {
      return RefuseBy(*rule, "collect", "no retain rule says how long it is kept", kNotKept);
    }
    return AllowBy(*rule, "collect", "may be collected", {.coarsen = rule->coarsen});
  }

  Decision Keep() {
    if (policy_.FindMetric(request_.metric) == nullptr) return NoSuchMetric();
    const RetainRule* rule = policy_.RetainRuleFor(request_.metric, request_.tier);
    if (rule == nullptr) {
      Note("retain", {}, 0, "no retain rule names the metric and tier", false);
      return Refuse(kNotKept);
    }
    const Millis longest = documents_.charter.floors.keep_max.value_or(rule->keep);
    if (request_.age <= std::min(rule->keep, longest)) {
      return AllowBy(*rule, "retain", Format("keep %s", FormatDuration(rule->keep)));
    }
    return RefuseBy(*rule, "retain",
                    longest < rule->keep
                        ? Format("the charter's keep_max is %s", FormatDuration(longest))
                        : Format("keep %s", FormatDuration(rule->keep)),
                    kNotKept);
  }

  Decision Consent() {
    const Metric* metric = policy_.FindMetric(request_.metric);
    if (metric == nullptr || metric->owner == OwnerKind::kPlace) {
      return NoSuchMetric();
    }
    const ConsentRule* rule = policy_.ConsentRuleFor(request_.metric);
    if (rule == nullptr || request_.adults.empty()) {
      Note("consent", {}, 0, "no consent rule, or nobody who could say yes", false);
      return Refuse(kNoConsent);
    }
    const auto says = [&](Voice voice) {
      return std::count(request_.adults.begin(), request_.adults.end(), voice);
    };
    if (rule->mode == ConsentMode::kOptOut && says(Voice::kNo) == 0 &&
        request_.since >= rule->notice) {
      return AllowBy(*rule, "consent", "nobody objected since the notice");
    }
    if (says(Voice::kYes) != std::ssize(request_.adults)) {
      return RefuseBy(*rule, "consent", "not every adult said yes", kNoConsent);
    }
    if (rule->reconfirm.has_value() && request_.since > *rule->reconfirm) {
      return RefuseBy(*rule, "consent",
                      Format("reconfirm %s: the yes has lapsed", FormatDuration(*rule->reconfirm)),
                      kNoConsent);
    }
    return AllowBy(*rule, "consent", "every adult said yes");
  }

  Decision Answer() {
    std::vector<const Duty*> duties;
    for (const Duty& duty : policy_.duty) {
      if (duty.kind == DutyKind::kAnswer && Names(duty.to, request_.party.value()) &&
          Names(duty.purposes, request_.purpose)) {
        duties.push_back(&duty);
      }
    }
    return Owed(duties);
  }

  Decision Publish() {
    std::vector<const Duty*> duties;
    for (const Duty& duty : policy_.duty) {
      if (duty.kind == DutyKind::kPublish && duty.rule == request_.rule) duties.push_back(&duty);
    }
    return Owed(duties);
  }

  // All of them, and the soonest deadline.
  Decision Owed(const std::vector<const Duty*>& duties) {
    if (duties.empty()) {
      Note("duty", {}, 0, "no duty names it", false);
      return Refuse(kNoDuty);
    }
    std::vector<RuleId> rules;
    Safeguards owed{.within = duties.front()->within};
    for (const Duty* duty : duties) {
      Note("duty", duty->id, duty->line, Format("within %s", FormatDuration(duty->within)), true);
      rules.push_back(duty->id);
      owed.within = std::min(owed.within, duty->within);
    }
    std::sort(rules.begin(), rules.end());
    return Allow(std::move(rules), std::move(owed));
  }

  const Documents& documents_;
  const Policy& policy_;
  const Request& request_;
  const Time now_;
  Trace* const trace_;
};

}  // namespace

std::string_view ActionName(Action action) {
  constexpr std::string_view kNames[] = {"release", "collect", "keep", "consent",
                                         "answer",  "publish", "right"};
  return kNames[static_cast<std::size_t>(action)];
}

Decision EvaluateRules(const Documents& documents, const Request& request, Time now,
                       Trace* trace) {
  return Evaluation(documents, request, now, trace).Run();
}

Decision Evaluate(const Documents& documents, const Request& request, Time now, bool clock_sound,
                  Trace* trace) {
  Evaluation evaluation(documents, request, now, trace);
  // Collecting, keeping and residents' own affairs go on without fresh documents.
  if (request.action == Action::kRelease && !Available(documents, now, clock_sound)) {
    evaluation.Note("availability", {}, 0,
                    clock_sound ? "the documents have not begun, or have expired"
                                : "the clock cannot be trusted",
                    false);
    return {.allowed = false,
            .code = QueryCodeName(QueryCode::kPolicyUnavailable),
            .rules = {},
            .safeguards = {}};
  }
  return evaluation.Run();
}

}  // namespace gateway::policy
