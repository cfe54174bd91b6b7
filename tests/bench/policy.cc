// Benches `policy.*`: what rules cost. The policy has 100 share rules over 25 metrics, 10 forbids
// and a roster of 50 parties.
//   policy.decide   decisions on fully stated requests, and the slowest of 100, against looking the
//                   same request up in a hash table by one key of all its fields
//   policy.compare  two policies of which ten rules differ, against parsing their two texts
//   policy.chain    verifying 50 versions of the policy, one after the other, each signed by two,
//                   against verifying the same 100 signatures alone
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/compare.h"
#include "gateway/policy/decide.h"
#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/policy_yaml.h"

namespace gateway::bench {
namespace {

using policy::Documents;
using policy::Policy;
using policy::Request;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int kMetrics = 25;
constexpr int kPurposes = 4;  // two for each metric's hours, the same two for its days
constexpr int kForbids = 10;
constexpr int kParties = 50;
constexpr int kRecipients = 5;  // of each rule
constexpr int kRequests = 20'000;
constexpr int kPairs = 31;
constexpr int kVersions = 50;
constexpr int kChainPairs = 7;
constexpr Time kBegin = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);

using Steady = std::chrono::steady_clock;

double SecondsOf(const std::function<void()>& work) {
  const Steady::time_point start = Steady::now();
  work();
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string Party(int number) { return Format("party-%d", number % kParties); }

void AddMetric(Policy& policy, int number) {
  Metric metric;
  metric.id = MetricId(Format("metric-%d", number));
  metric.unit = "Wh";
  metric.resolution = *Decimal::Parse("1");
  metric.hi = 25'000;
  metric.interval = minutes(15);
  metric.lateness = hours(1);
  const std::string name = metric.id.value();
  policy.collect.push_back({.id = RuleId("collect-" + name), .metric = metric.id});
  policy.retain.push_back({.id = RuleId("keep-" + name), .metric = metric.id, .keep = days(30)});
  policy.consent.push_back({.id = RuleId("consent-" + name), .metric = metric.id});
  for (int i = 0; i < kPurposes; ++i) {
    policy::ShareRule rule;
    rule.id = RuleId(Format("share-%s-%d", name, i));
    rule.metric = metric.id;
    rule.stats = {"count", "sum", "mean"};
    rule.whole_day = i % 2 == 1;
    rule.bucket = rule.whole_day ? Millis(days(1)) : Millis(hours(1));
    rule.zone_level = "neighbourhood";
    rule.purpose = Format("purpose-%d", (number + i / 2) % kPurposes);
    for (int j = 0; j < kRecipients; ++j) rule.to.push_back(Party(number * 7 + i * 3 + j * 11));
    rule.age_min = days(1);
    rule.k_min = 10;
    rule.top1_max_pct = 30;
    policy.share.push_back(std::move(rule));
  }
  policy.metrics.push_back(std::move(metric));
}

Documents Many() {
  Documents documents;
  documents.charter = policy::CharterOf(policy::CharterText());
  documents.roster = policy::RosterOf(policy::RosterText());
  documents.roster.gateways.clear();
  documents.roster.gateways.push_back({.id = GatewayId("gw"), .zone = ZoneId("mill-lane")});
  documents.roster.parties.clear();
  for (int i = 0; i < kParties; ++i) {
    documents.roster.parties.push_back({.id = PartyId(Party(i)), .kind = "office"});
  }
  Policy& policy = documents.policy;
  policy.commons = documents.charter.commons;
  policy.version = 1;
  policy.issued = policy.activates = kBegin;
  policy.expires = kBegin + days(365);
  policy.time_zone = "Europe/London";
  policy.zone_levels = {"point", "building", "block", "neighbourhood", "district", "city"};
  policy.zones = {{.id = ZoneId("mill-lane"), .level = 3, .homes = 100}};
  for (int i = 0; i < kPurposes; ++i) {
    policy.purposes.push_back({Format("purpose-%d", i), Format("https://example.org/%d", i)});
  }
  for (int i = 0; i < kForbids; ++i) {
    const std::string purpose = Format("forbidden-%d", i);
    policy.purposes.push_back({purpose, "https://example.org/" + purpose, "coercive"});
    policy.forbid.push_back(
        {.id = RuleId(Format("f-%d", i)), .purposes = {purpose}, .reason = "so it was decided"});
  }
  for (int i = 0; i < kMetrics; ++i) AddMetric(policy, i);
  return documents;
}

// Half of them of a rule and by one of its recipients, the others by anybody for any purpose.
std::vector<Request> Requests(const Documents& documents) {
  const Policy& policy = documents.policy;
  std::mt19937_64 random(1);
  std::vector<Request> requests;
  for (int i = 0; i < kRequests; ++i) {
    const policy::ShareRule& rule = policy.share[random() % policy.share.size()];
    Request request;
    request.party = i % 2 == 0 ? PartyId(rule.to[random() % rule.to.size()])
                               : documents.roster.parties[random() % kParties].id;
    request.purpose =
        i % 2 == 0 ? rule.purpose : policy.purposes[random() % policy.purposes.size()].id;
    request.metric = rule.metric;
    request.stat = rule.stats[random() % rule.stats.size()];
    request.zone_level = rule.zone_level;
    request.bucket = rule.bucket;
    request.age = days(random() % 3);
    requests.push_back(std::move(request));
  }
  return requests;
}

std::string KeyOf(const Request& request) {
  std::string key = request.party.value();
  for (const std::string* part :
       {&request.purpose, &request.metric.value(), &request.stat, &request.zone_level}) {
    key += '|';
    key += *part;
  }
  key += Format("|%d|%d", request.bucket.count(), request.age.count());
  return key;
}

void BenchDecide() {
  const Documents documents = Many();
  const std::vector<Request> requests = Requests(documents);
  const Time now = kBegin + days(10);
  std::unordered_map<std::string, bool> table;
  std::size_t allowed = 0;
  for (const Request& request : requests) {
    const bool allows = policy::Evaluate(documents, request, now, true).allowed;
    table.emplace(KeyOf(request), allows);
    if (allows) ++allowed;
  }
  GW_CHECK(allowed > kRequests / 10 && allowed < kRequests);

  std::vector<double> ours, lookups, ratios, each;
  for (int pair = 0; pair < kPairs; ++pair) {
    std::size_t again = 0;
    ours.push_back(kRequests / SecondsOf([&] {
      for (const Request& request : requests) {
        if (policy::Evaluate(documents, request, now, true).allowed) ++again;
      }
    }));
    GW_CHECK(again == allowed);
    again = 0;
    lookups.push_back(kRequests / SecondsOf([&] {
      for (const Request& request : requests) {
        if (table.find(KeyOf(request))->second) ++again;
      }
    }));
    GW_CHECK(again == allowed);
    ratios.push_back(ours.back() / lookups.back());
  }
  for (const Request& request : requests) {
    each.push_back(1e6 * SecondsOf([&] { policy::Evaluate(documents, request, now, true); }));
  }
  std::sort(each.begin(), each.end());
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"policy.decide\",\"value\":%.0f,\"unit\":\"decisions/s\",\"baseline\":%.0f,"
      "\"baseline_name\":\"a hash lookup by one key of the request\",\"ratio\":%.3f,"
      "\"params\":{\"share_rules\":%zu,\"forbids\":%zu,\"parties\":%zu,\"requests\":%d,"
      "\"allowed\":%zu,\"us_p50\":%.1f,\"us_p99\":%.1f,\"pairs\":%d,\"ratio_min\":%.3f,"
      "\"ratio_max\":%.3f}}\n",
      Median(ours), Median(lookups), Median(ratios), documents.policy.share.size(),
      documents.policy.forbid.size(), documents.roster.parties.size(), kRequests, allowed,
      each[each.size() / 2], each[each.size() * 99 / 100], kPairs, *low, *high);
}

void BenchCompare() {
  const Documents before = Many();
  Documents ten = before;
  for (std::size_t i = 0; i < 10; ++i) ten.policy.share[i * 10].k_min += i % 2 == 0 ? 2 : -2;
  Documents all = before;
  for (policy::ShareRule& rule : all.policy.share) rule.age_min += hours(1);
  all.policy.forbid.pop_back();
  const std::string old_text = policy::ToYaml(before.policy);
  const std::string new_text = policy::ToYaml(ten.policy);

  std::vector<double> ours, parsing, ratios, of_all;
  std::size_t differences = 0;
  for (int pair = 0; pair < kPairs; ++pair) {
    ours.push_back(1e3 * SecondsOf([&] {
      const policy::Comparison comparison = policy::Compare(before, ten);
      GW_CHECK(comparison.order == policy::Order::kIncomparable);
      differences = comparison.differences.size();
    }));
    parsing.push_back(1e3 * SecondsOf([&] {
      GW_CHECK(policy::ParsePolicy(old_text).ok() && policy::ParsePolicy(new_text).ok());
    }));
    of_all.push_back(1e3 * SecondsOf([&] { policy::Compare(before, all); }));
    ratios.push_back(ours.back() / parsing.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"policy.compare\",\"value\":%.1f,\"unit\":\"ms\",\"baseline\":%.1f,"
      "\"baseline_name\":\"parsing the two documents\",\"ratio\":%.3f,"
      "\"params\":{\"share_rules\":%zu,\"changed\":10,\"parties\":%zu,\"differences\":%zu,"
      "\"document_bytes\":%zu,\"ms_if_every_rule_changed\":%.1f,\"pairs\":%d,\"ratio_min\":%.3f,"
      "\"ratio_max\":%.3f}}\n",
      Median(ours), Median(parsing), Median(ratios), before.policy.share.size(),
      before.roster.parties.size(), differences, new_text.size(), Median(of_all), kPairs, *low,
      *high);
}

// The versions that follow the first, each signed by Ana and Bo.
std::vector<std::string> Chain(const Documents& documents) {
  const crypto::Signer ana = policy::Ana();
  const crypto::Signer bo = policy::Bo();
  std::vector<std::string> chain;
  Policy next = documents.policy;
  for (int i = 0; i <= kVersions; ++i) {
    next.retain[0].keep = days(30 + i % 2);
    const std::string payload = policy::ToYaml(next);
    chain.push_back(policy::Signed(crypto::kPolicyType, payload, {&ana, &bo}));
    ++next.version;
    next.prev = crypto::Blake2b256(payload);
  }
  return chain;
}

// Each version by what was in force before it.
void VerifyAll(const std::vector<std::string>& chain, policy::StoredDocuments stored, Time now) {
  for (const std::string& envelope : chain) {
    auto activation = policy::VerifyDocuments(std::span(&envelope, 1), stored, now);
    GW_CHECK(activation.ok());
    stored.policy = std::move(activation->accepted.front().payload);
  }
}

void BenchChain() {
  const Documents documents = Many();
  const std::vector<std::string> all = Chain(documents);
  const std::vector<std::string> chain(all.begin() + 1, all.end());
  const auto first = crypto::ParseEnvelope(all.front());
  GW_CHECK(first.ok());
  const policy::StoredDocuments stored{policy::ToYaml(documents.charter), first->payload,
                                       policy::ToYaml(documents.roster)};
  std::vector<std::pair<std::string, crypto::Envelope>> signed_bytes;
  for (const std::string& bytes : chain) {
    auto envelope = crypto::ParseEnvelope(bytes);
    GW_CHECK(envelope.ok());
    signed_bytes.emplace_back(crypto::PreAuthEncoding(envelope->payload_type, envelope->payload),
                              *std::move(envelope));
  }
  std::vector<double> ours, signatures, ratios;
  for (int pair = 0; pair < kChainPairs; ++pair) {
    ours.push_back(1e3 * SecondsOf([&] { VerifyAll(chain, stored, kBegin + days(1)); }));
    signatures.push_back(1e3 * SecondsOf([&] {
      for (const auto& [bytes, envelope] : signed_bytes) {
        GW_CHECK(crypto::VerifySignature(policy::Ana().public_key(), bytes,
                                         envelope.signatures[0].signature));
        GW_CHECK(crypto::VerifySignature(policy::Bo().public_key(), bytes,
                                         envelope.signatures[1].signature));
      }
    }));
    ratios.push_back(ours.back() / signatures.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"policy.chain\",\"value\":%.1f,\"unit\":\"ms\",\"baseline\":%.1f,"
      "\"baseline_name\":\"the Ed25519 verifications alone\",\"ratio\":%.3f,"
      "\"params\":{\"versions\":%d,\"signatures\":%d,\"document_bytes\":%zu,\"pairs\":%d,"
      "\"ratio_min\":%.3f,\"ratio_max\":%.3f}}\n",
      Median(ours), Median(signatures), Median(ratios), kVersions, 2 * kVersions,
      first->payload.size(), kChainPairs, *low, *high);
}

int Main(std::string_view bench) {
  if (bench == "policy.decide") BenchDecide();
  if (bench == "policy.compare") BenchCompare();
  if (bench == "policy.chain") BenchChain();
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main(int argc, char** argv) { return gateway::bench::Main(argc > 1 ? argv[1] : ""); }
