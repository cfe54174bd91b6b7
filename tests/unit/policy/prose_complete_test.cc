// Nothing is left unsaid: whatever is changed in a document, in any field, makes it read
// differently in every language. The fields are those that the parsers read, taken from their
// sources.
#include <algorithm>
#include <functional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/model/time.h"
#include "gateway/policy/prose.h"
#include "gateway/yaml/yaml.h"
#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/prose_languages.h"

namespace gateway::policy {
namespace {

using yaml::Node;
using yaml::NodeKind;

// Documents in which every field there is says something, and nothing is as it would be anyway.
constexpr char kPolicy[] = R"(schema: commons-policy/1
commons: everything
version: 2
prev: "00000000000000000000000000000000000000000000000000000000000000aa"
issued: 2026-01-01T00:00:00Z
activates: 2026-01-02T00:00:00Z
expires: 2027-01-01T00:00:00Z
time_zone: Europe/Paris
zone_levels: [block, neighbourhood, sector]
zones:
  - {id: all, level: sector}
  - {id: part, level: neighbourhood, parent: all, homes: 40}
metrics:
  - {id: load, unit: Wh, kind: delta, resolution: "1", lo: -5, hi: 25000, interval: PT30M, lateness: PT6H, sensitivity: household, unit_of_privacy: household}
  - {id: noise, unit: dB, kind: level, resolution: "0.1", lo: 0, hi: 140, interval: PT1M, lateness: PT1H, sensitivity: sensitive, unit_of_privacy: household}
  - {id: bikes, unit: bikes, kind: event, resolution: "1", lo: 0, hi: 90, interval: PT1M, lateness: PT1H, sensitivity: open, unit_of_privacy: place, bucket_min: PT15M}
purposes:
  - {id: stats, iri: "https://w3id.org/dpv#ProvideOfficialStatistics"}
  - {id: own, iri: "https://example.org/own", group: local}
  - {id: spying, iri: "https://example.org/spying", group: coercive}
collect:
  - {id: c-load, metric: load, profile: generic, coarsen: {step: 10, every: PT1H}}
  - {id: c-noise, metric: noise, coarsen: {step: 2}}
  - {id: c-bikes, metric: bikes}
retain:
  - {id: r-load, metric: load, tier: raw, keep: P30D, then: rollup}
  - {id: r-load-days, metric: load, tier: rollup, bucket: P1D, keep: P90D, then: erase}
  - {id: r-noise, metric: noise, tier: raw, keep: P31D, then: rollup}
  - {id: r-noise-hours, metric: noise, tier: rollup, bucket: PT1H, keep: P91D, then: erase}
  - {id: r-bikes, metric: bikes, tier: raw, keep: P32D, then: erase}
consent:
  - {id: y-load, metric: load, mode: opt-in, household_rule: all-adults, reconfirm: P365D}
  - {id: y-noise, metric: noise, mode: opt-out, household_rule: any-adult-objects, notice: P14D}
share:
  - {id: s-load, metric: load, stats: [count, sum], bucket: PT1H, zone: neighbourhood, purpose: stats, to: [city-hall, peers], age_min: P1D, k_min: 10, top1_max_pct: 30, top2_max_pct: 50, round_to: 100, redistribution: true, valid: {from: 2026-02-01T00:00:00Z, until: 2026-12-01T00:00:00Z}}
  - {id: s-noise, metric: noise, stats: [mean], bucket: P1D, zone: sector, purpose: own, to: [members], age_min: P2D, k_min: 12, top1_max_pct: 31, top2_max_pct: 51}
  - {id: s-bikes, metric: bikes, stats: [count, sum, mean], bucket: PT15M, zone: block, purpose: own, to: [public, lab], age_min: PT2H, min_count: 3}
forbid:
  - {id: f-all, purpose_group: [coercive], purpose: [spying, own], to: [lab, public], metric: [noise, load], stats: [sum, count], zone_below: neighbourhood, bucket_below: PT30M, age_below: PT45M, entrenched: true, reason: "no spying"}
  - {id: f-group, purpose_group: [coercive, local], age_below: PT1M, reason: "not that"}
  - {id: f-purpose, purpose: [spying, stats], zone_below: sector, age_below: PT1M, reason: "nor that"}
duty:
  - {id: d-answer, kind: answer, to: [city-hall, lab], purpose: [stats, own], within: P3D}
  - {id: d-publish, kind: publish, rule: s-bikes, within: P2D}
)";

constexpr char kCharter[] = R"(schema: commons-charter/1
commons: everything
version: 2
prev: "00000000000000000000000000000000000000000000000000000000000000bb"
expires: 2028-01-01T00:00:00Z
keys: {ana: "ed25519:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c", bo: "ed25519:8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"}
roles:
  charter: {keys: [ana, bo], threshold: 2}
  policy: {keys: [ana, bo], threshold: 3, tighten: 1}
  roster: {keys: [ana, bo], threshold: 4}
  enrolment: {keys: [ana, bo], threshold: 5}
floors: {k_min: 5, age_min: PT1H, top1_max_pct: 40, zone_min: {household: block, sensitive: neighbourhood}, keep_max: P100D}
delays: {looser: P14D, incomparable: P15D, entrenched: P42D, charter: P28D}
objection: {quorum_pct: 10, threshold: 6, extra: P13D}
assembly: {quorum_pct: 50, notice: P60D}
entrenched: [s-load, r-bikes]
grace: P7D
)";

