#include "tests/unit/policy/random_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/policy_yaml.h"

namespace gateway::policy {
namespace {

TEST(RandomPolicyTest, DocumentsParseToThemselves) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const Documents documents = RandomChange(RandomDocuments(random), random);
    EXPECT_EQ(ToYaml(CharterOf(ToYaml(documents.charter))), ToYaml(documents.charter));
    EXPECT_EQ(ToYaml(PolicyOf(ToYaml(documents.policy))), ToYaml(documents.policy));
    EXPECT_EQ(ToYaml(RosterOf(ToYaml(documents.roster))), ToYaml(documents.roster));
  }
}

TEST(RandomPolicyTest, WorkedExampleSurvivesBeingSpelled) {
  const std::string text = ToYaml(PolicyOf(PolicyText()));
  EXPECT_EQ(ToYaml(PolicyOf(text)), text);
  EXPECT_EQ(ToYaml(CharterOf(ToYaml(CharterOf(CharterText())))), ToYaml(CharterOf(CharterText())));
}

// A generator that never asks what is allowed would let every property hold.
TEST(RandomPolicyTest, EveryAnswerOccurs) {
  std::set<std::string> answers;
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    std::mt19937_64 random(seed);
    const Documents documents = RandomDocuments(random);
    for (int i = 0; i < 10; ++i) {
      const Request request = RandomRequest(documents, random);
      const Time now = RandomTime(documents, random);
      const Decision decision = EvaluateRules(documents, request, now);
      answers.insert(Format("%s %s", ActionName(request.action), decision.code));
    }
  }
  EXPECT_THAT(answers,
              testing::UnorderedElementsAre(
                  "release OK", "release BAD_REQUEST", "release UNKNOWN_PARTY",
                  "release PURPOSE_REQUIRED", "release UNKNOWN_PURPOSE", "release FORBIDDEN",
                  "release FLOOR", "release NOT_PERMITTED", "release GRANULARITY",
                  "release TOO_EARLY", "release EXPIRED_RULE", "collect OK", "collect BAD_REQUEST",
                  "collect NOT_COLLECTED", "collect NOT_KEPT", "keep OK", "keep BAD_REQUEST",
                  "keep NOT_KEPT", "consent OK", "consent BAD_REQUEST", "consent NO_CONSENT",
                  "answer OK", "answer NO_DUTY", "publish OK", "publish NO_DUTY", "right OK"));
}

}  // namespace
}  // namespace gateway::policy
