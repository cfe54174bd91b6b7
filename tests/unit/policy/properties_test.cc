// What holds for all documents and requests: properties P1 to P6 and P8, and that grants do not touch
// each other. P7 stands in tests/oracle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gateway/policy/evaluate.h"
#include "gateway/policy/format.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/lint.h"
#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/policy_yaml.h"
#include "tests/unit/policy/random_policy.h"

namespace gateway::policy {
namespace {

using Random = std::mt19937_64;

constexpr int kRequests = 20;  // for each of the documents

// "OK a b" and the safeguards, so that two decisions can be compared and printed.
std::string Said(const Decision& decision) {
  std::string text(decision.code);
  for (const RuleId& rule : decision.rules) text += " " + rule.value();
  if (!decision.allowed) return text;
  const Safeguards& all = decision.safeguards;
  return text + Format(": k %d top %d %d round %d min %d redistribution %d coarsen %d %d within %d",
                       all.k_min, all.top1_max_pct, all.top2_max_pct, all.round_to,
                       all.min_count.value_or(0), all.redistribution, all.coarsen.step,
                       all.coarsen.every.count(), all.within.count());
}

std::string Texts(const Documents& documents) {
  return ToYaml(documents.charter) + ToYaml(documents.policy) + ToYaml(documents.roster);
}

template <typename Items>
void Shuffle(Items& items, Random& random) {
  std::shuffle(items.begin(), items.end(), random);
}

void ShuffleLists(Documents& documents, Random& random) {
  Policy& policy = documents.policy;
  Shuffle(policy.zones, random);
  Shuffle(policy.metrics, random);
  Shuffle(policy.purposes, random);
  Shuffle(policy.collect, random);
  Shuffle(policy.retain, random);
  Shuffle(policy.consent, random);
  Shuffle(policy.share, random);
  Shuffle(policy.forbid, random);
  Shuffle(policy.duty, random);
  for (ShareRule& rule : policy.share) {
    Shuffle(rule.stats, random);
    Shuffle(rule.to, random);
  }
  for (Forbid& forbid : policy.forbid) {
    Shuffle(forbid.purpose_groups, random);
    Shuffle(forbid.purposes, random);
    Shuffle(forbid.to, random);
    Shuffle(forbid.metrics, random);
    Shuffle(forbid.stats, random);
  }
  for (Duty& duty : policy.duty) {
    Shuffle(duty.to, random);
    Shuffle(duty.purposes, random);
  }
  Shuffle(documents.roster.gateways, random);
  Shuffle(documents.roster.parties, random);
  Shuffle(documents.charter.entrenched, random);
}

// Random documents, what `change` makes of them, and random requests: `check` gets what was said before
// and after.
void ForAll(uint64_t documents, const auto& change, const auto& check) {
  for (uint64_t seed = 0; seed < documents; ++seed) {
    Random random(seed);
    const Documents before = RandomDocuments(random);
    Documents after = before;
    if (!change(after, random)) continue;
    for (int i = 0; i < kRequests; ++i) {
      const Request request = RandomRequest(i % 2 == 0 ? before : after, random);
      const Time now = RandomTime(before, random);
      const Decision was = EvaluateRules(before, request, now);
      const Decision is = EvaluateRules(after, request, now);
      check(request, was, is);
      if (testing::Test::HasFailure()) {
        FAIL() << "seed " << seed << ": " << Said(was) << " became " << Said(is) << "\n"
               << Texts(before) << "became\n"
               << Texts(after);
      }
    }
  }
}

const auto kSame = [](const Request&, const Decision& was, const Decision& is) {
  EXPECT_EQ(Said(was), Said(is));
};

TEST(PropertiesTest, P1OrderOfListsNeverMatters) {
  ForAll(
      1'000,
      [](Documents& documents, Random& random) {
        ShuffleLists(documents, random);
        return true;
      },
      kSame);
}

TEST(PropertiesTest, P1OrderOfAdultsNeverMatters) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Documents documents = RandomDocuments(random);
    Request request{.action = Action::kConsent, .metric = documents.policy.metrics[0].id};
    for (int i = 0; i < 4; ++i) {
      request.adults.push_back(random() % 3 == 0 ? Voice::kSilent : Voice::kYes);
    }
    request.since = std::chrono::days(random() % 20);
    const std::string said = Said(EvaluateRules(documents, request, {}));
    Shuffle(request.adults, random);
    ASSERT_EQ(Said(EvaluateRules(documents, request, {})), said) << seed;
  }
}

