#include "gateway/policy/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/model/time.h"
#include "tests/unit/policy/lifecycle_fixture.h"

namespace gateway::policy {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr DocumentKind kCharter = DocumentKind::kCharter, kPolicy = DocumentKind::kPolicy,
                       kRoster = DocumentKind::kRoster;
constexpr Millis kMoment{1};

std::string Tighter() { return WithK(NextOf(PolicyText()), 12); }
std::string Looser() { return WithK(NextOf(PolicyText()), 8); }
// More of one thing, less of another.
std::string Mixed() {
  return Replaced(Replaced(Looser(), "top1_max_pct: 30", "top1_max_pct: 25"), "top1_max_pct: 30",
                  "top1_max_pct: 25");
}
std::string Disentrenched() {
  return NextOf(PolicyText(), "purpose_group: [coercive]", "purpose: [mobility]");
}

// Due exactly at `due`, and not a moment before.
void ExpectDueAt(const World& world, const std::string& envelope, Time due) {
  const auto standing = world.Judged(envelope);
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_EQ(FormatTime(standing->due), FormatTime(due));
  if (due > world.now) {
    ExpectRefused(world.Tried(envelope, due - kMoment).status(), StatusCode::kFailedPrecondition,
                  "its notice: " + FormatTime(due));
  }
  const auto taken = world.Tried(envelope, due);
  EXPECT_TRUE(taken.ok()) << taken.status();
}

TEST(LifecycleTest, GOV12_TheNoticeIsThatOfTheChange) {
  const World world;
  ExpectDueAt(world, Envelope(kPolicy, Tighter(), {1}), world.now);
  ExpectDueAt(world, Envelope(kPolicy, NextOf(PolicyText()), {1}), world.now);
  ExpectDueAt(world, Envelope(kPolicy, Looser(), {0, 1}), world.now + days(14));
  ExpectDueAt(world, Envelope(kPolicy, Mixed(), {0, 1}), world.now + days(21));
  ExpectDueAt(world, Envelope(kPolicy, Disentrenched(), {0, 1}), world.now + days(42));
  ExpectDueAt(world, Envelope(kRoster, NextOf(RosterText()), {0, 1}), world.now);
}

TEST(LifecycleTest, GOV12_OneSignatureIsEnoughOnlyForWhatIsTighter) {
  const World world;
  const auto tighter = world.Judged(Envelope(kPolicy, Tighter(), {1}));
  ASSERT_TRUE(tighter.ok()) << tighter.status();
  EXPECT_EQ(tighter->stage, Stage::kDue);
  EXPECT_EQ(tighter->comparison.order, Order::kTighter);
  EXPECT_THAT(tighter->counts.at(0).signers, ElementsAre("k1"));
  EXPECT_EQ(tighter->counts.at(0).needed, 1u);
  EXPECT_THAT(tighter->waits_for, IsEmpty());

  const std::string looser = Envelope(kPolicy, Looser(), {1});
  const auto standing = world.Judged(looser);
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_EQ(standing->stage, Stage::kProposed);
  EXPECT_EQ(standing->waits_for, "policy: 1 of 2 signatures (k1)");
  ExpectRefused(world.Tried(looser, world.now + days(60)).status(),
                StatusCode::kFailedPrecondition, "version 2 waits for policy: 1 of 2");
}

TEST(LifecycleTest, GOV12_AnEntrenchedRuleNeedsTheChartersThresholdToo) {
  const World world({.charter = {{2, 3, 4}, 2}});
  const std::string by_policy = Envelope(kPolicy, Disentrenched(), {0, 1});
  const auto standing = world.Judged(by_policy);
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_THAT(standing->entrenched, ElementsAre("f-coercive"));
  EXPECT_EQ(standing->waits_for, "charter: 0 of 2 signatures (nobody)");
  ExpectDueAt(world, Envelope(kPolicy, Disentrenched(), {0, 1, 3, 4}), world.now + days(42));
}

TEST(LifecycleTest, GOV11_TheNoticeBeginsWhenThisGatewaySawItWhateverThePaperSays) {
  World world;
  const std::string back_dated = Envelope(
      kPolicy, Replaced(Looser(), "issued: 2012-01-01T00:00:00Z", "issued: 2011-01-01T00:00:00Z"),
      {0, 1});
  ExpectDueAt(world, back_dated, world.now + days(14));
  world.now += days(3);
  ExpectDueAt(world, back_dated, world.now + days(14));
}

TEST(LifecycleTest, ADocumentNeverTakesEffectBeforeItsOwnActivates) {
  const World world;
  const auto activating = [](const std::string& text, const char* at) {
    return Envelope(kPolicy, Replaced(text, "activates: 2012-01-01T00:00:00Z",
                                      std::string("activates: ") + at), {0, 1});
  };
  const std::string later = activating(Looser(), "2013-06-01T00:00:00Z");
  EXPECT_EQ(world.Judged(later)->due, At("2013-06-01T00:00:00Z"));
  ExpectRefused(world.Tried(later, At("2013-05-31T23:59:59Z")).status(),
                StatusCode::kFailedPrecondition, "its own `activates`: 2013-06-01T00:00:00Z");
  EXPECT_TRUE(world.Tried(later, At("2013-06-01T00:00:00Z")).ok());
  // Nor does a later date of its own shorten the notice.
  ExpectDueAt(world, activating(Looser(), "2013-01-14T00:00:00Z"), world.now + days(14));
  EXPECT_EQ(world.Judged(activating(Tighter(), "2013-01-14T00:00:00Z"))->stage, Stage::kScheduled);
}

TEST(LifecycleTest, ACharterWaitsUnlessItIsARotation) {
  const World world;
  CharterSpec next{.version = 2, .previous = world.stored.charter};
  next.policy = {{3, 4, 5}, 2};
  ExpectDueAt(world, Envelope(kCharter, CharterYaml(next), {0, 1}), world.now);
  next.policy.threshold = 1;
  ExpectDueAt(world, Envelope(kCharter, CharterYaml(next), {0, 1}), world.now + days(28));
}

TEST(LifecycleTest, ACharterIsNoShorterWayAroundWhatIsEntrenched) {
  const World world;
  CharterSpec next{.version = 2, .previous = world.stored.charter};
  next.rest = "entrenched: []\ngrace: P7D\n";
  const std::string dropped = Envelope(kCharter, CharterYaml(next), {0, 1});
  EXPECT_THAT(world.Judged(dropped)->entrenched, ElementsAre("f-coercive"));
  ExpectDueAt(world, dropped, world.now + days(42));
  next.rest = world.spec.rest;
  next.delays = "{looser: P14D, incomparable: P21D, entrenched: P14D, charter: P28D}";
  ExpectDueAt(world, Envelope(kCharter, CharterYaml(next), {0, 1}), world.now + days(42));
}

TEST(LifecycleTest, TheDelaysAreThoseOfTheCharterInForce) {
  const World world;
  CharterSpec next{.version = 2, .previous = world.stored.charter};
  next.delays = "{looser: P8D, incomparable: P8D, entrenched: P42D, charter: P8D}";
  ExpectDueAt(world, Envelope(kCharter, CharterYaml(next), {0, 1}), world.now + days(28));
}

TEST(LifecycleTest, GOV13_EnoughObjectionsRaiseTheThresholdAndTheNotice) {
  World world({.rest = "objection: {quorum_pct: 10, threshold: 3, extra: P14D}\ngrace: P7D\n"});
  const std::string two = Envelope(kPolicy, Looser(), {0, 1});
  const std::string three = Envelope(kPolicy, Looser(), {0, 1, 2});
  world.voices = {.households = 21, .objecting = 2};  // 9.5 %
  ExpectDueAt(world, two, world.now + days(14));
  world.voices = {.households = 20, .objecting = 2};
  const auto objected = world.Judged(two);
  ASSERT_TRUE(objected.ok()) << objected.status();
  EXPECT_TRUE(objected->objected);
  EXPECT_EQ(objected->stage, Stage::kObjected);
  EXPECT_EQ(objected->waits_for, "policy: 2 of 3 signatures (k0, k1)");
  ExpectRefused(world.Tried(two, world.now + days(60)).status(), StatusCode::kFailedPrecondition,
                "policy: 2 of 3 signatures");
  EXPECT_EQ(world.Judged(three)->stage, Stage::kScheduled);
  ExpectDueAt(world, three, world.now + days(28));
}

TEST(LifecycleTest, AnObjectionHoldsUpNothingThatTightensOrRotates) {
  World world({.rest = "objection: {quorum_pct: 10, threshold: 3, extra: P14D}\ngrace: P7D\n"});
  world.voices = {.households = 2, .objecting = 2};
  ExpectDueAt(world, Envelope(kPolicy, Tighter(), {0}), world.now);
  const std::string rotation = CharterYaml({.version = 2,
                                            .previous = world.stored.charter,
                                            .policy = {{3, 4, 5}, 2},
                                            .rest = world.spec.rest});
  ExpectDueAt(world, Envelope(kCharter, rotation, {0, 1}), world.now);
  ExpectDueAt(world, Envelope(kRoster, NextOf(RosterText()), {0, 1}), world.now);
}

// Rules that end later permit more, though no request shows it.
TEST(LifecycleTest, OneSignatureDoesNotMakeRulesLastLonger) {
  const World world;
  const auto judged = [&](const char* expires) {
    return world.Judged(Envelope(
        kPolicy, NextOf(PolicyText(), "expires: 2100-01-01T00:00:00Z", expires), {0}));
  };
  EXPECT_EQ(judged("expires: 2099-12-31T00:00:00Z")->stage, Stage::kDue);
  EXPECT_EQ(judged("expires: 2100-01-01T00:00:01Z")->waits_for,
            "policy: 1 of 2 signatures (k0)");
}

TEST(LifecycleTest, ObjectionsThatAskForMoreKeysThanThereAreNeverMeanNobody) {
  World world({.rest = "objection: {quorum_pct: 10, threshold: 9, extra: P14D}\ngrace: P7D\n"});
  world.voices = {.households = 2, .objecting = 2};
  ExpectRefused(world.Judged(Envelope(kPolicy, Looser(), {0, 1, 2})).status(),
                StatusCode::kInvalidArgument, "L65: objection: threshold 9 must be 2");
}

class AssemblyTest : public testing::Test {
 protected:
  AssemblyTest() {
    next_.version = 2;
    next_.previous = world_.stored.charter;
    next_.charter = next_.policy = next_.roster = {{5, 6, 7}, 2};
    next_.rest = world_.spec.rest;
    world_.voices = {.households = 10, .approving = 5};
  }
  std::string New(const Numbers& signers) const {
    return Envelope(kCharter, CharterYaml(next_), signers);
  }
  World world_{{.rest = "assembly: {quorum_pct: 50, notice: P60D}\ngrace: P7D\n"}};
  CharterSpec next_;
};

TEST_F(AssemblyTest, HalfOfTheHouseholdsReplaceStewardsWhoLostTheirKeys) {
  const auto standing = world_.Judged(New({5, 6}));
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_TRUE(standing->by_assembly);
  ExpectDueAt(world_, New({5, 6}), world_.now + days(60));
  // One of the old stewards is not enough, but does no harm.
  ExpectDueAt(world_, New({0, 5, 6}), world_.now + days(60));
}

TEST_F(AssemblyTest, FewerHouseholdsDoNot) {
  world_.voices.approving = 4;
  const auto standing = world_.Judged(New({5, 6}));
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_FALSE(standing->by_assembly);
  EXPECT_EQ(standing->waits_for,
            "charter in force: 0 of 2 signatures (nobody); or the approval of 5 of 10 households "
            "instead of the charter in force: 4 so far");
  ExpectRefused(world_.Tried(New({5, 6}), world_.now + days(365)).status(),
                StatusCode::kFailedPrecondition, "charter in force: 0 of 2");
}

TEST_F(AssemblyTest, TheNewStewardsMustSignAllTheSame) {
  ExpectRefused(world_.Tried(New({5}), world_.now + days(365)).status(),
                StatusCode::kFailedPrecondition, "new charter: 1 of 2 signatures (k5)");
  ExpectRefused(world_.Judged(New({3, 4})).status(), StatusCode::kPermissionDenied,
                "charter: no valid signature of its role");
}

TEST_F(AssemblyTest, WithoutSuchARuleNobodyCan) {
  World world;
  world.voices = world_.voices;
  next_.previous = world.stored.charter;
  ExpectRefused(world.Judged(New({5, 6})).status(), StatusCode::kPermissionDenied,
                "no valid signature of its role; may sign: k0, k1, k2");
}

TEST_F(AssemblyTest, NoHouseholdsAreNoAssembly) {
  world_.voices = {};
  ExpectRefused(world_.Tried(New({5, 6}), world_.now + days(365)).status(),
                StatusCode::kFailedPrecondition, "charter in force: 0 of 2");
}

TEST_F(AssemblyTest, TheOldStewardsSignaturesMakeItAnOrdinaryChange) {
  const auto standing = world_.Judged(New({0, 1, 5, 6}));
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_FALSE(standing->by_assembly);
  EXPECT_EQ(standing->stage, Stage::kDue);  // a rotation
}

TEST(LifecycleTest, GOV20_ARetiredKeyCountsForNothing) {
  World world;
  const std::string two = Envelope(kPolicy, Looser(), {0, 1});
  world.voices.retired = {Steward(1).public_key()};
  EXPECT_EQ(world.Judged(two)->waits_for, "policy: 1 of 2 signatures (k0)");
  ExpectDueAt(world, Envelope(kPolicy, Looser(), {0, 1, 2}), world.now + days(14));
  ExpectRefused(world.Judged(Envelope(kPolicy, Looser(), {1})).status(),
                StatusCode::kPermissionDenied, "policy: no valid signature of its role");
}

TEST(LifecycleTest, GOV20_ARoleBelowItsThresholdIsFrozenUntilTheCharterRotates) {
  World world({.charter = {{3, 4, 5}, 2}});
  world.voices.retired = {Steward(1).public_key(), Steward(2).public_key()};
  ExpectRefused(world.Judged(Envelope(kPolicy, Looser(), {0, 1, 2})).status(),
                StatusCode::kFailedPrecondition,
                "policy: frozen: 2 of its 3 keys are retired and 2 signatures are needed");
  ExpectDueAt(world, Envelope(kPolicy, Tighter(), {0}), world.now);  // for which one is enough
  const auto rotated = world.Tried(
      Envelope(kCharter, CharterYaml({.version = 2,
                                      .previous = world.stored.charter,
                                      .charter = {{3, 4, 5}, 2},
                                      .policy = {{0, 6, 7}, 2}}), {3, 4}), world.now);
  ASSERT_TRUE(rotated.ok()) << rotated.status();
  world.Take(*rotated);
  ExpectDueAt(world, Envelope(kPolicy, Looser(), {6, 7}), world.now + days(14));
}

TEST(LifecycleTest, GOV20_AFrozenCharterRoleNeedsAnAssembly) {
  World world;
  world.voices.retired = {Steward(0).public_key(), Steward(1).public_key()};
  CharterSpec next{.version = 2, .previous = world.stored.charter};
  ExpectRefused(world.Judged(Envelope(kCharter, CharterYaml(next), {0, 1, 2})).status(),
                StatusCode::kFailedPrecondition, "charter in force: frozen: 2 of its 3 keys");
}

TEST(LifecycleTest, GOV15_BesideAnExpiredDocumentNothingLooserTakesEffect) {
  World world;
  world.stored.policy = Replaced(PolicyText(), "expires: 2100", "expires: 2013");
  ASSERT_EQ(PolicyOf(world.stored.policy).expires, At("2013-01-01T00:00:00Z"));
  const std::string renewed = NextOf(world.stored.policy, "expires: 2013", "expires: 2100");
  const std::string looser = WithK(renewed, 8);
  const auto standing = world.Judged(Envelope(kPolicy, looser, {0, 1}));
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_EQ(standing->stage, Stage::kScheduled);
  ExpectRefused(world.Tried(Envelope(kPolicy, looser, {0, 1}), world.now + days(60)).status(),
                StatusCode::kFailedPrecondition,
                "a renewal of the policy in force: it is expired, and until then nothing looser");
  CharterSpec next{.version = 2, .previous = world.stored.charter, .policy = {{0, 1, 2}, 1}};
  ExpectRefused(
      world.Tried(Envelope(kCharter, CharterYaml(next), {0, 1}), world.now + days(60)).status(),
      StatusCode::kFailedPrecondition, "a renewal of the policy");
  ExpectDueAt(world, Envelope(kPolicy, renewed, {0, 1}), world.now);
  ExpectDueAt(world, Envelope(kPolicy, WithK(renewed, 12), {0, 1}),
              world.now);
}

TEST(LifecycleTest, GOV15_PastTheChartersGraceOnlyAnotherCharterTakesEffect) {
  World world({.expires = "2013-01-10T00:00:00Z"});
  const std::string tighter = Envelope(kPolicy, Tighter(), {0});
  ExpectDueAt(world, tighter, world.now);  // in grace
  const std::string roster = Envelope(kRoster, NextOf(RosterText()), {0, 1});
  const Time end = At("2013-01-17T00:00:00Z");
  EXPECT_TRUE(world.Tried(tighter, end - kMoment).ok());
  for (const std::string& envelope : {tighter, roster}) {
    ExpectRefused(world.Tried(envelope, end).status(), StatusCode::kFailedPrecondition,
                  "a new charter: the one in force expired at 2013-01-10");
  }
  const std::string rotation = CharterYaml({.version = 2, .previous = world.stored.charter});
  EXPECT_TRUE(world.Tried(Envelope(kCharter, rotation, {0, 1}), end).ok());
}

TEST(LifecycleTest, AnAssemblyCanReplaceACharterThatExpired) {
  const char* const rest = "assembly: {quorum_pct: 50, notice: P60D}\ngrace: P7D\n";
  World world({.expires = "2013-01-01T00:00:00Z", .rest = rest});
  world.voices = {.households = 10, .approving = 5};
  const std::string text = CharterYaml({.version = 2,
                                        .previous = world.stored.charter,
                                        .charter = {{5, 6, 7}, 1},
                                        .rest = rest});
  ExpectDueAt(world, Envelope(kCharter, text, {5}), world.now + days(60));
}

TEST(LifecycleTest, WhatExpiresBeforeItCouldTakeEffectIsNoProposal) {
  const World world;
  const auto expiring = [&](const std::string& text, const char* at) {
    return world.Judged(Envelope(
        kPolicy, Replaced(text, "expires: 2100-01-01T00:00:00Z", std::string("expires: ") + at),
        {0, 1})).status();
  };
  ExpectRefused(expiring(Tighter(), "2013-01-13T00:00:00Z"), StatusCode::kFailedPrecondition,
                "version 2 expires at 2013-01-13T00:00:00Z");
  EXPECT_TRUE(expiring(Tighter(), "2013-01-13T00:00:01Z").ok());
  ExpectRefused(expiring(Looser(), "2013-01-27T00:00:00Z"), StatusCode::kFailedPrecondition,
                "can take effect at 2013-01-27T00:00:00Z at the earliest");
}

TEST(LifecycleTest, LintLooksAtWhatItWouldMakeBesideWhatIsInForce) {
  const World world;
  const std::string policy = NextOf(PolicyText(), "top1_max_pct: 30", "top1_max_pct: 41");
  ExpectRefused(world.Judged(Envelope(kPolicy, policy, {0, 1})).status(),
                StatusCode::kInvalidArgument, "L23: share rule \"load-hourly\"");
  // A charter that the policy in force would be below.
  const std::string charter =
      Replaced(CharterYaml({.version = 2, .previous = world.stored.charter}), "k_min: 5",
               "k_min: 11");
  ExpectRefused(world.Judged(Envelope(kCharter, charter, {0, 1})).status(),
                StatusCode::kInvalidArgument, "L07");
  // A roster without a party that the policy names.
  const std::string roster =
      NextOf(RosterText(), "id: city-hall, kind", "id: town-hall, kind");
  ExpectRefused(world.Judged(Envelope(kRoster, roster, {0, 1})).status(),
                StatusCode::kInvalidArgument, "L20");
}

// Versions 2, 3, …: each what `edit` makes of the one before.
std::vector<std::string> Texts(std::size_t count, std::string (*edit)(std::string, std::size_t)) {
  std::vector<std::string> texts = {PolicyText()};
  for (std::size_t i = 0; i < count; ++i) texts.push_back(edit(NextOf(texts.back()), i));
  texts.erase(texts.begin());
  return texts;
}

std::vector<Proposal> Chain(const World& world, const std::vector<std::string>& envelopes) {
  std::vector<Proposal> chain;
  for (const std::string& envelope : envelopes) chain.push_back(world.Seen(envelope));
  return chain;
}

TEST(LifecycleTest, GOV10_EveryVersionInBetweenIsVerifiedInFull) {
  const World world;
  const auto edit = [](std::string text, std::size_t) { return text; };
  const std::vector<std::string> texts = Texts(4, edit);
  const auto judged = [&](const std::string& second) {
    return JudgeChain(Chain(world, {Envelope(kPolicy, texts[0], {0, 1}), second,
                                    Envelope(kPolicy, texts[2], {0, 1}),
                                    Envelope(kPolicy, texts[3], {0, 1})}),
                      world.stored, {}, world.now);
  };
  const auto good = judged(Envelope(kPolicy, texts[1], {2}));
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->version, 5u);
  EXPECT_EQ(good->stage, Stage::kDue);
  ExpectRefused(judged(Envelope(kPolicy, texts[1], {})).status(), StatusCode::kPermissionDenied,
                "policy: no valid signature");
  // Signed, but an entrenched rule is gone from it, for which a policy's stewards are too few; and
  // it is back in the next one.
  const std::string detour = Replaced(texts[1], "purpose_group: [coercive]", "purpose: [mobility]");
  const World other({.charter = {{3, 4, 5}, 2}});
  const std::string back = NextOf(detour, "purpose: [mobility]", "purpose_group: [coercive]");
  ExpectRefused(JudgeChain(Chain(other, {Envelope(kPolicy, texts[0], {0, 1}),
                                         Envelope(kPolicy, detour, {0, 1}),
                                         Envelope(kPolicy, back, {0, 1})}),
                           other.stored, {}, other.now).status(),
                StatusCode::kPermissionDenied,
                "policy: version 3, on the way to the newest, lacks signatures: charter: 0 of 2");
  // Lint refuses it, and it is fine again in the next one.
  const std::string ill = Replaced(texts[1], "top1_max_pct: 30", "top1_max_pct: 41");
  ExpectRefused(JudgeChain(Chain(world, {Envelope(kPolicy, texts[0], {0, 1}),
                                         Envelope(kPolicy, ill, {0, 1}),
                                         Envelope(kPolicy, NextOf(ill, "41", "30"), {0, 1})}),
                           world.stored, {}, world.now).status(),
                StatusCode::kInvalidArgument, "L23");
}

