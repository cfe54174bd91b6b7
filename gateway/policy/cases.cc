#include "gateway/policy/cases.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/policy/reader.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Fields;

constexpr Millis kDay = std::chrono::hours(24);

constexpr RequestField kRelease[] = {{"party"}, {"purpose", false}, {"metric"}, {"stat"},
                                     {"zone"},  {"bucket"},         {"age"}};
constexpr RequestField kCollect[] = {{"metric"}, {"profile", false}};
constexpr RequestField kKeep[] = {{"metric"}, {"tier"}, {"age"}};
constexpr RequestField kConsent[] = {{"metric"}, {"adults"}, {"since"}};
constexpr RequestField kAnswer[] = {{"party"}, {"purpose"}};
constexpr RequestField kPublish[] = {{"rule"}};

constexpr std::string_view kNames[] = {"party", "purpose", "metric", "stat",   "zone",  "bucket",
                                       "age",   "profile", "tier",   "adults", "since", "rule"};

// What Evaluate can say.
constexpr std::string_view kCodes[] = {
    "OK",         "POLICY_UNAVAILABLE", "UNKNOWN_PARTY", "PURPOSE_REQUIRED", "UNKNOWN_PURPOSE",
    "BAD_REQUEST", "FORBIDDEN",         "FLOOR",         "GRANULARITY",      "TOO_EARLY",
    "EXPIRED_RULE", "NOT_PERMITTED",    kNotCollected,   kNotKept,           kNoConsent,
    kNoDuty};

bool IsOneOf(std::span<const RequestField> fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const RequestField& field) { return field.name == name; });
}

Millis ReadBucket(Fields& fields) {
  const Millis bucket = ReadPositive(fields, "bucket");
  if (bucket == kDay && fields.Text("bucket") != "P1D") {
    fields.Fail("bucket", "write P1D: a day is the commons' civil day, not 24 h of UTC");
  }
  return bucket;
}

// Not as a list of texts: two adults may say the same.
std::vector<Voice> ReadAdults(Fields& fields) {
  std::vector<Voice> adults;
  for (const yaml::Node& item : fields.Items("adults", limits::kAdultsPerHouseholdMax)) {
    if (item.text == "yes") {
      adults.push_back(Voice::kYes);
    } else if (item.text == "silent") {
      adults.push_back(Voice::kSilent);
    } else if (item.text == "no") {
      adults.push_back(Voice::kNo);
    } else {
      fields.Fail("adults", Format("\"%s\" is not one of: yes, silent, no", item.text));
    }
  }
  return adults;
}

Request ReadRequest(Fields& fields) {
  Request request;
  request.action = static_cast<Action>(fields.OneOf(
      "action", {"release", "collect", "keep", "consent", "answer", "publish", "right"}));
  const std::span<const RequestField> counting = FieldsOf(request.action);
  for (const std::string_view name : kNames) {
    if (!fields.Has(name) || IsOneOf(counting, name)) continue;
    fields.Fail(name, Format("the action %s does not look at it; leave it out",
                             ActionName(request.action)));
  }
  for (const RequestField& field : counting) {
    const std::string_view name = field.name;
    if (!field.needed && !fields.Has(name)) continue;
    if (name == "party") request.party = ReadIdField<PartyId>(fields, name);
    if (name == "purpose") request.purpose = fields.Parse(name, ReadId);
    if (name == "metric") request.metric = ReadIdField<MetricId>(fields, name);
    if (name == "stat") request.stat = fields.Text(name);
    if (name == "zone") request.zone_level = fields.Text(name);
    if (name == "bucket") request.bucket = ReadBucket(fields);
    if (name == "age") request.age = fields.Parse(name, ParseDuration);
    if (name == "profile") request.profile = fields.Parse(name, ReadId);
    if (name == "tier") {
      request.tier = static_cast<RetainTier>(fields.OneOf(name, {"raw", "rollup"}));
    }
    if (name == "adults") request.adults = ReadAdults(fields);
    if (name == "since") request.since = fields.Parse(name, ParseDuration);
    if (name == "rule") request.rule = ReadIdField<RuleId>(fields, name);
  }
  return request;
}