// A forbid of other documents: whatever it may name.
void AddForbid(Documents& documents, Random& random) {
  Documents other;
  while (other.policy.forbid.empty()) other = RandomDocuments(random);
  other.policy.forbid[0].id = RuleId("forbid-more");
  documents.policy.forbid.push_back(other.policy.forbid[0]);
}

void RaiseFloor(Documents& documents, Random& random) {
  Floors& floors = documents.charter.floors;
  switch (random() % 6) {
    case 0: floors.k_min += 1 + static_cast<uint32_t>(random() % 8); break;
    case 1: floors.age_min += std::chrono::hours(1 + random() % 24); break;
    case 2: floors.top1_max_pct -= 1 + static_cast<uint32_t>(random() % 15); break;
    case 3: floors.zone_min_household = documents.policy.zone_levels.back(); break;
    case 4: floors.zone_min_sensitive = documents.policy.zone_levels.back(); break;
    default:
      floors.keep_max = std::min(floors.keep_max.value_or(std::chrono::days(60)),
                                 Millis(std::chrono::days(random() % 60)));
  }
}

const auto kNothingNew = [](const Request& request, const Decision& was, const Decision& is) {
  EXPECT_FALSE(!was.allowed && is.allowed) << ActionName(request.action);
};

TEST(PropertiesTest, P2OneMoreForbidAllowsNothing) {
  uint64_t refused = 0;
  ForAll(
      1'000,
      [](Documents& documents, Random& random) {
        AddForbid(documents, random);
        return true;
      },
      [&](const Request& request, const Decision& was, const Decision& is) {
        kNothingNew(request, was, is);
        refused += was.allowed && !is.allowed;
        // It says nothing about anything but releases.
        if (request.action != Action::kRelease) kSame(request, was, is);
      });
  EXPECT_GT(refused, 100u);
}

TEST(PropertiesTest, P2AHigherFloorAllowsNothing) {
  uint64_t refused = 0;
  ForAll(
      1'000,
      [](Documents& documents, Random& random) {
        RaiseFloor(documents, random);
        return true;
      },
      [&](const Request& request, const Decision& was, const Decision& is) {
        kNothingNew(request, was, is);
        refused += was.allowed && !is.allowed;
      });
  EXPECT_GT(refused, 100u);
}

TEST(PropertiesTest, P2AWithdrawalAllowsNothing) {
  uint64_t refused = 0;
  for (uint64_t seed = 0; seed < 4'000; ++seed) {
    Random random(seed);
    const Documents documents = RandomDocuments(random);
    Request request{.action = Action::kConsent, .metric = documents.policy.metrics[0].id};
    for (uint64_t i = 0, adults = 1 + random() % 3; i < adults; ++i) {
      request.adults.push_back(random() % 4 == 0 ? Voice::kSilent : Voice::kYes);
    }
    request.since = std::chrono::days(random() % 20);
    const Decision was = EvaluateRules(documents, request, {});
    Request less = request;
    Voice& voice = less.adults[random() % less.adults.size()];
    voice = voice == Voice::kYes && random() % 2 == 0 ? Voice::kSilent : Voice::kNo;
    if (random() % 4 == 0) less.adults.push_back(Voice::kNo);
    const Decision is = EvaluateRules(documents, less, {});
    ASSERT_FALSE(!was.allowed && is.allowed) << "seed " << seed << "\n" << Texts(documents);
    refused += was.allowed && !is.allowed;
  }
  EXPECT_GT(refused, 100u);
}