TEST(LifecycleTest, GOV10_NoVersionOfAChainCanBeLeftOut) {
  const World world;
  const auto edit = [](std::string text, std::size_t) { return text; };
  const std::vector<std::string> texts = Texts(3, edit);
  ExpectRefused(JudgeChain(Chain(world, {Envelope(kPolicy, texts[0], {0, 1}),
                                         Envelope(kPolicy, texts[2], {0, 1})}),
                           world.stored, {}, world.now).status(),
                StatusCode::kFailedPrecondition,
                "version 4 does not follow version 2 in force; give version 3");
  ExpectRefused(world.Judged(Envelope(kPolicy, texts[1], {0, 1})).status(),
                StatusCode::kFailedPrecondition, "version 3 does not follow version 1");
  ExpectRefused(JudgeChain({}, world.stored, {}, world.now).status(),
                StatusCode::kInvalidArgument, "chain: no documents");
  ExpectRefused(JudgeChain(Chain(world, {Envelope(kPolicy, texts[0], {0, 1}),
                                         Envelope(kRoster, NextOf(RosterText()), {0, 1})}),
                           world.stored, {}, world.now).status(),
                StatusCode::kInvalidArgument, "chain: a roster among versions of the policy");
}

TEST(LifecycleTest, AVersionThatAddsNothingDoesNotCarryAnotherPastTheResidents) {
  World world({.rest = "objection: {quorum_pct: 10, threshold: 3, extra: P14D}\ngrace: P7D\n"});
  world.voices = {.households = 20, .objecting = 20};
  const std::string looser = Looser();
  const std::string same = NextOf(looser, "homes: 40", "homes: 41");
  const auto judged = JudgeChain(Chain(world, {Envelope(kPolicy, looser, {0, 1}),
                                               Envelope(kPolicy, same, {0})}),
                                 world.stored, world.voices, world.now);
  ASSERT_TRUE(judged.ok()) << judged.status();
  EXPECT_EQ(judged->stage, Stage::kObjected);
  EXPECT_EQ(judged->waits_for, "policy: 1 of 3 signatures (k0)");
}

