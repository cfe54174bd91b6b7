#include <algorithm>
#include <type_traits>

#include "gateway/policy/prose_parts.h"
#include "gateway/policy/release.h"

namespace gateway::policy {
namespace {

bool Names(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

class RulesInProse {
 public:
  RulesInProse(const ProseSource& source, const Phrases& phrases, ProseText& text)
      : charter_(source.charter),
        policy_(*source.policy),
        roster_(source.roster),
        phrases_(phrases),
        text_(text) {}

  void Run() {
    Section("collect_heading", "collect_none", policy_.collect,
            [&](const CollectRule& rule) { return Collect(rule); });
    Section("retain_heading", "retain_none", policy_.retain,
            [&](const RetainRule& rule) { return Retain(rule); });
    text_.Heading(phrases_.Say("consent_heading"));
    text_.Paragraph(phrases_.Say("consent_intro"));
    Rules(policy_.consent, [&](const ConsentRule& rule) { return Consent(rule); });
    Section(
        "share_heading", "share_none", policy_.share,
        [&](const ShareRule& rule) { return Share(rule); }, "share_intro");
    Section(
        "forbid_heading", "forbid_none", policy_.forbid,
        [&](const Forbid& rule) { return Forbidden(rule); }, "forbid_intro");
    Section(
        "duty_heading", "duty_none", policy_.duty, [&](const Duty& rule) { return Owed(rule); },
        "duty_intro");
  }

 private:
  template <typename List, typename Say>
  void Rules(const List& rules, Say say) {
    for (const auto& rule : rules) {
      Sentences sentences = say(rule);
      if (!std::is_same_v<decltype(rule), const Forbid&> && IsEntrenched(rule)) {
        sentences.push_back(phrases_.Say("entrenched"));
      }
      text_.Rule(rule.id.value(), sentences);
    }
  }
  template <typename List, typename Say>
  void Section(MessageName heading, MessageName none, const List& rules, Say say) {
    text_.Heading(phrases_.Say(heading));
    if (rules.empty()) text_.Paragraph(phrases_.Say(none));
    Rules(rules, say);
  }
  template <typename List, typename Say>
  void Section(MessageName heading, MessageName none, const List& rules, Say say,
               MessageName intro) {
    text_.Heading(phrases_.Say(heading));
    text_.Paragraph(phrases_.Say(rules.empty() ? none : intro));
    Rules(rules, say);
  }

  template <typename Rule>
  bool IsEntrenched(const Rule& rule) const {
    if constexpr (requires { rule.entrenched; }) {
      if (rule.entrenched) return true;
    }
    return charter_ != nullptr && Names(charter_->entrenched, rule.id.value());
  }

  std::string MetricName(const MetricId& id) const { return phrases_.Quoted(id.value()); }

  std::string PurposeName(const std::string& id) const {
    const Purpose* purpose = policy_.FindPurpose(id);
    return purpose == nullptr ? phrases_.Quoted(id) : phrases_.NameOf(*purpose);
  }

  std::string PurposeNames(const std::vector<std::string>& ids) const {
    Sentences names;
    for (const std::string& id : ids) names.push_back(PurposeName(id));
    return phrases_.List(names);
  }

  std::string RecipientName(const std::string& recipient) const {
    if (recipient == "peers") return phrases_.Say("peers");
    if (recipient == "members") return phrases_.Say("members");
    if (recipient == "public") return phrases_.Say("public");
    const Party* party = roster_ == nullptr ? nullptr : roster_->FindParty(PartyId(recipient));
    const std::string id = phrases_.Quoted(recipient);
    if (party == nullptr) return id;
    return phrases_.Say("named", {{"id", id}, {"label", phrases_.Kind(party->kind)}});
  }

  std::string RecipientNames(const std::vector<std::string>& recipients) const {
    Sentences names;
    for (const std::string& recipient : recipients) names.push_back(RecipientName(recipient));
    return phrases_.List(names);
  }

  // Without a metric, of households and places alike.
  std::string FigureNames(const std::vector<std::string>& stats, const Metric* metric) const {
    const bool any = metric == nullptr;
    const bool places = !any && metric->owner == OwnerKind::kPlace;
    Sentences names;
    for (const std::string& stat : stats) {
      if (stat == "sum") {
        names.push_back(phrases_.Say("sum"));
      } else if (stat == "count") {
        names.push_back(any      ? phrases_.Say("count")
                        : places ? phrases_.Say("count_places")
                                 : phrases_.Say("count_households"));
      } else {
        names.push_back(any      ? phrases_.Say("mean")
                        : places ? phrases_.Say("mean_places")
                                 : phrases_.Say("mean_households"));
      }
    }
    return phrases_.List(names);
  }

  Sentences Collect(const CollectRule& rule) const {
    const Metric* metric = policy_.FindMetric(rule.metric);
    Sentences say = {phrases_.Say("collect", {{"metric", MetricName(rule.metric)}})};
    if (policy_.RetainRuleFor(rule.metric) == nullptr) {
      say.push_back(phrases_.Say("collect_not_kept"));
    }
    say.push_back(
        rule.profile.empty()
            ? phrases_.Say("collect_any_profile")
            : phrases_.Say("collect_profile", {{"profile", phrases_.Quoted(rule.profile)}}));
    say.push_back(rule.coarsen.step == 0
                      ? phrases_.Say("collect_exact")
                      : phrases_.Say("collect_step",
                                     {{"amount", Amount(phrases_, metric, rule.coarsen.step)}}));
    say.push_back(
        rule.coarsen.every == Millis(0)
            ? phrases_.Say("collect_all")
            : phrases_.Say("collect_every", {{"duration", phrases_.Duration(rule.coarsen.every)}}));
    return say;
  }

  Sentences Retain(const RetainRule& rule) const {
    const std::string metric = MetricName(rule.metric);
    const std::string keep = phrases_.Duration(rule.keep);
    Sentences say;
    if (rule.tier == RetainTier::kRaw) {
      say.push_back(
          rule.then == RetainThen::kErase
              ? phrases_.Say("retain_erase", {{"metric", metric}, {"duration", keep}})
              : phrases_.Say("retain_condense", {{"metric", metric}, {"duration", keep}}));
    } else if (rule.whole_day) {
      say.push_back(phrases_.Say("retain_days", {{"metric", metric}, {"duration", keep}}));
    } else {
      say.push_back(phrases_.Say(
          "retain_spans",
          {{"metric", metric}, {"span", phrases_.Duration(rule.bucket)}, {"duration", keep}}));
    }
    if (charter_ != nullptr && charter_->floors.keep_max.value_or(rule.keep) < rule.keep) {
      say.push_back(phrases_.Say("retain_capped",
                                 {{"duration", phrases_.Duration(*charter_->floors.keep_max)}}));
    }
    return say;
  }

  Sentences Consent(const ConsentRule& rule) const {
    const bool opt_in = rule.mode == ConsentMode::kOptIn;
    const bool all_adults = rule.household_rule == HouseholdRule::kAllAdults;
    Sentences say = {opt_in
                         ? phrases_.Say("opt_in", {{"metric", MetricName(rule.metric)}})
                         : phrases_.Say("opt_out", {{"metric", MetricName(rule.metric)},
                                                    {"duration", phrases_.Duration(rule.notice)}})};
    say.push_back(all_adults ? phrases_.Say("all_adults") : phrases_.Say("any_adult"));
    if (opt_in != all_adults) say.push_back(phrases_.Say("consent_misfit"));
    if (rule.reconfirm) {
      say.push_back(phrases_.Say("reconfirm", {{"duration", phrases_.Duration(*rule.reconfirm)}}));
    }
    return say;
  }

  Sentences Share(const ShareRule& rule) const {
    const Metric* metric = policy_.FindMetric(rule.metric);
    const std::string level = phrases_.Level(rule.zone_level);
    Sentences say = {
        phrases_.Say("share_what", {{"metric", MetricName(rule.metric)},
                                    {"figures", FigureNames(rule.stats, metric)}}),
        rule.whole_day ? phrases_.Say("share_days", {{"level", level}})
                       : phrases_.Say("share_spans",
                                      {{"span", phrases_.Duration(rule.bucket)}, {"level", level}}),
        phrases_.Say("share_to", {{"recipients", RecipientNames(rule.to)}}),
        phrases_.Say("share_purpose", {{"purpose", PurposeName(rule.purpose)}}),
        rule.age_min > Millis(0)
            ? phrases_.Say("share_age", {{"duration", phrases_.Duration(rule.age_min)}})
            : phrases_.Say("share_age_none")};
    SaySafeguards(rule, metric, say);
    say.push_back(rule.redistribution ? phrases_.Say("share_pass_on") : phrases_.Say("share_keep"));
    if (rule.valid_from) {
      say.push_back(phrases_.Say("share_from", {{"date", phrases_.Date(*rule.valid_from)}}));
    }
    if (rule.valid_until) {
      say.push_back(phrases_.Say("share_until", {{"date", phrases_.Date(*rule.valid_until)}}));
    }
    SayWhatOverrules(rule, say);
    return say;
  }

  void SaySafeguards(const ShareRule& rule, const Metric* metric, Sentences& say) const {
    const bool energy = metric != nullptr && metric->kind == MetricKind::kLevel;
    if (rule.k_min > 0) {
      say.push_back(phrases_.SayCounted("share_k", rule.k_min));
    } else if (metric != nullptr && metric->owner == OwnerKind::kPlace) {
      say.push_back(phrases_.Say("share_places"));
    } else {
      say.push_back(phrases_.Say("share_k_none"));
    }
    if (rule.top1_max_pct > 0) {
      const Argument percent{"percent", std::to_string(rule.top1_max_pct)};
      say.push_back(energy ? phrases_.Say("share_top1_energy", {percent})
                           : phrases_.Say("share_top1", {percent}));
    }
    if (rule.top2_max_pct > 0) {
      const Argument percent{"percent", std::to_string(rule.top2_max_pct)};
      say.push_back(energy ? phrases_.Say("share_top2_energy", {percent})
                           : phrases_.Say("share_top2", {percent}));
    }
    if (rule.round_to > 0) {
      say.push_back(
          phrases_.Say("share_round", {{"amount", Amount(phrases_, metric, rule.round_to)}}));
    }
    if (rule.min_count) {
      say.push_back(phrases_.Say(
          "share_min_count",
          {{"amount", Amount(phrases_, metric, static_cast<int64_t>(*rule.min_count))}}));
    }
  }

  // What is written elsewhere and stands above the rule.
  void SayWhatOverrules(const ShareRule& rule, Sentences& say) const {
    if (charter_ != nullptr && !BelowFloor(rule, policy_, charter_->floors).empty()) {
      say.push_back(phrases_.Say("share_below_floor"));
    }
    for (const Forbid& forbid : policy_.forbid) {
      std::vector<std::string> asking = rule.to;
      if (Names(rule.to, "public")) {  // then also whoever is named by the prohibition alone
        asking.insert(asking.end(), forbid.to.begin(), forbid.to.end());
      }
      std::vector<std::string> told;
      for (const std::string& party : asking) {
        if (Names(told, party) || !Forbids(forbid, rule, PartyId(party), policy_)) continue;
        told.push_back(party);
        say.push_back(phrases_.Say(
            "share_forbidden",
            {{"forbid", phrases_.Quoted(forbid.id.value())}, {"recipient", RecipientName(party)}}));
      }
    }
  }

  Sentences Forbidden(const Forbid& rule) const {
    Sentences when;
    if (!rule.purposes.empty() && !rule.purpose_groups.empty()) {
      when.push_back(phrases_.Say("forbid_purposes_groups",
                                  {{"purposes", PurposeNames(rule.purposes)},
                                   {"groups", QuotedList(phrases_, rule.purpose_groups)}}));
    } else if (!rule.purposes.empty()) {
      when.push_back(phrases_.Say("forbid_purposes", {{"purposes", PurposeNames(rule.purposes)}}));
    } else if (!rule.purpose_groups.empty()) {
      when.push_back(
          phrases_.Say("forbid_groups", {{"groups", QuotedList(phrases_, rule.purpose_groups)}}));
    }
    if (!rule.to.empty()) {
      when.push_back(phrases_.Say("forbid_to", {{"recipients", RecipientNames(rule.to)}}));
    }
    if (!rule.metrics.empty()) {
      when.push_back(
          phrases_.Say("forbid_metrics", {{"metrics", QuotedList(phrases_, rule.metrics)}}));
    }
    if (!rule.stats.empty()) {
      when.push_back(
          phrases_.Say("forbid_figures", {{"figures", FigureNames(rule.stats, nullptr)}}));
    }
    if (!rule.zone_below.empty()) {
      when.push_back(phrases_.Say("forbid_zone", {{"level", phrases_.Level(rule.zone_below)}}));
    }
    if (rule.bucket_below > Millis(0)) {
      when.push_back(
          phrases_.Say("forbid_bucket", {{"duration", phrases_.Duration(rule.bucket_below)}}));
    }
    if (rule.age_below > Millis(0)) {
      when.push_back(phrases_.Say("forbid_age", {{"duration", phrases_.Duration(rule.age_below)}}));
    }
    // What stands below the rule's first line is nothing but what has to apply.
    Sentences head = {phrases_.Say("forbid_reason", {{"reason", phrases_.Quoted(rule.reason)}})};
    if (IsEntrenched(rule)) head.push_back(phrases_.Say("entrenched"));
    head.push_back(when.size() == 1 ? phrases_.Say("forbid_one") : phrases_.Say("forbid_all"));
    when.insert(when.begin(), Joined(head));
    return when;
  }

  Sentences Owed(const Duty& rule) const {
    const std::string within = phrases_.Duration(rule.within);
    if (rule.kind == DutyKind::kAnswer) {
      return {phrases_.Say("duty_answer", {{"recipients", RecipientNames(rule.to)},
                                           {"purposes", PurposeNames(rule.purposes)},
                                           {"duration", within}})};
    }
    return {phrases_.Say("duty_publish",
                         {{"rule", phrases_.Quoted(rule.rule.value())}, {"duration", within}})};
  }

  const Charter* const charter_;
  const Policy& policy_;
  const Roster* const roster_;
  const Phrases& phrases_;
  ProseText& text_;
};

}  // namespace

void SayRules(const ProseSource& source, const Phrases& phrases, ProseText& text) {
  RulesInProse(source, phrases, text).Run();
}

}  // namespace gateway::policy
