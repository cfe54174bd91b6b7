// `commons policy explain`: what the rules say to one request, and why. Needs no daemon.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "gateway/base/clock.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/cli/policy_files.h"
#include "gateway/policy/cases.h"

namespace gateway::cli {
namespace {

using policy::Action;
using policy::Voice;

constexpr Action kActions[] = {Action::kRelease, Action::kCollect, Action::kKeep, Action::kConsent,
                               Action::kAnswer,  Action::kPublish, Action::kRight};

struct Args {
  DocumentPaths documents;
  std::vector<std::string> case_of;  // FILE NAME
  std::string action = "release";
  std::map<std::string, std::string, std::less<>> fields;  // by name, those that were given
  std::vector<std::string> adults;
  std::string now;
};

struct Asked {
  policy::Request request;
  Time now;
};

Millis DurationOf(const Args& args, std::string_view name) {
  const auto found = args.fields.find(name);
  return found == args.fields.end() ? Millis(0) : *ParseDuration(found->second);  // checked
}

std::string TextOf(const Args& args, std::string_view name) {
  const auto found = args.fields.find(name);
  return found == args.fields.end() ? "" : found->second;
}

StatusOr<Asked> AskedBy(const Args& args) {
  const Action action = *std::ranges::find(kActions, args.action, policy::ActionName);
  const auto counting = policy::FieldsOf(action);
  const auto given = [&](std::string_view name) {
    return name == "adults" ? !args.adults.empty() : args.fields.contains(name);
  };
  const auto counts = [&](std::string_view name) {
    return std::ranges::any_of(counting, [&](const auto& field) { return field.name == name; });
  };
  for (const auto& [name, value] : args.fields) {
    if (!counts(name)) {
      return InvalidArgument("--%s: the action %s does not look at it; leave it out", name,
                             args.action);
    }
  }
  if (!args.adults.empty() && !counts("adults")) {
    return InvalidArgument("--adults: the action %s does not look at it; leave it out", args.action);
  }
  for (const policy::RequestField& field : counting) {
    if (field.needed && !given(field.name)) {
      return InvalidArgument("--%s: missing; the action %s needs it", field.name, args.action);
    }
  }
  Asked asked;
  policy::Request& request = asked.request;
  request.action = action;
  request.party = PartyId(TextOf(args, "party"));
  request.purpose = TextOf(args, "purpose");
  request.metric = MetricId(TextOf(args, "metric"));
  request.stat = TextOf(args, "stat");
  request.zone_level = TextOf(args, "zone");
  request.bucket = DurationOf(args, "bucket");
  request.age = DurationOf(args, "age");
  request.since = DurationOf(args, "since");
  request.tier = TextOf(args, "tier") == "rollup" ? policy::RetainTier::kRollup
                                                  : policy::RetainTier::kRaw;
  request.profile = TextOf(args, "profile");
  request.rule = RuleId(TextOf(args, "rule"));
  for (const std::string& voice : args.adults) {
    request.adults.push_back(voice == "yes"  ? Voice::kYes
                             : voice == "no" ? Voice::kNo
                                             : Voice::kSilent);
  }
  asked.now = args.now.empty() ? RealClock().SystemNow() : *ParseTime(args.now);  // checked
  return asked;
}

StatusOr<Asked> AskedByCase(const Args& args) {
  if (!args.fields.empty() || !args.adults.empty() || !args.now.empty()) {
    return InvalidArgument("--case: says all of the request; leave the other options out");
  }
  const std::string &file = args.case_of[0], &name = args.case_of[1];
  ASSIGN_OR_RETURN(const std::string text, ReadDocumentText(file));
  const auto cases = policy::ParseCases(text);
  if (!cases.ok()) return Annotate(cases.status(), file);
  const auto found = std::ranges::find(*cases, name, &policy::Case::name);
  if (found == cases->end()) return NotFound("%s: no case is called \"%s\"", file, name);
  return Asked{found->request, found->now};
}

Table TraceTable(const policy::Trace& trace) {
  Table table{{"step", "rule", "line", "passed", "clause"}, {}};
  for (const policy::TraceStep& step : trace) {
    table.rows.push_back({step.step, step.rule.empty() ? Value() : Value(step.rule.value()),
                          step.line == 0 ? Value() : Value(int64_t{step.line}),
                          std::string(step.passed ? "yes" : "no"), step.clause});
  }
  return table;
}

Table DecisionTable(const policy::Request& request, const policy::Decision& decision) {
  std::vector<std::string> rules;
  for (const RuleId& rule : decision.rules) rules.push_back(rule.value());
  Table table{{"effect", "code", "rules"}, {{}}};
  std::vector<Value>& row = table.rows.front();
  row = {std::string(decision.allowed ? "allow" : "deny"), std::string(decision.code),
         std::move(rules)};
  if (!decision.allowed) return table;
  const auto add = [&](std::string name, Value value) {
    table.columns.push_back(std::move(name));
    row.push_back(std::move(value));
  };
  const policy::Safeguards& safe = decision.safeguards;
  switch (request.action) {
    case Action::kRelease:
      if (safe.k_min > 0) add("k_min", uint64_t{safe.k_min});
      if (safe.top1_max_pct < 100) add("top1_max_pct", uint64_t{safe.top1_max_pct});
      if (safe.top2_max_pct < 100) add("top2_max_pct", uint64_t{safe.top2_max_pct});
      if (safe.round_to > 0) add("round_to_steps", safe.round_to);
      if (safe.min_count) add("min_count_steps", *safe.min_count);
      add("redistribution", safe.redistribution);
      break;
    case Action::kCollect:
      if (safe.coarsen.step > 0) add("coarsen_steps", safe.coarsen.step);
      if (safe.coarsen.every > Millis(0)) add("coarsen_every", FormatDuration(safe.coarsen.every));
      break;
    case Action::kAnswer:
    case Action::kPublish:
      add("within", FormatDuration(safe.within));
      break;
    default:
      break;
  }
  return table;
}

Status Explain(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const policy::Documents documents, ReadDocuments(args.documents));
  ASSIGN_OR_RETURN(const Asked asked, args.case_of.empty() ? AskedBy(args) : AskedByCase(args));
  policy::Trace trace;
  const policy::Decision decision =
      policy::Evaluate(documents, asked.request, asked.now, true, &trace);
  context.Print(NamedTables{{"trace", TraceTable(trace)},
                            {"decision", DecisionTable(asked.request, decision)}});
  return OkStatus();
}

}  // namespace