std::vector<RuleId> ReadDetermining(Fields& fields) {
  if (fields.Has("rule") == fields.Has("rules")) {
    fields.Fail("rule", "name what decides: `rule: ID`, `rules: [ID, …]` or `rule: none`");
    return {};
  }
  std::vector<RuleId> rules;
  if (fields.Has("rule")) {
    std::string rule = fields.Parse("rule", ReadId);
    if (rule != "none") rules.emplace_back(std::move(rule));
    return rules;
  }
  for (std::string& rule : fields.Texts("rules", Fields::Empty::kRefused, limits::kRulesMax)) {
    if (!IsDocumentId(rule)) fields.Fail("rules", Format("\"%s\" is no name of a rule", rule));
    rules.emplace_back(std::move(rule));
  }
  std::sort(rules.begin(), rules.end());
  return rules;
}

void ReadExpected(Fields& fields, Case& test) {
  test.allowed = fields.OneOf("effect", {"allow", "deny"}) == 0;
  test.code = fields.Text("code");
  if (std::find(std::begin(kCodes), std::end(kCodes), test.code) == std::end(kCodes)) {
    fields.Fail("code", Format("\"%s\" is no code", test.code));
  } else if (test.allowed != (test.code == "OK")) {
    fields.Fail("code", "OK is the code of what is allowed, and of nothing else");
  }
  test.rules = ReadDetermining(fields);
}

Case ReadCase(Fields& fields, Status& error) {
  Case test;
  test.line = fields.line();
  test.name = ReadText(fields, "name");
  test.now = fields.Parse("now", ReadTime);
  if (const yaml::Node* node = fields.Child("request")) {
    Fields request(*node, "request", error);
    test.request = ReadRequest(request);
    request.Finish();
  }
  if (const yaml::Node* node = fields.Child("expect")) {
    Fields expected(*node, "expect", error);
    ReadExpected(expected, test);
    expected.Finish();
  }
  return test;
}

}  // namespace

std::span<const RequestField> FieldsOf(Action action) {
  switch (action) {
    case Action::kRelease:
      return kRelease;
    case Action::kCollect:
      return kCollect;
    case Action::kKeep:
      return kKeep;
    case Action::kConsent:
      return kConsent;
    case Action::kAnswer:
      return kAnswer;
    case Action::kPublish:
      return kPublish;
    case Action::kRight:
      return {};
  }
  return {};
}

StatusOr<std::vector<Case>> ParseCases(std::string_view yaml) {
  ASSIGN_OR_RETURN(const yaml::Node root, yaml::Parse(yaml));
  Status error;
  Fields fields(root, "cases", error);
  if (error.ok() && fields.Text("schema") != "commons-cases/1") {
    fields.Fail("schema", "must be commons-cases/1");
  }
  std::vector<Case> cases;
  std::set<std::string> names;
  for (const yaml::Node& node : fields.Items("cases", limits::kCasesMax)) {
    Fields item(node, "case", error);
    cases.push_back(ReadCase(item, error));
    if (!names.insert(cases.back().name).second) item.Fail("name", "another case is called so");
    item.Finish();
    RETURN_IF_ERROR(error);
  }
  fields.Finish();
  RETURN_IF_ERROR(error);
  return cases;
}

CaseResult RunCase(const Documents& documents, const Case& test) {
  CaseResult result;
  result.got = Evaluate(documents, test.request, test.now, true);
  result.passed = result.got.allowed == test.allowed && result.got.code == test.code &&
                  result.got.rules == test.rules;
  return result;
}

std::string DecisionText(bool allowed, std::string_view code, const std::vector<RuleId>& rules) {
  std::string text = Format("%s %s", allowed ? "allow" : "deny", code);
  for (const RuleId& rule : rules) text += " " + rule.value();
  return rules.empty() ? text + " none" : text;
}

std::vector<Finding> LintCoverage(const Policy& policy, std::span<const CaseResult> results) {
  std::set<RuleId> decided;
  for (const CaseResult& result : results) {
    if (result.passed) decided.insert(result.got.rules.begin(), result.got.rules.end());
  }
  std::vector<Finding> findings;
  const auto check = [&](const auto& rules, std::string_view what) {
    for (const auto& rule : rules) {
      if (decided.contains(rule.id)) continue;
      findings.push_back({"L10", true,
                          Format("%s \"%s\" decides none of the cases that passed: add one that "
                                 "it decides", what, rule.id.value()),
                          rule.line, "policy"});
    }
  };
  check(policy.collect, "collect rule");
  check(policy.retain, "retain rule");
  check(policy.consent, "consent rule");
  check(policy.share, "share rule");
  check(policy.forbid, "forbid");
  check(policy.duty, "duty");
  return findings;
}

}  // namespace gateway::policy