std::ptrdiff_t Refusals(const Documents& documents) {
  const std::vector<Finding> findings =
      Lint(documents.charter, documents.policy, documents.roster);
  return std::count_if(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.refuses; });
}

// One that differs from another in whom, what for and which figures it is.
bool AddShareRule(Documents& documents, Random& random) {
  Policy& policy = documents.policy;
  const Documents other = RandomDocuments(random);
  ShareRule rule = policy.share[random() % policy.share.size()];
  rule.id = RuleId("share-more");
  if (random() % 2 == 0) rule.to = other.policy.share[0].to;
  if (random() % 2 == 0) rule.stats = other.policy.share[0].stats;
  if (random() % 2 == 0) rule.purpose = policy.purposes[random() % policy.purposes.size()].id;
  if (random() % 2 == 0) rule.age_min += std::chrono::hours(random() % 3);
  if (random() % 4 == 0) rule.round_to = 10;
  const std::ptrdiff_t refusals = Refusals(documents);
  policy.share.push_back(std::move(rule));
  return Refusals(documents) == refusals;
}

TEST(PropertiesTest, P3OneMoreShareRuleThatLintAcceptsRefusesNothing) {
  uint64_t allowed = 0;
  ForAll(4'000, AddShareRule, [&](const Request& request, const Decision& was, const Decision& is) {
    EXPECT_FALSE(was.allowed && !is.allowed);
    allowed += !was.allowed && is.allowed;
    if (request.action != Action::kRelease) kSame(request, was, is);
  });
  EXPECT_GT(allowed, 20u);
}

