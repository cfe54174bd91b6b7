#include "gateway/policy/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using crypto::kCharterType;
using crypto::kPolicyType;
using crypto::kRosterType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Time At(const char* text) {
  const StatusOr<Time> time = ParseTime(text);
  EXPECT_TRUE(time.ok());
  return *time;
}

class DocumentsTest : public testing::Test {
 protected:
  // The status of activating these envelopes over `stored_`.
  Status Try(const std::vector<std::string>& envelopes) {
    return VerifyDocuments(envelopes, stored_, now_).status();
  }
  // All three, the policy replaced.
  Status TryPolicy(const std::string& policy_envelope) {
    return Try({Charter(), policy_envelope, Roster()});
  }
  std::string Charter() const { return Signed(kCharterType, CharterText(), {&ana_, &bo_}); }
  std::string Policy() const { return Signed(kPolicyType, PolicyText(), {&bo_, &chi_}); }
  std::string Roster() const { return Signed(kRosterType, RosterText(), {&ana_, &chi_}); }
  std::string PolicyWith(std::string_view from, std::string_view to) const {
    return Signed(kPolicyType, Replaced(PolicyText(), from, to), {&ana_, &bo_});
  }
  void StoreAll() { stored_ = {CharterText(), PolicyText(), RosterText()}; }

  const crypto::Signer ana_ = Ana(), bo_ = Bo(), chi_ = Chi(), eve_ = SignerOf('\x66');
  StoredDocuments stored_;
  Time now_ = At("2013-01-13T00:00:00Z");
};

// `text` as version 2 that follows `previous`.
std::string Second(const std::string& text, const std::string& previous) {
  return Replaced(Replaced(text, "version: 1", "version: 2"), "prev: \"\"",
                  "prev: \"" + HexEncode(crypto::Blake2b256(previous)) + "\"");
}

void ExpectStatus(const Status& status, StatusCode code, std::string_view text) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(Message(status)), HasSubstr(std::string(text)));
}

TEST_F(DocumentsTest, TakesThreeSignedDocumentsInAnyOrder) {
  std::vector<std::string> envelopes = {Roster(), Charter(), Policy()};
  const StatusOr<Activation> activation = VerifyDocuments(envelopes, stored_, now_);
  ASSERT_TRUE(activation.ok()) << activation.status();
  ASSERT_EQ(activation->accepted.size(), 3u);
  EXPECT_EQ(activation->accepted[0].kind, DocumentKind::kCharter);
  const VerifiedDocument& policy = activation->accepted[1];
  EXPECT_EQ(policy.kind, DocumentKind::kPolicy);
  EXPECT_EQ(policy.version, 1u);
  EXPECT_EQ(policy.payload, PolicyText());
  EXPECT_EQ(policy.hash, crypto::Blake2b256(PolicyText()));
  EXPECT_THAT(policy.signers, ElementsAre("bo", "chi"));
  EXPECT_EQ(activation->documents.policy.share.size(), 4u);
  EXPECT_TRUE(activation->warnings.empty());
}