constexpr char kRoster[] = R"(schema: commons-roster/1
commons: everything
version: 2
prev: "00000000000000000000000000000000000000000000000000000000000000cc"
issued: 2026-01-01T00:00:00Z
expires: 2027-02-01T00:00:00Z
gateways:
  - {id: gw-a, zone: part, address: "192.0.2.7:7443", tls: ["sha256:1100000000000000000000000000000000000000000000000000000000000000", "sha256:1200000000000000000000000000000000000000000000000000000000000000"], sign: "ed25519:1300000000000000000000000000000000000000000000000000000000000000", log: "ed25519:1400000000000000000000000000000000000000000000000000000000000000", peers: [gw-b, gw-c]}
  - {id: gw-b, zone: all}
  - {id: gw-c, zone: all}
parties:
  - {id: city-hall, kind: municipality, tls: ["sha256:1500000000000000000000000000000000000000000000000000000000000000"], request: ["ed25519:1600000000000000000000000000000000000000000000000000000000000000", "ed25519:1700000000000000000000000000000000000000000000000000000000000000"]}
  - {id: lab, kind: laboratory, agreement: "b2:1800000000000000000000000000000000000000000000000000000000000000"}
)";

// The tree as a text that parses to the same tree.
std::string Emit(const Node& node) {
  if (node.kind == NodeKind::kScalar) return node.quoted ? "\"" + node.text + "\"" : node.text;
  const bool mapping = node.kind == NodeKind::kMapping;
  std::string text = mapping ? "{" : "[";
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) text += ", ";
    if (mapping) text += node.keys[i].text + ": ";
    text += Emit(node.items[i]);
  }
  return text + (mapping ? "}" : "]");
}

// Words of which a field takes one or the other.
const std::vector<std::vector<std::string>>& Choices() {
  static const auto* choices = new std::vector<std::vector<std::string>>{
      {"true", "false"},
      {"household", "open", "sensitive", "place"},
      {"delta", "gauge", "counter", "level", "state", "event"},
      {"raw", "rollup", "erase"},
      {"opt-in", "opt-out"},
      {"all-adults", "any-adult-objects"},
      {"answer", "publish"},
      {"count", "sum", "mean"},
      {"public", "peers", "members", "lab"},
      {"block", "neighbourhood", "sector"},
      {"load", "noise", "bikes"},
  };
  return *choices;
}