// Whatever people read, and nobody computes with.
void ChangeWords(Documents& documents, Random& random) {
  Policy& policy = documents.policy;
  const auto line = [&] { return static_cast<int>(random() % 1'000); };
  const auto renumber = [&](auto& items) {
    for (auto& item : items) item.line = line();
  };
  renumber(policy.zones);
  renumber(policy.purposes);
  renumber(policy.collect);
  renumber(policy.retain);
  renumber(policy.consent);
  renumber(policy.share);
  renumber(policy.forbid);
  renumber(policy.duty);
  for (Zone& zone : policy.zones) zone.homes = static_cast<uint32_t>(random() % 100);
  for (Metric& metric : policy.metrics) metric.unit = "kWh";
  for (Purpose& purpose : policy.purposes) purpose.iri = "https://example.org/" + purpose.id;
  for (Forbid& forbid : policy.forbid) {
    forbid.reason = "another";
    forbid.entrenched = !forbid.entrenched;
  }
  for (Party& party : documents.roster.parties) party.kind = "researcher";
  policy.version += 1;
  policy.time_zone = "Europe/Paris";
  documents.charter.entrenched = {"share-0"};
  documents.charter.delays = {};
  documents.charter.policy.threshold = 1;
  ShuffleLists(documents, random);
}

TEST(PropertiesTest, P4WordsOrderAndHomesChangeNothing) {
  ForAll(
      1'000,
      [](Documents& documents, Random& random) {
        ChangeWords(documents, random);
        return true;
      },
      kSame);
}

TEST(PropertiesTest, P4WhatLeavesChangesOnlyByWhatIsSaidOfIt) {
  ForAll(
      500,
      [](Documents& documents, Random& random) {
        const Documents other = RandomDocuments(random);
        documents.policy.collect = other.policy.collect;
        documents.policy.retain = other.policy.retain;
        documents.policy.consent = other.policy.consent;
        documents.policy.duty = other.policy.duty;
        documents.charter.floors.keep_max = other.charter.floors.keep_max;
        return true;
      },
      [](const Request& request, const Decision& was, const Decision& is) {
        if (request.action == Action::kRelease) kSame(request, was, is);
      });
}

std::string Garbage(Random& random) {
  switch (random() % 6) {
    case 0: return "";
    case 1: return std::string(100'000, 'a');
    case 2: return std::string("\0\xff\xfe%s%n\x80", 9);
    case 3: return "public";
    default: {
      std::string bytes(random() % 40, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      return bytes;
    }
  }
}

Millis AnyLength(Random& random) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  const std::array<int64_t, 9> lengths = {kLeast, kLeast + 1, -1,    0,        1,
                                          kMost,  kMost - 1,  3'600'000, static_cast<int64_t>(random())};
  return Millis(lengths[random() % lengths.size()]);
}

TEST(PropertiesTest, P5AnyRequestAtAnyTimeGetsAnAnswer) {
  for (uint64_t seed = 0; seed < 5'000; ++seed) {
    Random random(seed);
    const Documents documents = seed % 50 == 0 ? Documents{} : RandomDocuments(random);
    Request request = RandomRequest(documents, random);
    // One field or all.
    const auto maybe = [&] { return random() % 3 == 0; };
    if (maybe()) request.action = static_cast<Action>(random() % 9);
    if (maybe()) request.party = PartyId(Garbage(random));
    if (maybe()) request.purpose = Garbage(random);
    if (maybe()) request.metric = MetricId(Garbage(random));
    if (maybe()) request.stat = Garbage(random);
    if (maybe()) request.zone_level = Garbage(random);
    if (maybe()) request.profile = Garbage(random);
    if (maybe()) request.rule = RuleId(Garbage(random));
    if (maybe()) request.bucket = AnyLength(random);
    if (maybe()) request.age = AnyLength(random);
    if (maybe()) request.since = AnyLength(random);
    if (maybe()) request.adults.assign(random() % 10'000, Voice::kYes);
    const Time now = maybe() ? Time(AnyLength(random)) : RandomTime(documents, random);
    Trace trace;
    const Decision decision = Evaluate(documents, request, now, true, &trace);
    ASSERT_EQ(decision.allowed, decision.code == "OK") << seed;
    ASSERT_TRUE(std::is_sorted(decision.rules.begin(), decision.rules.end())) << seed;
    // Explaining changes nothing.
    ASSERT_EQ(Said(Evaluate(documents, request, now, true)), Said(decision)) << seed;
  }
}

// A text that nobody laid out: line breaks inside of braces, and no spaces where none are needed.
std::string Untidy(std::string text, Random& random) {
  for (std::size_t at = text.find(", "); at != std::string::npos; at = text.find(", ", at + 1)) {
    if (random() % 8 == 0) text.replace(at, 2, ",\n           ");
    if (random() % 8 == 0) text.replace(at, 1, "  ,");
  }
  return text;
}

TEST(PropertiesTest, P6LaidOutAnewATextSaysTheSame) {
  uint64_t changed = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Documents documents = RandomDocuments(random);
    const auto tidy = [&](const std::string& text) {
      const std::string untidy = Untidy(text, random);
      const StatusOr<std::string> formatted = FormatDocument(untidy);
      EXPECT_TRUE(formatted.ok()) << formatted.status() << "\n" << untidy;
      if (!formatted.ok()) return std::string();
      const StatusOr<std::string> twice = FormatDocument(*formatted);
      EXPECT_EQ(twice.ok() ? *twice : "", *formatted);
      changed += *formatted != untidy;
      return *formatted;
    };
    const std::string policy = ToYaml(documents.policy);
    const std::string charter = ToYaml(documents.charter);
    const std::string roster = ToYaml(documents.roster);
    ASSERT_EQ(ToYaml(PolicyOf(tidy(policy))), policy) << seed;
    ASSERT_EQ(ToYaml(CharterOf(tidy(charter))), charter) << seed;
    ASSERT_EQ(ToYaml(RosterOf(tidy(roster))), roster) << seed;
  }
  EXPECT_GT(changed, 100u);
}

TEST(PropertiesTest, P8APolicyWithoutRulesAllowsNothingButRights) {
  uint64_t rights = 0;
  for (uint64_t seed = 0; seed < 1'000; ++seed) {
    Random random(seed);
    Documents documents = RandomDocuments(random);
    Policy& policy = documents.policy;
    std::vector<Request> requests;
    for (int i = 0; i < kRequests; ++i) requests.push_back(RandomRequest(documents, random));
    policy.collect.clear();
    policy.retain.clear();
    policy.consent.clear();
    policy.share.clear();
    policy.duty.clear();
    if (seed % 2 == 0) documents = {};
    for (const Request& request : requests) {
      const Decision decision = EvaluateRules(documents, request, RandomTime(documents, random));
      ASSERT_EQ(decision.allowed, request.action == Action::kRight) << Said(decision);
      rights += decision.allowed;
    }
  }
  EXPECT_GT(rights, 100u);
}

// ---- Grants. ----

Grant RandomGrant(const Policy& policy, Random& random) {
  Grant grant;
  grant.commons = random() % 10 == 0 ? "lakeside" : policy.commons;
  const auto some = [&] { return random() % 2 == 0; };
  for (const Metric& metric : policy.metrics) {
    if (some()) grant.metrics.push_back(metric.id.value());
  }
  for (const Purpose& purpose : policy.purposes) {
    if (some()) grant.purposes.push_back(purpose.iri);
  }
  for (const char* const party : {"city-hall", "university", "peers", "members", "public"}) {
    if (random() % 4 != 0) grant.recipients.emplace_back(party);
  }
  grant.zone_min = static_cast<uint32_t>(random() % 3);
  grant.bucket_min = std::chrono::minutes(random() % 2 == 0 ? 15 : 60);
  grant.age_min = std::chrono::hours(random() % 2);
  return grant;
}

// Which share rules the grants of one adult let the household's readings into, grant by grant.
std::vector<std::vector<bool>> LetInto(const std::vector<Grant>& grants, const Policy& policy) {
  std::vector<std::vector<bool>> all;
  for (const Grant& grant : grants) {
    std::vector<bool>& covered = all.emplace_back();
    for (const ShareRule& rule : policy.share) covered.push_back(Covers(grant, rule, policy));
  }
  return all;
}

TEST(GrantIsolationTest, AGrantCoversTheSameWithoutAnotherBeforeItOrAfterIt) {
  uint64_t pairs = 0, covered = 0;
  for (uint64_t seed = 0; seed < 1'500; ++seed) {
    Random random(seed);
    const Policy policy = RandomDocuments(random).policy;
    std::vector<Grant> grants;
    for (int i = 0; i < 4; ++i) grants.push_back(RandomGrant(policy, random));
    for (const Grant& a : grants) {
      for (const Grant& b : grants) {
        const std::vector<bool> alone = LetInto({b}, policy)[0];
        ASSERT_EQ(LetInto({a, b}, policy)[1], alone) << seed;
        ASSERT_EQ(LetInto({b, a}, policy)[0], alone) << seed;
        covered += static_cast<uint64_t>(std::count(alone.begin(), alone.end(), true));
        ++pairs;
      }
    }
  }
  EXPECT_EQ(pairs, 1'500u * 16);
  EXPECT_GT(covered, 1'000u);
}

TEST(GrantIsolationTest, AGrantNeverCoversAnotherPurposeMetricOrRecipient) {
  uint64_t covered = 0;
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    Random random(seed);
    const Policy policy = RandomDocuments(random).policy;
    const Grant grant = RandomGrant(policy, random);
    for (const ShareRule& rule : policy.share) {
      if (!Covers(grant, rule, policy)) continue;
      ++covered;
      EXPECT_THAT(grant.metrics, testing::Contains(rule.metric.value()));
      EXPECT_THAT(grant.purposes, testing::Contains(policy.FindPurpose(rule.purpose)->iri));
      for (const std::string& to : rule.to) EXPECT_THAT(grant.recipients, testing::Contains(to));
    }
  }
  EXPECT_GT(covered, 100u);
}

}  // namespace
}  // namespace gateway::policy