TEST_F(DocumentsTest, CountsDistinctValidSignersOfTheRole) {
  struct Case {
    const char* name;
    std::vector<const crypto::Signer*> signers;
    const char* want;  // "": accepted
  };
  const Case cases[] = {
      {"nobody", {}, "policy: 0 of 2 required signatures; signed by: nobody"},
      {"one", {&bo_}, "policy: 1 of 2 required signatures; signed by: bo"},
      {"one, twice", {&bo_, &bo_}, "policy: 1 of 2 required signatures; signed by: bo"},
      {"one and a stranger", {&chi_, &eve_}, "policy: 1 of 2 required signatures; signed by: chi"},
      {"strangers", {&eve_}, "policy: 0 of 2"},
      {"two and a stranger", {&eve_, &chi_, &ana_}, ""},
      {"all", {&ana_, &bo_, &chi_}, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Status status = TryPolicy(Signed(kPolicyType, PolicyText(), c.signers));
    if (*c.want == '\0') {
      EXPECT_TRUE(status.ok()) << status;
    } else {
      ExpectStatus(status, StatusCode::kPermissionDenied, c.want);
    }
  }
}

TEST_F(DocumentsTest, RefusesASignatureRepeatedByHand) {
  crypto::Envelope envelope{std::string(kPolicyType), PolicyText(), {}};
  crypto::SignEnvelope(envelope, bo_);
  envelope.signatures.push_back(envelope.signatures[0]);
  ExpectStatus(TryPolicy(crypto::SerializeEnvelope(envelope)), StatusCode::kPermissionDenied,
               "policy: 1 of 2");
}

TEST_F(DocumentsTest, RefusesBytesOtherThanTheSignedOnes) {
  crypto::Envelope envelope{std::string(kPolicyType), PolicyText(), {}};
  crypto::SignEnvelope(envelope, ana_);
  crypto::SignEnvelope(envelope, bo_);
  envelope.payload = Replaced(envelope.payload, "k_min: 10", "k_min:  5");
  ExpectStatus(TryPolicy(crypto::SerializeEnvelope(envelope)), StatusCode::kPermissionDenied,
               "policy: 0 of 2");
}

TEST_F(DocumentsTest, RefusesADocumentReplayedAsAnotherKind) {
  // The signatures hold for the type they were made for.
  crypto::Envelope envelope{std::string(kRosterType), PolicyText(), {}};
  crypto::SignEnvelope(envelope, ana_);
  crypto::SignEnvelope(envelope, bo_);
  envelope.payload_type = std::string(kPolicyType);
  ExpectStatus(TryPolicy(crypto::SerializeEnvelope(envelope)), StatusCode::kPermissionDenied,
               "policy: 0 of 2");
  // Signed as a roster, but a policy.
  ExpectStatus(Try({Charter(), Policy(), Signed(kRosterType, PolicyText(), {&ana_, &bo_})}),
               StatusCode::kInvalidArgument, "roster: line ");
  ExpectStatus(TryPolicy(Signed(crypto::kGrantType, PolicyText(), {&ana_, &bo_})),
               StatusCode::kInvalidArgument, "payload type");
  ExpectStatus(Try({Charter(), Policy(), Policy()}), StatusCode::kInvalidArgument,
               "policy: given twice");
  ExpectStatus(TryPolicy("no envelope"), StatusCode::kInvalidArgument, "");
}

TEST_F(DocumentsTest, NeedsAllThree) {
  ExpectStatus(Try({}), StatusCode::kFailedPrecondition, "charter: missing");
  ExpectStatus(Try({Charter(), Policy()}), StatusCode::kFailedPrecondition, "roster: missing");
  ExpectStatus(Try({Policy(), Roster()}), StatusCode::kFailedPrecondition, "charter: missing");
  StoreAll();
  EXPECT_TRUE(Try({}).ok());
  EXPECT_TRUE(Try({Roster()}).ok());
}

TEST_F(DocumentsTest, RefusesACharterThatAsksForNobody) {
  for (const char* threshold : {"threshold: 0", "threshold: 4"}) {
    SCOPED_TRACE(threshold);
    const std::string charter = Replaced(CharterText(), "threshold: 2", threshold);
    ExpectStatus(Try({Signed(kCharterType, charter, {&ana_, &bo_, &chi_}), Policy(), Roster()}),
                 StatusCode::kPermissionDenied, "which nobody can give");
  }
  // Not for itself, but for the policy.
  const std::string charter = Replaced(CharterText(), "policy: {keys: [ana, bo, chi], threshold: 2",
                                       "policy: {keys: [ana, bo, chi], threshold: 0");
  ExpectStatus(Try({Signed(kCharterType, charter, {&ana_, &bo_}),
                    Signed(kPolicyType, PolicyText(), {}), Roster()}),
               StatusCode::kPermissionDenied, "which nobody can give");
}

TEST_F(DocumentsTest, OneKeyUnderTwoLabelsCannotReachAThresholdOfTwo) {
  const std::string charter =
      Replaced(CharterText(), crypto::FormatPublicKey(bo_.public_key()),
               crypto::FormatPublicKey(ana_.public_key()));
  ExpectStatus(Try({Signed(kCharterType, charter, {&ana_}), Policy(), Roster()}),
               StatusCode::kPermissionDenied, "charter: 1 of 2");
}

TEST_F(DocumentsTest, ANewCharterNeedsTheOldAndTheNewStewards) {
  StoreAll();
  // Chi leaves, Eve comes; one more signature than before.
  const std::string next = Second(
      Replaced(Replaced(CharterText(), crypto::FormatPublicKey(chi_.public_key()),
                        crypto::FormatPublicKey(eve_.public_key())),
               "charter: {keys: [ana, bo, chi], threshold: 2",
               "charter: {keys: [ana, bo, chi], threshold: 3"),
      CharterText());
  struct Case {
    const char* name;
    std::vector<const crypto::Signer*> signers;
    const char* want;
  };
  const Case cases[] = {
      {"old and new", {&ana_, &bo_, &eve_}, ""},
      {"the old only", {&ana_, &bo_, &chi_}, "charter: 2 of 3"},
      {"too few old", {&ana_, &eve_}, "charter, by the one in force: 1 of 2"},
      {"the new one alone", {&eve_}, "charter, by the one in force: 0 of 2"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Status status = Try({Signed(kCharterType, next, c.signers)});
    if (*c.want == '\0') {
      EXPECT_TRUE(status.ok()) << status;
    } else {
      ExpectStatus(status, StatusCode::kPermissionDenied, c.want);
    }
  }
}

TEST_F(DocumentsTest, VersionsOnlyGoForward) {
  const std::string second = Second(PolicyText(), PolicyText());
  stored_ = {CharterText(), second, RosterText()};
  ExpectStatus(Try({Policy()}), StatusCode::kFailedPrecondition,
               "policy: version 1 is older than version 2");
  EXPECT_TRUE(Try({Signed(kPolicyType, second, {&ana_, &bo_})}).ok());  // The same again.
  ExpectStatus(Try({Signed(kPolicyType, second + "# other bytes\n", {&ana_, &bo_})}),
               StatusCode::kDataLoss, "version 2 is in force with other bytes");
}

TEST_F(DocumentsTest, TheNextVersionNamesTheBytesItReplaces) {
  StoreAll();
  const std::string good = Second(PolicyText(), PolicyText());
  EXPECT_TRUE(Try({Signed(kPolicyType, good, {&ana_, &bo_})}).ok());
  const std::string other = Second(PolicyText(), PolicyText() + "# fork\n");
  ExpectStatus(Try({Signed(kPolicyType, other, {&ana_, &bo_})}), StatusCode::kFailedPrecondition,
               "prev differs");
  const std::string charter = Second(CharterText(), RosterText());
  ExpectStatus(Try({Signed(kCharterType, charter, {&ana_, &bo_})}),
               StatusCode::kFailedPrecondition, "prev differs");
  const std::string roster = Second(RosterText(), PolicyText());
  ExpectStatus(Try({Signed(kRosterType, roster, {&ana_, &bo_})}), StatusCode::kFailedPrecondition,
               "prev differs");
}

TEST_F(DocumentsTest, NoVersionIsLeftOut) {
  StoreAll();
  const std::string second = Second(PolicyText(), PolicyText());
  const std::string third = Replaced(second, "version: 2", "version: 3");
  ExpectStatus(Try({Signed(kPolicyType, third, {&ana_, &bo_})}), StatusCode::kFailedPrecondition,
               "policy: version 3 does not follow version 1 in force; give version 2");
}

TEST_F(DocumentsTest, ServeForTheChartersGraceAfterTheFirstOfThemExpired) {
  const Time expires = At("2014-01-01T00:00:00Z"), begins = At("2013-01-01T00:00:00Z");
  const std::chrono::days grace{7};
  for (const char* const which : {"charter", "policy", "roster"}) {
    SCOPED_TRACE(which);
    Documents documents = *ParseStored({CharterText(), PolicyText(), RosterText()});
    documents.policy.activates = begins;
    (which == std::string("charter")  ? documents.charter.expires
     : which == std::string("policy") ? documents.policy.expires
                                      : documents.roster.expires) = expires;
    EXPECT_FALSE(Serve(documents, begins - Millis(1)));
    EXPECT_TRUE(Serve(documents, begins));
    EXPECT_TRUE(Serve(documents, expires + grace - Millis(1)));
    EXPECT_FALSE(Serve(documents, expires + grace));
  }
}

TEST_F(DocumentsTest, RefusesDocumentsOfAnotherCommons) {
  ExpectStatus(TryPolicy(PolicyWith("commons: riverside", "commons: lakeside")),
               StatusCode::kFailedPrecondition, "policy: is of commons \"lakeside\"");
  StoreAll();
  const std::string charter =
      Second(Replaced(CharterText(), "commons: riverside", "commons: lakeside"), CharterText());
  ExpectStatus(Try({Signed(kCharterType, charter, {&ana_, &bo_})}),
               StatusCode::kFailedPrecondition, "charter: is of commons \"lakeside\"");
}

TEST_F(DocumentsTest, ActivatesFromTheSecondItMayToTheLastBeforeExpiry) {
  const std::string policy =
      PolicyWith("activates: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z",
                 "activates: 2013-01-01T00:00:00Z\nexpires: 2014-01-01T00:00:00Z");
  now_ = At("2013-01-01T00:00:00Z") - Millis(1);
  ExpectStatus(TryPolicy(policy), StatusCode::kFailedPrecondition, "policy: activates at 2013");
  now_ += Millis(1);
  EXPECT_TRUE(TryPolicy(policy).ok());
  now_ = At("2014-01-01T00:00:00Z") - Millis(1);
  EXPECT_TRUE(TryPolicy(policy).ok());
  now_ += Millis(1);
  ExpectStatus(TryPolicy(policy), StatusCode::kFailedPrecondition, "policy: expired at 2014");
  now_ = At("2100-01-01T00:00:00Z");
  ExpectStatus(TryPolicy(Policy()), StatusCode::kFailedPrecondition, "charter: expired");
}

TEST_F(DocumentsTest, RefusesWhatLintRefusesAndPassesWarningsOn) {
  const Status status = TryPolicy(PolicyWith("top1_max_pct: 30", "top1_max_pct: 41"));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(status)), StartsWith("policy line "));
  EXPECT_THAT(std::string(Message(status)), HasSubstr("L23: share rule \"load-hourly\""));

  const StatusOr<Activation> warned = VerifyDocuments(
      std::vector<std::string>{Charter(), PolicyWith("homes: 7", "homes: 0"), Roster()}, stored_,
      now_);
  ASSERT_TRUE(warned.ok()) << warned.status();
  ASSERT_FALSE(warned->warnings.empty());
  EXPECT_EQ(warned->warnings[0].id, "L16");
}