void RegisterPolicyExplain(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* explain = AddVerb(
      noun, "explain",
      "What the documents answer to one request, step by step, with the clause and line that each "
      "step looked at. A refusal is an answer, too: exit code 0. Needs no daemon",
      {"commons policy explain charter.yaml policy.yaml roster.yaml --party city-hall "
       "--purpose official-stats --metric load --stat mean --zone neighbourhood --bucket PT1H "
       "--age P2D",
       "commons policy explain charter.yaml policy.yaml roster.yaml --action consent --metric load "
       "--adults yes,silent --since P30D",
       "commons policy explain charter.yaml policy.yaml roster.yaml --case cases.yaml NAME"},
      context, [&context, args] { return Explain(context, *args); });
  explain->add_option("CHARTER", args->documents.charter, "YAML, or signed (.dsse)")->required();
  explain->add_option("POLICY", args->documents.policy, "likewise")->required();
  explain->add_option("ROSTER", args->documents.roster, "likewise")->required();
  CLI::Option* of_case =
      explain->add_option("--case", args->case_of, "FILE NAME: the request of that case")
          ->expected(2);
  std::vector<std::string> actions;
  for (const Action action : kActions) actions.emplace_back(policy::ActionName(action));
  explain->add_option("--action", args->action, "default: release")
      ->check(CLI::IsMember(actions))
      ->excludes(of_case);
  const auto field = [&](std::string name, const std::string& what) {
    return explain->add_option_function<std::string>(
        "--" + name, [args, name](const std::string& text) { args->fields[name] = text; }, what);
  };
  const CLI::Validator duration(CheckDuration, "DURATION");
  field("party", "release, answer: a party of the roster, or peers, members, public");
  field("purpose", "release, answer");
  field("metric", "release, collect, keep, consent");
  field("stat", "release: count, sum or mean");
  field("zone", "release: a level of zones");
  field("bucket", "release: like PT1H or P1D")->check(duration);
  field("age", "release: since the figure's bucket ended; keep: since the reading")->check(duration);
  field("profile", "collect");
  field("tier", "keep")->check(CLI::IsMember({"raw", "rollup"}));
  field("since", "consent: since the oldest yes, and since the notice")->check(duration);
  field("rule", "publish: a share rule");
  explain->add_option("--adults", args->adults, "consent: what each adult says: yes, silent or no")
      ->delimiter(',')
      ->check(CLI::IsMember({"yes", "silent", "no"}));
  explain->add_option("--now", args->now, "when it is asked; default: now")
      ->check(CLI::Validator(CheckTime, "TIME"));
}

}  // namespace gateway::cli
