#include "gateway/policy/grant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "commons/v1/consent.pb.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kStats[] = "https://w3id.org/dpv#ProvideOfficialStatistics";

Time At(const char* text) {
  const StatusOr<Time> time = ParseTime(text);
  EXPECT_TRUE(time.ok());
  return *time;
}

Invite InviteOf(char subject) {
  return {"riverside", GatewayId("gw-orchard"), SubjectId::FromBytes(std::string(16, subject)),
          std::string(16, 'n')};
}

void ExpectStatus(const Status& status, StatusCode code, std::string_view text) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(Message(status)), HasSubstr(std::string(text)));
}

Acceptance AcceptanceBy(const crypto::Signer& resident, const Invite& invite) {
  const StatusOr<Acceptance> acceptance = VerifyAcceptance(
      Signed(crypto::kAcceptanceType,
             BuildAcceptance(invite, resident.public_key(), At("2013-01-01T00:00:00Z")),
             {&resident}),
      invite);
  EXPECT_TRUE(acceptance.ok()) << acceptance.status();
  return *acceptance;
}

class GrantTest : public testing::Test {
 protected:
  Grant Box() const {
    Grant grant;
    grant.commons = "riverside";
    grant.grantor_pk = resident_.public_key();
    grant.subject = InviteOf('s').subject;
    grant.metrics = {"load"};
    grant.purposes = {kStats};
    grant.recipients = {"city-hall"};
    grant.not_before = At("2012-01-01T00:00:00Z");
    grant.not_after = At("2100-01-01T00:00:00Z");
    return grant;
  }
  std::string Payload(const Grant& grant) const {
    const StatusOr<std::string> payload = BuildGrant(grant, std::string(16, 'g'));
    EXPECT_TRUE(payload.ok()) << payload.status();
    return payload.ok() ? *payload : "";
  }
  std::string Envelope(const std::string& payload) const {
    return Signed(crypto::kGrantType, payload, {&resident_});
  }

  const crypto::Signer ana_ = Ana(), resident_ = SignerOf('\x11'), partner_ = SignerOf('\x12');
  const Invite invite_ = InviteOf('s');
};

