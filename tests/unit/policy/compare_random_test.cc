// Compare against brute force: what it says of two policies is held against what they answer.
#include <gtest/gtest.h>

#include <cstdlib>

#include "gateway/policy/compare.h"
#include "tests/unit/policy/policy_yaml.h"
#include "tests/unit/policy/random_policy.h"

namespace gateway::policy {
namespace {

// So many pairs of policies; `slow.compare` asks for more.
uint64_t Pairs() {
  const char* const wanted = std::getenv("COMMONS_COMPARE_PAIRS");
  return wanted == nullptr ? 400 : std::strtoull(wanted, nullptr, 10);
}

// Most times one is made from the other: two independent ones would hardly ever be comparable.
struct Pair {
  explicit Pair(uint64_t seed) : random(seed), before(RandomDocuments(random)) {
    after = seed % 8 == 0 ? RandomDocuments(random) : RandomChange(before, random);
  }
  std::mt19937_64 random;
  Documents before, after;
};

std::string Texts(const Pair& pair) {
  std::string texts;
  for (const Documents* documents : {&pair.before, &pair.after}) {
    texts += ToYaml(documents->charter) + ToYaml(documents->roster) + ToYaml(documents->policy);
  }
  return texts;
}

Order OrderAt(const Pair& pair, const Request& request, Time at) {
  return OrderOf(request.action, EvaluateRules(pair.before, request, at),
                 EvaluateRules(pair.after, request, at));
}

bool Includes(Order whole, Order part) { return Combined(whole, part) == whole; }

TEST(CompareRandomTest, NoRequestContradictsTheVerdict) {
  for (uint64_t seed = 0; seed < Pairs(); ++seed) {
    Pair pair(seed);
    const Order verdict = Compare(pair.before, pair.after).order;
    for (int i = 0; i < 200; ++i) {
      const Documents& of = i % 2 == 0 ? pair.before : pair.after;
      const Request request = RandomRequest(of, pair.random);
      const Time at = RandomTime(of, pair.random);
      ASSERT_TRUE(Includes(verdict, OrderAt(pair, request, at)))
          << "seed " << seed << ": " << OrderName(verdict) << ", but a request for "
          << ActionName(request.action) << " is " << OrderName(OrderAt(pair, request, at)) << "\n"
          << Texts(pair);
    }
  }
}

TEST(CompareRandomTest, EveryWitnessShowsItsDifference) {
  for (uint64_t seed = 0; seed < Pairs(); ++seed) {
    const Pair pair(seed);
    const Comparison comparison = Compare(pair.before, pair.after);
    Order all = Order::kEqual;
    for (const Difference& difference : comparison.differences) {
      all = Combined(all, difference.order);
      if (!difference.witness) continue;
      ASSERT_EQ(OrderAt(pair, *difference.witness, difference.at), difference.order)
          << "seed " << seed << ": " << difference.what << "\n" << Texts(pair);
    }
    ASSERT_EQ(all, comparison.order) << "seed " << seed;
  }
}

TEST(CompareRandomTest, WhatIsTighterOneWayIsLooserTheOther) {
  constexpr Order kSwapped[] = {Order::kEqual, Order::kLooser, Order::kTighter,
                                Order::kIncomparable};
  for (uint64_t seed = 0; seed < Pairs(); ++seed) {
    const Pair pair(seed);
    const Order one_way = Compare(pair.before, pair.after).order;
    const Order other_way = Compare(pair.after, pair.before).order;
    ASSERT_EQ(other_way, kSwapped[static_cast<std::size_t>(one_way)]) << "seed " << seed;
  }
}

template <typename Items>
void Shuffle(Items& items, std::mt19937_64& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

TEST(CompareRandomTest, OrderOfListsIsNoDifference) {
  for (uint64_t seed = 0; seed < Pairs(); ++seed) {
    Pair pair(seed);
    const Order verdict = Compare(pair.before, pair.after).order;
    Documents shuffled = pair.after;
    Policy& policy = shuffled.policy;
    Shuffle(policy.zones, pair.random);
    Shuffle(policy.metrics, pair.random);
    Shuffle(policy.purposes, pair.random);
    Shuffle(policy.collect, pair.random);
    Shuffle(policy.retain, pair.random);
    Shuffle(policy.consent, pair.random);
    Shuffle(policy.share, pair.random);
    Shuffle(policy.forbid, pair.random);
    Shuffle(policy.duty, pair.random);
    for (ShareRule& rule : policy.share) {
      Shuffle(rule.stats, pair.random);
      Shuffle(rule.to, pair.random);
    }
    for (Forbid& forbid : policy.forbid) Shuffle(forbid.to, pair.random);
    ASSERT_EQ(Compare(pair.after, shuffled).order, Order::kEqual) << "seed " << seed;
    ASSERT_EQ(Compare(pair.before, shuffled).order, verdict) << "seed " << seed;
  }
}

// So that the properties above are not empty.
TEST(CompareRandomTest, EveryVerdictOccurs) {
  std::size_t seen[4] = {};
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Pair pair(seed);
    ++seen[static_cast<std::size_t>(Compare(pair.before, pair.after).order)];
  }
  for (const std::size_t count : seen) EXPECT_GT(count, 20u);
}

}  // namespace
}  // namespace gateway::policy
