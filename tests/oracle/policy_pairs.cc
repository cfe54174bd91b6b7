// Random documents and requests, and what the gateway says to each, for tests/oracle/policy.py:
//
//   policy_pairs PAIRS [SEED]
//
// One line of JSON for every 25 pairs: the documents, as the strict reader reads their texts (every
// scalar is a text), and the cases. The gateway's own documents are parsed from the same texts.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "gateway/base/check.h"
#include "gateway/policy/evaluate.h"
#include "gateway/yaml/yaml.h"
#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/policy_yaml.h"
#include "tests/unit/policy/random_policy.h"

namespace gateway::policy {
namespace {

using nlohmann::json;

constexpr int kPairsPerLine = 25;

json TreeOf(const yaml::Node& node) {
  if (node.kind == yaml::NodeKind::kScalar) return node.text;
  json tree = node.kind == yaml::NodeKind::kMapping ? json::object() : json::array();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (node.kind == yaml::NodeKind::kMapping) {
      tree[node.keys[i].text] = TreeOf(node.items[i]);
    } else {
      tree.push_back(TreeOf(node.items[i]));
    }
  }
  return tree;
}

json TreeOf(const std::string& text) {
  const StatusOr<yaml::Node> root = yaml::Parse(text);
  GW_CHECK(root.ok());
  return TreeOf(*root);
}

int64_t Count(Time time) { return time.time_since_epoch().count(); }

json JsonOf(const Request& request) {
  json adults = json::array();
  for (const Voice voice : request.adults) {
    adults.push_back(voice == Voice::kYes ? "yes" : voice == Voice::kNo ? "no" : "silent");
  }
  return {{"action", ActionName(request.action)},
          {"party", request.party.value()},
          {"purpose", request.purpose},
          {"metric", request.metric.value()},
          {"stat", request.stat},
          {"zone", request.zone_level},
          {"bucket", request.bucket.count()},
          {"age", request.age.count()},
          {"tier", request.tier == RetainTier::kRaw ? "raw" : "rollup"},
          {"profile", request.profile},
          {"adults", std::move(adults)},
          {"since", request.since.count()},
          {"rule", request.rule.value()}};
}

json JsonOf(const Decision& decision) {
  json rules = json::array();
  for (const RuleId& rule : decision.rules) rules.push_back(rule.value());
  json result = {{"allowed", decision.allowed}, {"code", decision.code}, {"rules", std::move(rules)}};
  if (!decision.allowed) return result;
  const Safeguards& all = decision.safeguards;
  result["safeguards"] = {{"k_min", all.k_min},
                          {"top1_max_pct", all.top1_max_pct},
                          {"top2_max_pct", all.top2_max_pct},
                          {"round_to", all.round_to},
                          {"min_count", all.min_count ? json(*all.min_count) : json()},
                          {"redistribution", all.redistribution},
                          {"step", all.coarsen.step},
                          {"every", all.coarsen.every.count()},
                          {"within", all.within.count()}};
  return result;
}

template <typename Items>
const auto& OneOf(const Items& items, std::mt19937_64& random) {
  return items[random() % items.size()];
}

// What one step is in the metric's unit: the generator's numbers are whole units of all of these.
void ChangeResolutions(Policy& policy, std::mt19937_64& random) {
  constexpr std::array kResolutions = {"1", "0.2", "5"};
  for (Metric& metric : policy.metrics) {
    metric.resolution = *Decimal::Parse(OneOf(kResolutions, random));
  }
}

// A limit, or the millisecond before or after it.
template <typename T>
T Beside(T limit, std::mt19937_64& random) {
  return limit + Millis(static_cast<int64_t>(random() % 3) - 1);
}

// What a share rule allows, but for one thing perhaps, at its very limit.
void AskWhatOneAllows(const ShareRule& rule, Request& request, Time& now, std::mt19937_64& random) {
  request.metric = rule.metric;
  request.purpose = rule.purpose;
  request.party = PartyId(OneOf(rule.to, random));
  request.stat = OneOf(rule.stats, random);
  request.zone_level = rule.zone_level;
  request.bucket = rule.bucket;
  request.age = rule.age_min;
  switch (random() % 8) {
    case 0: request.bucket = Beside(rule.bucket, random); break;
    case 1: request.zone_level = random() % 2 == 0 ? "city" : "block"; break;
    case 2:
    case 3: request.age = Beside(rule.age_min, random); break;
    case 4: now = Beside(rule.valid_from.value_or(now), random); break;
    case 5: now = Beside(rule.valid_until.value_or(now), random); break;
    case 6: request.party = PartyId("press"); break;
    default: break;
  }
}

void AskAtTheLimit(const Documents& documents, Request& request, Time& now,
                   std::mt19937_64& random) {
  const Policy& policy = documents.policy;
  if (request.action == Action::kRelease && !policy.share.empty()) {
    AskWhatOneAllows(OneOf(policy.share, random), request, now, random);
  } else if (request.action == Action::kKeep && !policy.retain.empty()) {
    const RetainRule& rule = OneOf(policy.retain, random);
    request.metric = rule.metric;
    request.tier = rule.tier;
    const std::optional<Millis> keep_max = documents.charter.floors.keep_max;
    request.age = Beside(random() % 2 == 0 ? rule.keep : keep_max.value_or(rule.keep), random);
  } else if (request.action == Action::kConsent && !policy.consent.empty()) {
    const ConsentRule& rule = OneOf(policy.consent, random);
    request.metric = rule.metric;
    request.since = Beside(random() % 2 == 0 ? rule.notice : rule.reconfirm.value_or(rule.notice),
                           random);
  }
}

Time SometimesAtTheEnds(const Documents& documents, Time now, std::mt19937_64& random) {
  if (random() % 10 != 0) return now;
  const Millis grace = documents.charter.grace;
  const std::array ends = {documents.policy.activates, documents.policy.expires + grace,
                           documents.roster.expires + grace, documents.charter.expires + grace};
  return Beside(OneOf(ends, random), random);
}

// Whichever is the first to expire.
void ChangeExpiries(Documents& documents, std::mt19937_64& random) {
  const auto days = [&] { return std::chrono::days(random() % 100); };
  documents.policy.expires += days();
  documents.roster.expires += days();
  documents.charter.expires += days();
}

std::string Line(std::mt19937_64& random) {
  Documents made = RandomDocuments(random);
  if (random() % 2 == 0) made = RandomChange(std::move(made), random);
  ChangeResolutions(made.policy, random);
  ChangeExpiries(made, random);
  const std::string charter = ToYaml(made.charter);
  const std::string policy = ToYaml(made.policy);
  const std::string roster = ToYaml(made.roster);
  const Documents documents{CharterOf(charter), PolicyOf(policy), RosterOf(roster)};
  json cases = json::array();
  for (int i = 0; i < kPairsPerLine; ++i) {
    Request request = RandomRequest(documents, random);
    Time now = SometimesAtTheEnds(documents, RandomTime(documents, random), random);
    if (random() % 2 == 0) AskAtTheLimit(documents, request, now, random);
    const bool sound = random() % 50 != 0;
    cases.push_back({{"request", JsonOf(request)},
                     {"now", Count(now)},
                     {"sound", sound},
                     {"decision", JsonOf(Evaluate(documents, request, now, sound))}});
  }
  const json line = {{"charter", TreeOf(charter)},
                     {"policy", TreeOf(policy)},
                     {"roster", TreeOf(roster)},
                     {"cases", std::move(cases)}};
  return line.dump() + "\n";
}

}  // namespace
}  // namespace gateway::policy

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: policy_pairs PAIRS [SEED]\n");
    return 2;
  }
  std::mt19937_64 random(argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 1);
  for (long left = std::strtol(argv[1], nullptr, 10); left > 0;
       left -= gateway::policy::kPairsPerLine) {
    const std::string line = gateway::policy::Line(random);
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) return 1;
  }
  return 0;
}