TEST_F(GrantTest, InviteIsOneLineThatReadsBack) {
  const std::string text = FormatInvite(invite_);
  EXPECT_EQ(text, "commons-invite-v1 riverside gw-orchard 73737373737373737373737373737373 "
                  "6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e\n");
  const StatusOr<Invite> read = ParseInvite(text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, invite_);
  for (const std::string& bad :
       {std::string(), text + "\n", text + " x", "x" + text, text.substr(0, text.size() - 2),
        Replaced(text, " gw", "  gw"), Replaced(text, "riverside", "River"),
        Replaced(text, "6e6e", "6E6E")}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(ParseInvite(bad).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(GrantTest, AcceptanceAnswersExactlyItsInvite) {
  const std::string payload =
      BuildAcceptance(invite_, resident_.public_key(), At("2013-01-01T00:00:00Z"));
  const std::string envelope = Signed(crypto::kAcceptanceType, payload, {&resident_});
  const StatusOr<Acceptance> acceptance = VerifyAcceptance(envelope, invite_);
  ASSERT_TRUE(acceptance.ok()) << acceptance.status();
  EXPECT_EQ(acceptance->resident_pk, resident_.public_key());
  EXPECT_EQ(acceptance->at, At("2013-01-01T00:00:00Z"));
  EXPECT_EQ(acceptance->hash, crypto::Blake2b256(payload));

  Invite others[] = {invite_, invite_, invite_, InviteOf('t')};
  others[0].commons = "lakeside";
  others[1].gateway = GatewayId("gw-harbour");
  others[2].nonce = std::string(16, 'm');
  for (const Invite& other : others) {
    ExpectStatus(VerifyAcceptance(envelope, other).status(), StatusCode::kPermissionDenied,
                 "another invite");
  }
}

TEST_F(GrantTest, AcceptanceSaysWhichPolicyTheResidentHadIfAny) {
  const auto read = [&](const std::string& payload) {
    return VerifyAcceptance(Signed(crypto::kAcceptanceType, payload, {&resident_}), invite_);
  };
  const Time at = At("2013-01-01T00:00:00Z");
  const std::string without = BuildAcceptance(invite_, resident_.public_key(), at);
  EXPECT_EQ(read(without)->policy_seen, "");
  const std::string with =
      BuildAcceptance(invite_, resident_.public_key(), at, std::string(32, 'p'));
  EXPECT_EQ(read(with)->policy_seen, std::string(32, 'p'));
  EXPECT_EQ(with.substr(0, without.size()), without);  // acceptances of before are of this form
  ExpectStatus(
      read(BuildAcceptance(invite_, resident_.public_key(), at, std::string(31, 'p'))).status(),
      StatusCode::kInvalidArgument, "policy_seen");
}

TEST_F(GrantTest, AcceptanceMustBeSignedByTheResidentAsAnAcceptance) {
  const std::string payload =
      BuildAcceptance(invite_, resident_.public_key(), At("2013-01-01T00:00:00Z"));
  ExpectStatus(ReadAcceptance(Signed(crypto::kAcceptanceType, payload, {})).status(),
               StatusCode::kPermissionDenied, "not signed");
  ExpectStatus(ReadAcceptance(Signed(crypto::kAcceptanceType, payload, {&ana_})).status(),
               StatusCode::kPermissionDenied, "not signed");
  ExpectStatus(ReadAcceptance(Signed(crypto::kConfirmationType, payload, {&resident_})).status(),
               StatusCode::kInvalidArgument, "another kind");
}

TEST_F(GrantTest, ConfirmationListsExactlyTheAcceptances) {
  const Charter charter = CharterOf(CharterText());
  const std::vector<Acceptance> both = {AcceptanceBy(resident_, invite_),
                                        AcceptanceBy(partner_, invite_)};
  const std::vector<std::string> hashes = {both[1].hash, both[0].hash};  // In any order.
  const std::string payload = BuildConfirmation(invite_, hashes, At("2013-01-02T00:00:00Z"));
  const std::string envelope = Signed(crypto::kConfirmationType, payload, {&ana_});
  const StatusOr<Confirmation> confirmation =
      VerifyConfirmation(envelope, invite_, charter, both);
  ASSERT_TRUE(confirmation.ok()) << confirmation.status();
  EXPECT_THAT(confirmation->signers, ElementsAre("ana"));
  EXPECT_EQ(confirmation->at, At("2013-01-02T00:00:00Z"));

  const auto status = [&](const std::string& bytes, const Invite& invite,
                          const std::vector<Acceptance>& acceptances) {
    return VerifyConfirmation(bytes, invite, charter, acceptances).status();
  };
  ExpectStatus(status(envelope, invite_, {both[0]}), StatusCode::kPermissionDenied,
               "other acceptances");
  ExpectStatus(status(envelope, invite_, {both[0], both[0]}), StatusCode::kPermissionDenied,
               "two acceptances of one key");
  ExpectStatus(status(envelope, InviteOf('t'), both), StatusCode::kPermissionDenied,
               "another household");
  ExpectStatus(status(envelope, invite_, {both[0], AcceptanceBy(partner_, InviteOf('t'))}),
               StatusCode::kPermissionDenied, "another invite");
  ExpectStatus(status(Signed(crypto::kConfirmationType, payload, {&resident_}), invite_, both),
               StatusCode::kPermissionDenied, "0 of 1");
  ExpectStatus(status(Signed(crypto::kConfirmationType, payload, {}), invite_, both),
               StatusCode::kPermissionDenied, "0 of 1");
  const std::string none = BuildConfirmation(invite_, {}, At("2013-01-02T00:00:00Z"));
  ExpectStatus(status(Signed(crypto::kConfirmationType, none, {&ana_}), invite_, {}),
               StatusCode::kPermissionDenied, "other acceptances");
}

TEST_F(GrantTest, AConfirmationOfAPlaceListsNoAcceptanceAndIsForThatPlaceOnly) {
  const Charter charter = CharterOf(CharterText());
  Invite place = invite_;
  place.nonce.clear();
  const auto signed_by = [&](const crypto::Signer& signer, const std::vector<std::string>& hashes) {
    return Signed(crypto::kConfirmationType,
                  BuildConfirmation(place, hashes, At("2013-01-02T00:00:00Z")), {&signer});
  };
  const std::string envelope = signed_by(ana_, {});
  const StatusOr<Confirmation> confirmation = VerifyPlaceConfirmation(envelope, place, charter);
  ASSERT_TRUE(confirmation.ok()) << confirmation.status();
  EXPECT_THAT(confirmation->signers, ElementsAre("ana"));
  ExpectStatus(VerifyPlaceConfirmation(envelope, InviteOf('t'), charter).status(),
               StatusCode::kPermissionDenied, "another household or place");
  ExpectStatus(VerifyPlaceConfirmation(signed_by(resident_, {}), place, charter).status(),
               StatusCode::kPermissionDenied, "0 of 1");
  const Acceptance acceptance = AcceptanceBy(resident_, invite_);
  ExpectStatus(
      VerifyPlaceConfirmation(signed_by(ana_, {acceptance.hash}), place, charter).status(),
      StatusCode::kPermissionDenied, "a place has none");
  // The other way round: a place's, shown for the household of the same subject.
  ExpectStatus(VerifyConfirmation(envelope, invite_, charter, std::vector{acceptance}).status(),
               StatusCode::kPermissionDenied, "other acceptances");
}

TEST_F(GrantTest, AGrantReadsBackAsItWasBuilt) {
  Grant box = Box();
  box.zone_min = 3;
  box.bucket_min = std::chrono::hours(1);
  box.age_min = std::chrono::hours(24);
  box.seq = 2;
  box.prev = std::string(32, 'p');
  const std::string payload = Payload(box);
  const StatusOr<Grant> grant = VerifyGrant(Envelope(payload), "riverside");
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->id, crypto::Blake2b256(payload));
  EXPECT_EQ(grant->grantor_pk, box.grantor_pk);
  EXPECT_EQ(grant->subject, box.subject);
  EXPECT_EQ(grant->metrics, box.metrics);
  EXPECT_EQ(grant->purposes, box.purposes);
  EXPECT_EQ(grant->recipients, box.recipients);
  EXPECT_EQ(grant->zone_min, 3u);
  EXPECT_EQ(grant->bucket_min, box.bucket_min);
  EXPECT_EQ(grant->age_min, box.age_min);
  EXPECT_EQ(grant->not_before, box.not_before);
  EXPECT_EQ(grant->not_after, box.not_after);
  EXPECT_EQ(grant->seq, 2u);
  EXPECT_EQ(grant->prev, box.prev);
}

TEST_F(GrantTest, AGrantHoldsOnlyWithItsGrantorsSignatureInItsCommons) {
  const std::string payload = Payload(Box());
  ExpectStatus(VerifyGrant(Signed(crypto::kGrantType, payload, {}), "riverside").status(),
               StatusCode::kPermissionDenied, "not signed");
  ExpectStatus(VerifyGrant(Signed(crypto::kGrantType, payload, {&partner_}), "riverside").status(),
               StatusCode::kPermissionDenied, "not signed");
  ExpectStatus(
      VerifyGrant(Signed(crypto::kAcceptanceType, payload, {&resident_}), "riverside").status(),
      StatusCode::kInvalidArgument, "another kind");
  ExpectStatus(VerifyGrant(Envelope(payload), "lakeside").status(), StatusCode::kPermissionDenied,
               "commons");
}

TEST_F(GrantTest, RefusesAMalformedGrantEvenIfSigned) {
  using Message = commons::v1::Grant;
  struct Case {
    const char* name;
    std::function<void(Message&)> change;
    const char* want;
  };
  const Case cases[] = {
      {"schema", [](Message& m) { m.set_schema(2); }, "schema 2"},
      {"nonce", [](Message& m) { m.set_grant_nonce("short"); }, "grant_nonce: 5 bytes"},
      {"commons", [](Message& m) { m.set_commons("River side"); }, "commons"},
      {"key", [](Message& m) { m.set_grantor_pk(std::string(31, 'k')); }, "grantor_pk: 31 bytes"},
      {"subject", [](Message& m) { m.set_subject(std::string(17, 's')); }, "subject: 17 bytes"},
      {"kind", [](Message& m) { m.set_subject_kind(commons::v1::PERSON); }, "subject_kind"},
      {"no kind", [](Message& m) { m.clear_subject_kind(); }, "subject_kind"},
      {"no metric", [](Message& m) { m.clear_metric(); }, "metric: empty list"},
      {"no purpose", [](Message& m) { m.clear_purpose_iri(); }, "purpose_iri: empty list"},
      {"no recipient", [](Message& m) { m.clear_recipient(); }, "recipient: empty list"},
      {"metric twice", [](Message& m) { m.add_metric("load"); }, "metric: an item stands"},
      {"odd metric", [](Message& m) { m.add_metric("*"); }, "metric: item"},
      {"odd purpose", [](Message& m) { m.add_purpose_iri("a b"); }, "purpose_iri: item"},
      {"empty recipient", [](Message& m) { m.add_recipient(""); }, "recipient: item"},
      {"many", [](Message& m) { for (int i = 0; i < 256; ++i) m.add_metric("m"); }, "257 items"},
      {"zone", [](Message& m) { m.set_zone_min(17); }, "zone_min"},
      {"bucket", [](Message& m) { m.set_bucket_min_s(8'640'000'001); }, "bucket_min"},
      {"age", [](Message& m) { m.set_age_min_s(~uint64_t{0}); }, "bucket_min, age_min"},
      {"empty time", [](Message& m) { m.set_not_after(m.not_before()); }, "not_after"},
      {"far time", [](Message& m) { m.set_not_after(253'402'300'800); }, "not_after"},
      {"negative time", [](Message& m) { m.set_not_before(~uint64_t{0}); }, "not_after"},
      {"seq", [](Message& m) { m.clear_seq(); }, "prev"},
      {"first with prev", [](Message& m) { m.set_prev(std::string(32, 'p')); }, "prev"},
      {"second without prev", [](Message& m) { m.set_seq(2); }, "prev"},
      {"short prev", [](Message& m) { m.set_seq(2); m.set_prev("p"); }, "prev: 1 bytes"},
      {"notice", [](Message& m) { m.set_notice_hash("x"); }, "notice_hash"},
      {"language", [](Message& m) { m.set_notice_lang(std::string(36, 'x')); }, "notice_lang"},
      {"method", [](Message& m) { m.set_method(commons::v1::PAPER); }, "method"},
      {"redelegate", [](Message& m) { m.set_redelegate(true); }, "redelegate"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Message message;
    ASSERT_TRUE(message.ParseFromString(Payload(Box())));
    c.change(message);
    ExpectStatus(VerifyGrant(Envelope(message.SerializeAsString()), "riverside").status(),
                 StatusCode::kInvalidArgument, c.want);
  }
}

TEST_F(GrantTest, RefusesBytesThatCouldBeReadTwoWays) {
  const std::string payload = Payload(Box());
  const auto status = [&](const std::string& bytes) {
    return VerifyGrant(Envelope(bytes), "riverside").status();
  };
  ExpectStatus(status(payload + std::string("\xf8\x07\x01", 3)), StatusCode::kInvalidArgument,
               "does not know");  // field 127
  ExpectStatus(status(payload + std::string("\xa2\x01\x00", 3)), StatusCode::kInvalidArgument,
               "does not know");  // field 20, reserved for delegation
  ExpectStatus(status(payload + std::string("\x50\x00", 2)), StatusCode::kInvalidArgument,
               "does not know");  // zone_min, spelled out as 0
  ExpectStatus(status(payload + std::string("\x08\x01", 2)), StatusCode::kInvalidArgument,
               "does not know");  // schema again
  ExpectStatus(status(payload.substr(0, payload.size() - 1)), StatusCode::kInvalidArgument,
               "malformed");
  ExpectStatus(status(""), StatusCode::kInvalidArgument, "schema 0");
}

TEST_F(GrantTest, BuildGrantRefusesWhatVerifyGrantWould) {
  Grant box = Box();
  box.recipients.clear();
  ExpectStatus(BuildGrant(box, std::string(16, 'g')).status(), StatusCode::kInvalidArgument,
               "recipient: empty list");
  ExpectStatus(BuildGrant(Box(), "short").status(), StatusCode::kInvalidArgument, "grant_nonce");
}

TEST_F(GrantTest, CoversIsABoxWithEveryLimitIncluded) {
  const Policy policy = PolicyOf(PolicyText());
  struct Case {
    const char* name;
    std::function<void(Grant&, ShareRule&)> change;
    bool want;
  };
  const auto kHour = std::chrono::hours(1);
  const Case cases[] = {
      {"as it is", [](Grant&, ShareRule&) {}, true},
      {"other commons", [](Grant& g, ShareRule&) { g.commons = "lakeside"; }, false},
      {"other metric", [](Grant& g, ShareRule&) { g.metrics = {"noise"}; }, false},
      {"more metrics", [](Grant& g, ShareRule&) { g.metrics = {"noise", "load"}; }, true},
      {"no metric", [](Grant& g, ShareRule&) { g.metrics.clear(); }, false},
      {"other purpose", [](Grant& g, ShareRule&) { g.purposes = {"https://x"}; }, false},
      {"purpose by id", [](Grant& g, ShareRule&) { g.purposes = {"official-stats"}; }, false},
      {"rule's purpose unknown", [](Grant&, ShareRule& r) { r.purpose = "x"; }, false},
      {"one of two recipients",
       [](Grant&, ShareRule& r) { r.to = {"city-hall", "university"}; }, false},
      {"both recipients",
       [](Grant& g, ShareRule& r) {
         g.recipients = {"university", "city-hall"};
         r.to = {"city-hall", "university"};
       },
       true},
      {"public was not granted", [](Grant&, ShareRule& r) { r.to = {"public"}; }, false},
      {"rule for nobody", [](Grant&, ShareRule& r) { r.to.clear(); }, false},
      {"zone at the limit", [](Grant& g, ShareRule&) { g.zone_min = 3; }, true},
      {"zone too fine", [](Grant& g, ShareRule&) { g.zone_min = 4; }, false},
      {"zone unknown", [](Grant&, ShareRule& r) { r.zone_level = "street"; }, false},
      {"bucket at the limit", [=](Grant& g, ShareRule&) { g.bucket_min = kHour; }, true},
      {"bucket too short", [=](Grant& g, ShareRule&) { g.bucket_min = kHour + Millis(1000); },
       false},
      {"age at the limit", [=](Grant& g, ShareRule&) { g.age_min = 24 * kHour; }, true},
      {"too young", [=](Grant& g, ShareRule&) { g.age_min = 24 * kHour + Millis(1000); }, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Grant grant = Box();
    ShareRule rule = *policy.FindShareRule(RuleId("load-hourly"));
    c.change(grant, rule);
    EXPECT_EQ(Covers(grant, rule, policy), c.want);
  }
}

TEST_F(GrantTest, HoldsThroughIncludesBothEnds) {
  Grant grant = Box();
  grant.not_before = At("2013-01-14T00:00:00Z");
  grant.not_after = At("2013-01-16T06:00:00Z");
  const Millis ms(1);
  EXPECT_TRUE(HoldsThrough(grant, grant.not_before, grant.not_after));
  EXPECT_FALSE(HoldsThrough(grant, grant.not_before - ms, grant.not_after));
  EXPECT_FALSE(HoldsThrough(grant, grant.not_before, grant.not_after + ms));
}

}  // namespace
}  // namespace gateway::policy
