#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/policy/compare.h"
#include "tests/unit/policy/compare_fixtures.h"

namespace gateway::policy {
namespace {

using std::chrono::days;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EntrenchedTest, EntrenchedRuleIsTouchedWhenItSaysSomethingElse) {
  const auto touched = [](const Change& change) {
    return EntrenchedTouched(Riverside(), Changed(Riverside(), change));
  };
  EXPECT_THAT(touched([](Documents& d) { d.policy.forbid.erase(d.policy.forbid.begin()); }),
              ElementsAre("f-coercive"));
  EXPECT_THAT(touched([](Documents& d) { d.policy.forbid[0].to = {"city-hall"}; }),
              ElementsAre("f-coercive"));
  EXPECT_THAT(touched([](Documents& d) { d.policy.forbid[0].entrenched = false; }),
              ElementsAre("f-coercive"));
  EXPECT_THAT(touched([](Documents& d) { d.policy.forbid[0].id = RuleId("f-other"); }),
              ElementsAre("f-coercive"));
  // It does not matter who else may be asked: the new charter may name fewer.
  EXPECT_THAT(touched([](Documents& d) {
                d.charter.entrenched.clear();
                d.policy.forbid.clear();
              }),
              ElementsAre("f-coercive"));
}

TEST(EntrenchedTest, EntrenchedRuleIsNotTouchedByItsPlaceOrItsReason) {
  const Documents after = Changed(Riverside(), [](Documents& d) {
    std::swap(d.policy.forbid[0], d.policy.forbid[1]);
    d.policy.forbid[1].reason = "said otherwise";
    d.policy.forbid[1].line = 7;
    d.policy.forbid[0].zone_below = "city";  // not entrenched
    d.policy.purposes.push_back({"spying", "https://x", "coercive"});
  });
  EXPECT_THAT(EntrenchedTouched(Riverside(), after), IsEmpty());
}

TEST(EntrenchedTest, EntrenchedForbidIsTouchedWhenAPurposeLeavesItsGroup) {
  const Documents left =
      Changed(Riverside(), [](Documents& d) { d.policy.purposes[2].group = ""; });
  EXPECT_THAT(EntrenchedTouched(Riverside(), left), ElementsAre("f-coercive"));
  const Documents dropped =
      Changed(Riverside(), [](Documents& d) { d.policy.purposes.pop_back(); });
  EXPECT_THAT(EntrenchedTouched(Riverside(), dropped), ElementsAre("f-coercive"));
}

TEST(EntrenchedTest, EntrenchedForbidIsTouchedWhenALevelIsNoLongerBelowItsLimit) {
  const Change entrenched = [](Documents& d) { d.policy.forbid[1].entrenched = true; };
  const Documents before = Changed(Riverside(), entrenched);
  const Documents after = Changed(
      before, [](Documents& d) { std::swap(d.policy.zone_levels[1], d.policy.zone_levels[2]); });
  EXPECT_THAT(EntrenchedTouched(before, after), ElementsAre("f-fine"));
  const Documents finer = Changed(before, [](Documents& d) {
    d.policy.zone_levels.insert(d.policy.zone_levels.begin(), "room");
  });
  EXPECT_THAT(EntrenchedTouched(before, finer), IsEmpty());
}

TEST(EntrenchedTest, AnyRuleMayBeEntrenchedByTheCharter) {
  const Change all = [](Documents& d) {
    d.charter.entrenched = {"collect-load", "keep-load", "consent-load", "load-hourly", "d-answer"};
  };
  const Documents before = Changed(Riverside(), all);
  const Documents after = Changed(before, [](Documents& d) {
    d.policy.collect[0].profile = "sck";
    d.policy.retain[0].keep = days(1);
    d.policy.consent[0].reconfirm = days(365);
    d.policy.share[0].k_min = 11;
    d.policy.duty[0].within = days(1);
  });
  EXPECT_THAT(EntrenchedTouched(before, after),
              ElementsAre("collect-load", "consent-load", "d-answer", "keep-load", "load-hourly"));
}

}  // namespace
}  // namespace gateway::policy
