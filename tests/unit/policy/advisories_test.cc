// What went wrong elsewhere, each under the name it was published by, and the rest of
// tuf-conformance's behaviours as far as there is such a thing here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/dsse.h"
#include "tests/unit/policy/lifecycle_fixture.h"

namespace gateway::policy {
namespace {

using std::chrono::days;

constexpr DocumentKind kCharter = DocumentKind::kCharter, kPolicy = DocumentKind::kPolicy,
                       kRoster = DocumentKind::kRoster;

std::string Looser() { return WithK(NextOf(PolicyText()), 8); }
constexpr days kLongEnough{60};

// The charter of `spec`, in which label k1 has the key of k0.
std::string WithOneKeyTwice(const CharterSpec& spec) {
  return Replaced(CharterYaml(spec), crypto::FormatPublicKey(Steward(1).public_key()),
                  crypto::FormatPublicKey(Steward(0).public_key()));
}

TEST(AdvisoriesTest, GHSA_pwqf_9h7j_7mv8_OneKeySigningTwiceIsOneVote) {
  const World world;
  crypto::Envelope envelope{std::string(crypto::kPolicyType), Looser(), {}};
  crypto::SignEnvelope(envelope, Steward(0));
  envelope.signatures.push_back(envelope.signatures[0]);
  envelope.signatures.push_back(envelope.signatures[0]);
  ExpectRefused(world.Tried(crypto::SerializeEnvelope(envelope), world.now + kLongEnough).status(),
                StatusCode::kFailedPrecondition, "policy: 1 of 2 signatures (k0)");
}

TEST(AdvisoriesTest, GHSA_r7vq_6425_j94w_NorIsItTwoOfANewCharter) {
  const World world({.charter = {{0, 1, 2}, 1}});
  const std::string text = CharterYaml(
      {.version = 2, .previous = world.stored.charter, .charter = {{0, 1, 2}, 2}});
  crypto::Envelope envelope{std::string(crypto::kCharterType), text, {}};
  crypto::SignEnvelope(envelope, Steward(0));
  envelope.signatures.push_back(envelope.signatures[0]);
  ExpectRefused(world.Tried(crypto::SerializeEnvelope(envelope), world.now + kLongEnough).status(),
                StatusCode::kFailedPrecondition, "new charter: 1 of 2 signatures (k0)");
}

TEST(AdvisoriesTest, GHSA_3633_5h82_39pq_OneKeyUnderTwoKeyIdsIsOneVote) {
  const World world;
  crypto::Envelope envelope{std::string(crypto::kPolicyType), Looser(), {}};
  crypto::SignEnvelope(envelope, Steward(0));
  envelope.signatures.push_back({"another hint", envelope.signatures[0].signature});
  ExpectRefused(world.Tried(crypto::SerializeEnvelope(envelope), world.now + kLongEnough).status(),
                StatusCode::kFailedPrecondition, "policy: 1 of 2 signatures (k0)");
}

TEST(AdvisoriesTest, GOV3_OneKeyUnderTwoLabelsIsOneVote) {
  World world;
  world.stored.charter = WithOneKeyTwice({});
  ExpectRefused(world.Judged(Envelope(kPolicy, Looser(), {0, 2})).status(),
                StatusCode::kInvalidArgument, "GOV-3");
  const std::string next = WithOneKeyTwice({.version = 2, .previous = CharterYaml({})});
  ExpectRefused(World().Judged(Envelope(kCharter, next, {0, 1})).status(),
                StatusCode::kInvalidArgument, "GOV-3");
}

TEST(AdvisoriesTest, GHSA_fphv_w9fq_2525_AThresholdOfZeroNeverMeansNobody) {
  World world;
  world.stored.charter = CharterYaml({.policy = {{0, 1, 2}, 0}, .tighten = 1});
  for (const Numbers& signers : {Numbers{}, Numbers{0}, Numbers{0, 1, 2}}) {
    const Status status = world.Judged(Envelope(kPolicy, Looser(), signers)).status();
    EXPECT_NE(status.code(), StatusCode::kOk);
  }
  ExpectRefused(world.Judged(Envelope(kPolicy, Looser(), {})).status(),
                StatusCode::kPermissionDenied, "no valid signature");
  ExpectRefused(ParseCharter(CharterYaml({.tighten = 0})).status(), StatusCode::kInvalidArgument,
                "tighten");
}

TEST(AdvisoriesTest, GOV4_ACharterWhoseThresholdsMakeNoSenseIsRefused) {
  const World world;
  for (const uint32_t threshold : {0u, 4u}) {
    const std::string text = CharterYaml({.version = 2,
                                          .previous = world.stored.charter,
                                          .policy = {{0, 1, 2}, threshold}});
    ExpectRefused(world.Judged(Envelope(kCharter, text, {0, 1})).status(),
                  StatusCode::kInvalidArgument, "GOV-4: role policy");
  }
}

TEST(AdvisoriesTest, GHSA_g2pf_6v5v_qcc8_StrippedSignaturesAreARefusal) {
  // GOV-6: and there is nothing to configure it away with.
  const World world;
  for (const auto& [kind, text] :
       {std::pair(kPolicy, Looser()), std::pair(kRoster, NextOf(RosterText())),
        std::pair(kCharter, NextOf(world.stored.charter))}) {
    ExpectRefused(world.Judged(Envelope(kind, text, {})).status(), StatusCode::kPermissionDenied,
                  "no valid signature of its role");
  }
}

TEST(AdvisoriesTest, GOV5_BadSignaturesBesideEnoughGoodOnesAreIgnored) {
  const World world;
  crypto::Envelope envelope{std::string(crypto::kPolicyType), Looser(), {}};
  envelope.signatures.push_back({crypto::kPolicyType.data(), std::string(64, 'x')});
  crypto::SignEnvelope(envelope, SignerOf('\x66'));
  crypto::SignEnvelope(envelope, Steward(0));
  envelope.signatures.push_back({"", std::string("short")});
  crypto::SignEnvelope(envelope, Steward(2));
  const auto standing = world.Judged(crypto::SerializeEnvelope(envelope));
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_THAT(standing->counts.at(0).signers, testing::ElementsAre("k0", "k2"));
  EXPECT_EQ(standing->stage, Stage::kScheduled);
}

TEST(AdvisoriesTest, GOV7_ADocumentCannotBeReplayedAsAnotherKind) {
  const World world;
  crypto::Envelope envelope{std::string(crypto::kRosterType), Looser(), {}};
  crypto::SignEnvelope(envelope, Steward(0));
  crypto::SignEnvelope(envelope, Steward(1));
  ExpectRefused(world.Judged(crypto::SerializeEnvelope(envelope)).status(),
                StatusCode::kInvalidArgument, "roster: ");
  envelope.payload_type = std::string(crypto::kPolicyType);
  ExpectRefused(world.Judged(crypto::SerializeEnvelope(envelope)).status(),
                StatusCode::kPermissionDenied, "policy: no valid signature");
  envelope.payload_type = std::string(crypto::kGrantType);
  ExpectRefused(world.Judged(crypto::SerializeEnvelope(envelope)).status(),
                StatusCode::kInvalidArgument, "payload type");
}

TEST(AdvisoriesTest, CVE_2022_29173_NoRoleGoesBackToAnOlderVersion) {
  World world;
  const std::string old_policy = world.stored.policy, old_roster = world.stored.roster,
                    old_charter = world.stored.charter;
  world.stored.policy = NextOf(old_policy);
  world.stored.roster = NextOf(old_roster);
  world.stored.charter = NextOf(old_charter);
  for (const auto& [kind, text] : {std::pair(kPolicy, old_policy), std::pair(kRoster, old_roster),
                                   std::pair(kCharter, old_charter)}) {
    ExpectRefused(world.Judged(Envelope(kind, text, {0, 1})).status(),
                  StatusCode::kFailedPrecondition, "version 1 is older than version 2 in force");
  }
}

TEST(AdvisoriesTest, CVE_2026_44544_WhatWasSignedForAnotherPlaceInTheChainIsRefused) {
  // GOV-8. Still validly signed, and of the right number: it names the bytes it followed.
  World world;
  const std::string old_third = NextOf(NextOf(PolicyText()));
  world.stored.policy = WithK(NextOf(PolicyText()), 12);
  ExpectRefused(world.Judged(Envelope(kPolicy, old_third, {0, 1})).status(),
                StatusCode::kFailedPrecondition,
                "version 3 does not follow version 2 in force: prev differs");
}

TEST(AdvisoriesTest, CVE_2026_128036_AVersionInBetweenIsNotTakenForItsSuccessorsSignatures) {
  const World world;
  const std::string second = Looser(), third = NextOf(second);
  const std::vector<Proposal> chain = {world.Seen(Envelope(kPolicy, second, {0})),
                                       world.Seen(Envelope(kPolicy, third, {0, 1, 2}))};
  ExpectRefused(JudgeChain(chain, world.stored, {}, world.now).status(),
                StatusCode::kPermissionDenied,
                "policy: version 2, on the way to the newest, lacks signatures: policy: 1 of 2");
}

TEST(AdvisoriesTest, GoTufPanic_WellFormedTextOfAnotherShapeIsAnErrorWithItsPlace) {
  World world({.rest = "assembly: {quorum_pct: 50, notice: P60D}\n"});
  for (const char* const text :
       {"a: {b: [c]}\n", "roles: []\n", "schema: commons-charter/1\nkeys: 7\n", "[]\n", "7\n"}) {
    SCOPED_TRACE(text);
    for (const DocumentKind kind : {kCharter, kPolicy, kRoster}) {
      ExpectRefused(world.Judged(Envelope(kind, text, {0, 1})).status(),
                    StatusCode::kInvalidArgument, "line 1 column");
    }
    // An assembly's charter is parsed before anybody's signature is known.
    ExpectRefused(world.Judged(Envelope(kCharter, text, {})).status(),
                  StatusCode::kInvalidArgument, "line 1 column");
    ExpectRefused(world.Judged(Envelope(kPolicy, text, {})).status(),
                  StatusCode::kPermissionDenied, "no valid signature");
  }
}

TEST(AdvisoriesTest, GOV9_TheVersionInForceWithOtherBytesIsEquivocation) {
  World world;
  for (const auto& [kind, text] :
       {std::pair(kPolicy, world.stored.policy), std::pair(kRoster, world.stored.roster),
        std::pair(kCharter, world.stored.charter)}) {
    ExpectRefused(world.Judged(Envelope(kind, text + "# other\n", {0, 1})).status(),
                  StatusCode::kDataLoss, "version 1 is in force with other bytes");
    ExpectRefused(world.Judged(Envelope(kind, text, {0, 1})).status(),
                  StatusCode::kFailedPrecondition, "version 1 is in force already");
  }
}

TEST(AdvisoriesTest, GOV16_NoVersionRunsFastForwardAndNewKeysGoOnFromWhereItStands) {
  World world;
  const std::string ahead = Replaced(NextOf(PolicyText()), "version: 2",
                                     "version: 1000000000");
  ExpectRefused(world.Judged(Envelope(kPolicy, ahead, {0, 1, 2})).status(),
                StatusCode::kFailedPrecondition, "does not follow version 1 in force");
  const auto rotated = world.Tried(
      Envelope(kCharter, CharterYaml({.version = 2,
                                      .previous = world.stored.charter,
                                      .charter = {{3, 4, 5}, 2},
                                      .policy = {{3, 4, 5}, 2},
                                      .roster = {{3, 4, 5}, 2}}), {0, 1, 3, 4}), world.now);
  ASSERT_TRUE(rotated.ok()) << rotated.status();
  world.Take(*rotated);
  EXPECT_TRUE(world.Tried(Envelope(kPolicy, NextOf(PolicyText()), {3}), world.now).ok());
  EXPECT_TRUE(world.Tried(Envelope(kRoster, NextOf(RosterText()), {3, 4}), world.now).ok());
}

TEST(AdvisoriesTest, ADocumentOfAnotherCommonsIsRefused) {
  const World world;
  ExpectRefused(world.Judged(Envelope(kPolicy, NextOf(PolicyText(), "commons: riverside",
                                                      "commons: lakeside"), {0, 1})).status(),
                StatusCode::kFailedPrecondition, "policy: is of commons \"lakeside\"");
}

TEST(AdvisoriesTest, UnknownFieldsAreRefusedNotIgnored) {
  const World world;
  const std::string text = NextOf(PolicyText()) + "more: 1\n";
  ExpectRefused(world.Judged(Envelope(kPolicy, text, {0, 1})).status(),
                StatusCode::kInvalidArgument, "more");
}

}  // namespace
}  // namespace gateway::policy