TEST_F(DocumentsTest, MalformedTextIsRefusedWithItsPositionAfterItsSignatures) {
  ExpectStatus(TryPolicy(Signed(kPolicyType, "a: *x\n", {&ana_, &bo_})),
               StatusCode::kInvalidArgument, "policy: line 1 column 4");
  ExpectStatus(TryPolicy(Signed(kPolicyType, "a: *x\n", {&ana_})), StatusCode::kPermissionDenied,
               "policy: 1 of 2");
}

TEST_F(DocumentsTest, ParseStoredReadsWhatIsInForce) {
  StoreAll();
  const StatusOr<Documents> documents = ParseStored(stored_);
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_EQ(documents->roster.gateways.size(), 3u);
  EXPECT_FALSE(ParseStored(StoredDocuments()).ok());
}

TEST_F(DocumentsTest, DetectKindReadsTheSchema) {
  EXPECT_EQ(*DetectKind(CharterText()), DocumentKind::kCharter);
  EXPECT_EQ(*DetectKind(PolicyText()), DocumentKind::kPolicy);
  EXPECT_EQ(*DetectKind(RosterText()), DocumentKind::kRoster);
  ExpectStatus(DetectKind("schema: commons-head/1\n").status(), StatusCode::kInvalidArgument,
               "line 1 column 9: document: schema:");
}