TEST(LifecycleTest, GOV10_TheNoticeOfAChainIsThatOfTheWholeChange) {
  World world;
  const auto step = [](std::string text, std::size_t i) {
    return WithK(std::move(text), i == 0 ? 8 : 12);
  };
  const std::vector<std::string> texts = Texts(2, step);
  // Looser, then tighter than at the beginning: nothing to wait for.
  const auto whole = JudgeChain(Chain(world, {Envelope(kPolicy, texts[0], {0, 1}),
                                              Envelope(kPolicy, texts[1], {0})}),
                                world.stored, {}, world.now);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->comparison.order, Order::kTighter);
  EXPECT_EQ(whole->stage, Stage::kDue);
  // Tighter, then looser than at the beginning.
  const std::string tighter = Tighter();
  const std::string looser = WithK(NextOf(tighter), 8);
  const auto waits = JudgeChain(Chain(world, {Envelope(kPolicy, tighter, {0}),
                                              Envelope(kPolicy, looser, {0, 1})}),
                                world.stored, {}, world.now);
  ASSERT_TRUE(waits.ok()) << waits.status();
  EXPECT_EQ(waits->due, world.now + days(14));
}

TEST(LifecycleTest, EnactGivesTheDocumentsAndTheExactBytes) {
  const World world;
  const auto taken = world.Tried(Envelope(kPolicy, Tighter(), {1, 2}), world.now);
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_EQ(taken->accepted.size(), 1u);
  EXPECT_EQ(taken->accepted[0].payload, Tighter());
  EXPECT_THAT(taken->accepted[0].signers, ElementsAre("k1", "k2"));
  EXPECT_EQ(taken->documents.policy.version, 2u);
  EXPECT_EQ(taken->documents.charter.version, 1u);
}

TEST(LifecycleTest, StageNamesAreForPeople) {
  EXPECT_EQ(StageName(Stage::kProposed), "proposed");
  EXPECT_EQ(StageName(Stage::kObjected), "objected");
  EXPECT_EQ(StageName(Stage::kScheduled), "scheduled");
  EXPECT_EQ(StageName(Stage::kDue), "due");
}

}  // namespace
}  // namespace gateway::policy