// What a value may be instead, whether or not it then parses.
std::vector<std::string> Others(const std::string& text) {
  if (text.empty()) return {"x"};
  if (text.find_first_not_of("-0123456789") == std::string::npos) {
    const long long number = std::stoll(text);
    return {std::to_string(number - 1), std::to_string(number + 1), std::to_string(number + 10)};
  }
  if (ParseTime(text).ok()) return {"2026-05-06T07:08:09Z", "2031-05-06T07:08:10Z"};
  if (ParseDuration(text).ok()) return {"PT7M", "PT1H30M", "P9D", "P1D"};
  std::string changed = text;
  changed.back() = changed.back() == '1' ? '2' : '1';
  std::vector<std::string> others = {text + "x", changed};
  for (const std::vector<std::string>& choice : Choices()) {
    if (std::find(choice.begin(), choice.end(), text) == choice.end()) continue;
    others.insert(others.end(), choice.begin(), choice.end());
  }
  return others;
}

struct Mutation {
  std::string what, text;
  bool of_value = false;
};

// Every scalar replaced, and every item and field left out, one at a time.
class Mutations {
 public:
  static std::vector<Mutation> Of(const std::string& text) {
    const StatusOr<Node> root = yaml::Parse(text);
    EXPECT_TRUE(root.ok()) << root.status();
    Mutations mutations(*root);
    mutations.Walk(mutations.root_, "");
    return std::move(mutations.all_);
  }

 private:
  explicit Mutations(Node root) : root_(std::move(root)) {}

  void Note(const std::string& what, bool of_value = false) {
    all_.push_back({what, Emit(root_), of_value});
  }

  void Walk(Node& node, const std::string& path) {
    if (node.kind == NodeKind::kScalar) {
      const std::string before = node.text;
      for (const std::string& other : Others(before)) {
        if (other == before) continue;
        node.text = other;
        Note(path + " = " + other, true);
      }
      node.text = before;
      return;
    }
    const bool mapping = node.kind == NodeKind::kMapping;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string at = path + "/" + (mapping ? node.keys[i].text : std::to_string(i));
      Walk(node.items[i], at);
      const Node before = node;
      const auto offset = static_cast<std::ptrdiff_t>(i);
      node.items.erase(node.items.begin() + offset);
      if (mapping) node.keys.erase(node.keys.begin() + offset);
      Note(at + " left out");
      node = before;
      if (!mapping) continue;
      node.keys[i].text += "x";  // only a key's label can be called otherwise
      Note(at + " renamed");
      node = before;
    }
  }

  Node root_;
  std::vector<Mutation> all_;
};

// What a text reads like in each language; empty if it is no such document.
using Readings = std::vector<std::string>;
using Reader = std::function<Readings(const std::string& text)>;

const std::vector<Phrases>& Languages() {
  static const auto* languages = [] {
    auto* all = new std::vector<Phrases>;
    for (const std::string_view language : kLanguages) all->push_back(LanguageOf(language));
    return all;
  }();
  return *languages;
}

Readings InAll(const ProseSource& source) {
  Readings readings;
  for (const Phrases& phrases : Languages()) readings.push_back(Prose(source, phrases));
  return readings;
}

Readings ReadCharter(const std::string& text) {
  const StatusOr<Charter> charter = ParseCharter(text);
  if (!charter.ok()) return {};
  return InAll({.charter = &*charter, .policy = nullptr, .roster = nullptr});
}
Readings ReadPolicy(const std::string& text) {
  const StatusOr<Policy> policy = ParsePolicy(text);
  if (!policy.ok()) return {};
  return InAll({.charter = nullptr, .policy = &*policy, .roster = nullptr});
}
Readings ReadRoster(const std::string& text) {
  const StatusOr<Roster> roster = ParseRoster(text);
  if (!roster.ok()) return {};
  return InAll({.charter = nullptr, .policy = nullptr, .roster = &*roster});
}

// The field that a mutation is about, "/metrics/unit", whichever metric it is.
std::string FieldOf(const std::string& what) {
  return std::regex_replace(what.substr(0, what.find(' ')), std::regex("/[0-9]+"), "");
}

