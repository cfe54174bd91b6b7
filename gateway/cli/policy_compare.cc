#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/model/time.h"
#include "gateway/policy/compare.h"

namespace gateway::cli {
namespace {

using policy::Action;
using policy::Comparison;
using policy::Difference;
using policy::DocumentKind;
using policy::Documents;
using policy::Order;
using policy::Request;
using policy::Voice;

struct Args {
  std::string before, after, charter, roster;
};

// Reads a document of one kind with its parser.
template <typename T>
StatusOr<T> Read(const std::string& path, DocumentKind kind,
                 StatusOr<T> (*parse)(std::string_view)) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, ReadDocument(path));
  const auto found = policy::DetectKind(envelope.payload);
  if (!found.ok()) return Annotate(found.status(), path);
  if (*found != kind) {
    return InvalidArgument("%s: is a %s, not a %s", path, policy::DocumentKindName(*found),
                           policy::DocumentKindName(kind));
  }
  StatusOr<T> document = parse(envelope.payload);
  if (!document.ok()) return Annotate(document.status(), path);
  return document;
}

// Without a charter nothing is below a floor.
policy::Charter WithoutFloors() {
  policy::Charter charter;
  charter.floors.top1_max_pct = 100;
  return charter;
}

void Add(policy::Roster& roster, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (policy::IsReservedRecipient(name) || roster.FindParty(PartyId(name)) != nullptr) continue;
    roster.parties.push_back({.id = PartyId(name)});
  }
}

// Without a roster whoever is named is a party.
policy::Roster RosterOfNamed(const policy::Policy& before, const policy::Policy& after) {
  policy::Roster roster;
  for (const policy::Policy* policy : {&before, &after}) {
    for (const policy::ShareRule& rule : policy->share) Add(roster, rule.to);
    for (const policy::Forbid& forbid : policy->forbid) Add(roster, forbid.to);
  }
  return roster;
}

std::string_view VoiceName(Voice voice) {
  constexpr std::string_view kNames[] = {"yes", "silent", "no"};
  return kNames[static_cast<std::size_t>(voice)];
}

// The request as it stands in a case file.
std::string CaseText(const Request& request) {
  std::string text = Format("{action: %s", policy::ActionName(request.action));
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text += Format(", %s: %s", name, value);
  };
  add("party", request.party.value());
  add("purpose", request.purpose);
  add("metric", request.metric.value());
  add("profile", request.profile);
  add("rule", request.rule.value());
  if (request.action == Action::kRelease) {
    add("stat", request.stat);
    add("zone", request.zone_level);
    add("bucket", FormatDuration(request.bucket));
    add("age", FormatDuration(request.age));
  }
  if (request.action == Action::kKeep) {
    add("tier", request.tier == policy::RetainTier::kRaw ? "raw" : "rollup");
    add("age", FormatDuration(request.age));
  }
  if (request.action == Action::kConsent) {
    std::string adults;
    for (const Voice voice : request.adults) {
      adults += Format("%s%s", adults.empty() ? "" : ", ", VoiceName(voice));
    }
    add("adults", "[" + adults + "]");
    add("since", FormatDuration(request.since));
  }
  return text + "}";
}

Value NowOf(const Difference& difference) {
  return difference.witness ? Value(FormatTime(difference.at)) : Value();
}
Value RequestOf(const Difference& difference) {
  return difference.witness ? Value(CaseText(*difference.witness)) : Value();
}

// One below the other: side by side they would not fit on any screen.
void PrintForPeople(const Context& context, const Record& verdict,
                    const std::vector<Difference>& differences) {
  context.Print(verdict);
  for (const Difference& difference : differences) {
    std::cout << "\n" << std::flush;
    Record record{{std::string(policy::OrderName(difference.order)), difference.what}};
    if (difference.witness) {
      record.emplace_back("now", NowOf(difference));
      record.emplace_back("request", RequestOf(difference));
    }
    context.Print(record);
  }
}

Status Compare(Context& context, const Args& args) {
  Documents before, after;
  ASSIGN_OR_RETURN(before.policy, Read(args.before, DocumentKind::kPolicy, &policy::ParsePolicy));
  ASSIGN_OR_RETURN(after.policy, Read(args.after, DocumentKind::kPolicy, &policy::ParsePolicy));
  before.charter = WithoutFloors();
  if (!args.charter.empty()) {
    ASSIGN_OR_RETURN(before.charter,
                     Read(args.charter, DocumentKind::kCharter, &policy::ParseCharter));
  }
  before.roster = RosterOfNamed(before.policy, after.policy);
  if (!args.roster.empty()) {
    ASSIGN_OR_RETURN(before.roster, Read(args.roster, DocumentKind::kRoster, &policy::ParseRoster));
  }
  after.charter = before.charter;
  after.roster = before.roster;

  const Comparison comparison = policy::Compare(before, after);
  context.looser = comparison.order == Order::kLooser || comparison.order == Order::kIncomparable;
  const std::string order(policy::OrderName(comparison.order));
  const std::vector<std::string> entrenched = policy::EntrenchedTouched(before, after);
  if (context.format == "table") {
    Record verdict{{"verdict", order}};
    if (!entrenched.empty()) verdict.emplace_back("entrenched", entrenched);
    PrintForPeople(context, verdict, comparison.differences);
    return OkStatus();
  }
  Table verdict{{"verdict", "entrenched"}, {{order, entrenched}}};
  Table differences{{"order", "difference", "now", "request"}, {}};
  for (const Difference& difference : comparison.differences) {
    differences.rows.push_back({std::string(policy::OrderName(difference.order)), difference.what,
                                NowOf(difference), RequestOf(difference)});
  }
  NamedTables tables{{"verdict", std::move(verdict)}, {"differences", std::move(differences)}};
  if (context.format == "csv") std::swap(tables[0], tables[1]);  // the other goes to stderr
  context.Print(tables);
  return OkStatus();
}

}  // namespace

void RegisterPolicyCompare(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  const std::vector<std::string_view> examples = {
      "commons policy compare policy.yaml new-policy.yaml --charter charter.yaml "
      "--roster roster.yaml"};
  CLI::App* compare = AddVerb(
      noun, "compare",
      "Say whether a policy is tighter or looser than another, with a request that shows each "
      "difference; needs no daemon",
      examples, context, [&context, args] { return Compare(context, *args); });
  compare->footer(Footer(examples) +
                  "\n5 looser or incomparable: it needs the full threshold, and notice. 0 is equal or "
                  "tighter.\nWith --format csv the verdict is on stderr.");
  compare->add_option("OLD", args->before, "the policy, YAML or signed (.dsse)")->required();
  compare->add_option("NEW", args->after, "what is proposed in its place")->required();
  compare->add_option("--charter", args->charter, "its floors; without it there are none");
  compare->add_option("--roster", args->roster,
                      "its parties; without it whoever the policies name is one");
}

}  // namespace gateway::cli
