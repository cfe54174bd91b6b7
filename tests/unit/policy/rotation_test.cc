// Who may replace whom: the table of theupdateframework/tuf-conformance (root and other roles), in
// our words, and what makes a change of the charter a mere rotation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "tests/unit/policy/lifecycle_fixture.h"

namespace gateway::policy {
namespace {

constexpr std::chrono::days kLongEnough{60};

struct Version {
  RoleSpec role;
  Numbers signers;
  const char* refused = "";  // "": it takes effect
};
struct Case {
  const char* name;
  std::vector<Version> versions;  // the first is in force
};

constexpr const char* kNoOld = "charter: no valid signature of its role";

TEST(RotationTest, ACharterNeedsTheOldAndTheNewThreshold) {
  const Numbers five = {0, 1, 2, 3, 4}, rotated = {0, 1, 3, 4, 5};
  const Case cases[] = {
      {"1/1 rotates", {{{{1}, 1}, {}}, {{{2}, 1}, {2, 1}}, {{{2}, 1}, {2}}}},
      {"1/1 rotates, stray signatures",
       {{{{1}, 1}, {}}, {{{2}, 1}, {3, 2, 1, 4}}, {{{2}, 1}, {3, 2, 4}}}},
      {"1/1 rotates, not signed by the old key", {{{{1}, 1}, {}}, {{{2}, 1}, {2, 3, 4}, kNoOld}}},
      {"1/1 rotates, not signed by the new key",
       {{{{1}, 1}, {}}, {{{2}, 1}, {1, 3, 4}, "new charter: 0 of 1 signatures"}}},
      {"3/5, other signers each time",
       {{{five, 3}, {}},
        {{five, 3}, {0, 2, 4}},
        {{five, 3}, {0, 4, 1}},
        {{five, 3}, {1, 3, 2}},
        {{five, 3}, {4, 3, 2}}}},
      {"3/5, one key rotated", {{{five, 3}, {}}, {{rotated, 3}, {0, 4, 1}}}},
      {"3/5, one key rotated, too few of the new",
       {{{five, 3}, {}}, {{rotated, 3}, {0, 2, 4}, "new charter: 2 of 3 signatures (k0, k4)"}}},
      {"3/5, one key rotated, too few of the old",
       {{{five, 3}, {}},
        {{rotated, 3}, {0, 4, 5}, "charter in force: 2 of 3 signatures (k0, k4)"}}},
      {"3/5, one key rotated, signed by both",
       {{{five, 3}, {}}, {{rotated, 3}, {0, 2, 4, 5}}, {{rotated, 3}, {0, 4, 5}}}},
      {"3/5, all keys rotated",
       {{{five, 3}, {}},
        {{{5, 6, 7, 8, 9}, 3}, {0, 2, 4, 5, 6, 7}},
        {{{5, 6, 7, 8, 9}, 3}, {5, 6, 7}}}},
      {"threshold 1 to 2", {{{{1, 2, 3}, 1}, {}}, {{{1, 2, 3}, 2}, {1, 2}}}},
      {"threshold 1 to 2, signed by one",
       {{{{1, 2, 3}, 1}, {}}, {{{1, 2, 3}, 2}, {2}, "new charter: 1 of 2 signatures (k2)"}}},
      {"threshold 2 to 1", {{{{1, 2, 3}, 2}, {}}, {{{1, 2, 3}, 1}, {1, 2}}, {{{1, 2, 3}, 1}, {1}}}},
      {"threshold 2 to 1, signed by one",
       {{{{1, 2, 3}, 2}, {}},
        {{{1, 2, 3}, 1}, {1}, "charter in force: 1 of 2 signatures (k1)"}}},
      {"1/1 to 2/2", {{{{1}, 1}, {}}, {{{1, 2}, 2}, {1, 2}}, {{{1, 2}, 2}, {1, 2}}}},
  };
  static_assert(std::size(cases) == 15);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    World world({.charter = c.versions[0].role});
    for (std::size_t i = 1; i < c.versions.size(); ++i) {
      const Version& version = c.versions[i];
      SCOPED_TRACE(i + 1);
      const std::string text = CharterYaml(
          {.version = i + 1, .previous = world.stored.charter, .charter = version.role});
      const auto taken = world.Tried(Envelope(DocumentKind::kCharter, text, version.signers),
                                     world.now + kLongEnough);
      if (*version.refused == '\0') {
        ASSERT_TRUE(taken.ok()) << taken.status();
        EXPECT_EQ(taken->accepted.at(0).payload, text);  // the bytes as they were signed
        world.Take(*taken);
      } else {
        ExpectRefused(taken.status(), version.refused == kNoOld ? StatusCode::kPermissionDenied
                                                                : StatusCode::kFailedPrecondition,
                      version.refused);
      }
    }
  }
}

TEST(RotationTest, OtherRolesAreTheChartersInForce) {
  const Numbers five = {0, 1, 2, 3, 4}, rotated = {0, 1, 3, 4, 5};
  struct RoleCase {
    const char* name;
    RoleSpec role;
    Numbers signers;
    const char* refused = "";
  };
  const RoleCase cases[] = {
      {"the key of the charter", {{2}, 1}, {2}},
      {"a key that was rotated away", {{2}, 1}, {1},
       "no valid signature of its role; may sign: k2"},
      {"stray signatures", {{2}, 1}, {3, 2, 4}},
      {"3/5, a key that was rotated away", {rotated, 3}, {0, 2, 4}, "2 of 3 signatures (k0, k4)"},
      {"3/5, two", {five, 3}, {0, 4}, "2 of 3 signatures (k0, k4)"},
      {"3/5", {five, 3}, {0, 2, 4}},
      {"3/5", {five, 3}, {0, 4, 1}},
      {"3/5", {five, 3}, {1, 3, 2}},
      {"3/5", {five, 3}, {4, 3, 2}},
      {"3/5, of the rotated", {rotated, 3}, {5, 3, 0}},
  };
  static_assert(std::size(cases) == 10);
  for (const DocumentKind kind : {DocumentKind::kPolicy, DocumentKind::kRoster}) {
    for (const RoleCase& c : cases) {
      SCOPED_TRACE(std::string(DocumentKindName(kind)) + ": " + c.name);
      const World world({.policy = c.role, .roster = c.role, .tighten = c.role.threshold});
      const std::string text = NextOf(kind == DocumentKind::kPolicy ? PolicyText() : RosterText());
      const auto taken = world.Tried(Envelope(kind, text, c.signers), world.now);
      if (*c.refused == '\0') {
        EXPECT_TRUE(taken.ok()) << taken.status();
      } else {
        ExpectRefused(taken.status(), std::string_view(c.refused).starts_with("no valid")
                                          ? StatusCode::kPermissionDenied
                                          : StatusCode::kFailedPrecondition,
                      c.refused);
      }
    }
  }
}

TEST(RotationTest, IsOneWhereOnlyKeysDatesAndHigherThresholdsDiffer) {
  const CharterSpec before;
  struct Row {
    const char* name;
    CharterSpec after;
    bool rotation;
  };
  const Row rows[] = {
      {"nothing", {}, true},
      {"dates", {.expires = "2101-01-01T00:00:00Z"}, true},
      {"keys", {.charter = {{3, 4, 5}, 2}, .policy = {{3, 4, 5}, 2}}, true},
      {"a higher threshold", {.charter = {{0, 1, 2}, 3}}, true},
      {"a lower threshold", {.charter = {{0, 1, 2}, 1}}, false},
      {"a lower one of the policy", {.policy = {{0, 1, 2}, 1}}, false},
      {"a lower one of the roster", {.roster = {{0, 1, 2}, 1}}, false},
      {"delays",
       {.delays = "{looser: P13D, incomparable: P21D, entrenched: P42D, charter: P28D}"}, false},
      {"what is entrenched", {.rest = "entrenched: []\ngrace: P7D\n"}, false},
      {"grace", {.rest = "entrenched: [f-coercive]\ngrace: P8D\n"}, false},
      {"an assembly",
       {.rest = "assembly: {quorum_pct: 50, notice: P60D}\nentrenched: [f-coercive]\ngrace: P7D\n"},
       false},
      {"objections", {.rest = "objection: {quorum_pct: 50, threshold: 3, extra: P1D}\n"
                              "entrenched: [f-coercive]\ngrace: P7D\n"}, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(IsRotation(CharterOf(CharterYaml(before)), CharterOf(CharterYaml(row.after))),
              row.rotation);
  }
  EXPECT_FALSE(IsRotation(CharterOf(CharterYaml(before)),
                          CharterOf(Replaced(CharterYaml(before), "k_min: 5", "k_min: 4"))));
  EXPECT_FALSE(IsRotation(CharterOf(CharterYaml({.tighten = 2})),
                          CharterOf(CharterYaml({.tighten = 1}))));
}

TEST(RotationTest, MergingKeepsOneValidSignatureOfEachKeyAndNoOther) {
  const World world;
  const Charter charter = CharterOf(world.stored.charter);
  const std::string text = NextOf(PolicyText());
  const std::string first = Envelope(DocumentKind::kPolicy, text, {0, 1});
  crypto::Envelope junk{std::string(crypto::kPolicyType), text, {}};
  for (int i = 0; i < 60; ++i) junk.signatures.push_back({"", std::string(64, 'x')});
  crypto::SignEnvelope(junk, SignerOf('\x66'));
  crypto::SignEnvelope(junk, Steward(1));
  crypto::SignEnvelope(junk, Steward(2));
  const auto merged = MergeSignatures(first, crypto::SerializeEnvelope(junk), charter);
  ASSERT_TRUE(merged.ok()) << merged.status();
  const auto envelope = crypto::ParseEnvelope(*merged);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->signatures.size(), 3u);
  EXPECT_EQ(envelope->payload, text);
  EXPECT_EQ(crypto::ValidSigners(*envelope, PublicKeysOf(charter, charter.policy)).size(), 3u);
}

TEST(RotationTest, MergingRefusesAnotherTextOrKind) {
  const World world;
  const Charter charter = CharterOf(world.stored.charter);
  const std::string text = NextOf(PolicyText());
  const std::string first = Envelope(DocumentKind::kPolicy, text, {0});
  for (const std::string& other : {Envelope(DocumentKind::kPolicy, text + "# other\n", {1}),
                                   Envelope(DocumentKind::kRoster, text, {1})}) {
    ExpectRefused(MergeSignatures(first, other, charter).status(), StatusCode::kInvalidArgument,
                  "signatures of different texts cannot be merged");
  }
  ExpectRefused(MergeSignatures(first, "nothing", charter).status(), StatusCode::kInvalidArgument,
                "envelope");
}

TEST(RotationTest, MergingKeepsTheSignaturesOfANewChartersKeys) {
  const World world;
  const crypto::Signer newcomer = SignerOf('\x66');
  const std::string text = Replaced(
      CharterYaml({.version = 2, .previous = world.stored.charter}),
      crypto::FormatPublicKey(Steward(2).public_key()),
      crypto::FormatPublicKey(newcomer.public_key()));
  const std::string merged = *MergeSignatures(
      Envelope(DocumentKind::kCharter, text, {0}),
      Signed(crypto::kCharterType, text, {&newcomer}),
      CharterOf(world.stored.charter));
  EXPECT_EQ(crypto::ParseEnvelope(merged)->signatures.size(), 2u);
}

TEST(RotationTest, WithoutKeysLeavesRetiredOnesOutOfEveryRole) {
  const Charter charter = CharterOf(CharterYaml({}));
  const std::vector<std::string> retired = {Steward(0).public_key()};
  const Charter without = WithoutKeys(charter, retired);
  EXPECT_THAT(without.charter.keys, testing::ElementsAre("k1", "k2"));
  EXPECT_THAT(without.enrolment.keys, testing::ElementsAre("k1"));
  EXPECT_EQ(without.charter.threshold, charter.charter.threshold);
}

}  // namespace
}  // namespace gateway::policy