// `fixed`: fields that cannot be otherwise while all others stay as they are.
void ExpectEveryChangeSaid(const std::string& text, const Reader& read,
                           std::set<std::string> fixed = {}) {
  const Readings before = read(text);
  ASSERT_EQ(before.size(), std::size(kLanguages));
  std::set<std::string> values, changed;
  for (const Mutation& mutation : Mutations::Of(text)) {
    const std::string field = FieldOf(mutation.what);
    if (mutation.of_value) values.insert(field);
    const Readings after = read(mutation.text);
    if (after.empty()) continue;
    changed.insert(field);
    for (std::size_t i = 0; i < after.size(); ++i) {
      EXPECT_NE(after[i], before[i]) << kLanguages[i] << ": unsaid: " << mutation.what;
    }
  }
  fixed.insert("/schema");
  for (const std::string& field : values) {
    EXPECT_NE(changed.contains(field), fixed.contains(field)) << field;
  }
}

TEST(ProseCompleteTest, EveryChangeOfAPolicyIsSaid) {
  ExpectEveryChangeSaid(
      kPolicy, ReadPolicy,
      {"/consent/mode", "/duty/kind", "/metrics/unit_of_privacy", "/retain/tier"});
}

// Those that are fixed above, since other fields go with them in a text.
TEST(ProseCompleteTest, EveryChangeOfAFieldThatOthersGoWithIsSaid) {
  const std::vector<std::function<void(Policy&)>> changes = {
      [](Policy& policy) { policy.consent[0].mode = ConsentMode::kOptOut; },
      [](Policy& policy) { policy.duty[1].kind = DutyKind::kAnswer; },
      [](Policy& policy) { policy.metrics[0].owner = OwnerKind::kPlace; },
      [](Policy& policy) { policy.retain[0].tier = RetainTier::kRollup; },
  };
  const Policy policy = PolicyOf(kPolicy);
  for (std::size_t which = 0; which < changes.size(); ++which) {
    Policy other = policy;
    changes[which](other);
    for (const Phrases& phrases : Languages()) {
      EXPECT_NE(Prose({.charter = nullptr, .policy = &other, .roster = nullptr}, phrases),
                Prose({.charter = nullptr, .policy = &policy, .roster = nullptr}, phrases))
          << which;
    }
  }
}

TEST(ProseCompleteTest, EveryChangeOfACharterIsSaid) {
  ExpectEveryChangeSaid(kCharter, ReadCharter);
}

TEST(ProseCompleteTest, EveryChangeOfARosterIsSaid) { ExpectEveryChangeSaid(kRoster, ReadRoster); }

void CollectKeys(const Node& node, std::set<std::string>& keys) {
  for (const Node& key : node.keys) keys.insert(key.text);
  for (const Node& item : node.items) CollectKeys(item, keys);
}

// A field that is added to a parser has to be added above, and so has to be said.
TEST(ProseCompleteTest, EveryFieldThatTheParsersReadIsInTheseDocuments) {
  std::set<std::string> keys;
  for (const char* text : {kPolicy, kCharter, kRoster}) CollectKeys(*yaml::Parse(text), keys);
  const std::regex read(
      R"rx((?:\.|\b)(?:Text|Uint|Bool|OneOf|Texts|Parse|Child|Items|Has)\(\s*"([a-z]\w*)"|Read\w+(?:<\w+>)?\([\w.]+,\s*"(\w+)")rx");
  std::size_t found = 0;
  for (const std::string file : {"read_policy", "read_rules", "charter", "roster", "reader"}) {
    const std::string code = SourceText("gateway/policy/" + file + ".cc");
    for (std::sregex_iterator it(code.begin(), code.end(), read), end; it != end; ++it) {
      const std::string field = (*it)[1].matched ? (*it)[1].str() : (*it)[2].str();
      EXPECT_TRUE(keys.contains(field)) << file << ".cc reads " << field;
      ++found;
    }
  }
  EXPECT_GT(found, 80u);
}

}  // namespace
}  // namespace gateway::policy