TEST_F(DocumentsTest, AMembershipIsACharterAndTheRosterThatItsRoleSigned) {
  const auto members = VerifyMembership(Charter(), Roster(), now_);
  ASSERT_TRUE(members.ok()) << members.status();
  EXPECT_EQ(members->charter.commons, "riverside");
  EXPECT_EQ(members->roster.gateways.size(), 3u);
}

TEST_F(DocumentsTest, AMembershipNeedsItsSignaturesItsKindsAndItsTime) {
  const auto status = [&](const std::string& charter, const std::string& roster) {
    return VerifyMembership(charter, roster, now_).status();
  };
  ExpectStatus(status(Charter(), Signed(kRosterType, RosterText(), {&ana_, &eve_})),
               StatusCode::kPermissionDenied, "roster: 1 of 2");
  ExpectStatus(status(Signed(kCharterType, CharterText(), {&ana_}), Roster()),
               StatusCode::kPermissionDenied, "charter: 1 of 2");
  ExpectStatus(status(Charter(), Policy()), StatusCode::kInvalidArgument, "roster: ");
  ExpectStatus(status(Charter(), Signed(kRosterType,
                                        Replaced(RosterText(), "commons: riverside",
                                                 "commons: elsewhere"), {&ana_, &bo_})),
               StatusCode::kFailedPrecondition, "is of commons");
  now_ = At("2100-01-01T00:00:00Z");
  ExpectStatus(status(Charter(), Roster()), StatusCode::kFailedPrecondition, "expired");
}

TEST_F(DocumentsTest, ACharterAloneIsSignedByItsOwnStewards) {
  EXPECT_TRUE(VerifyCharter(Charter()).ok());
  ExpectStatus(VerifyCharter(Signed(kCharterType, CharterText(), {&ana_, &eve_})).status(),
               StatusCode::kPermissionDenied, "1 of 2");
  ExpectStatus(VerifyCharter(Roster()).status(), StatusCode::kInvalidArgument, "charter: ");
}

}  // namespace
}  // namespace gateway::policy
