// Rules that change: what is kept, what takes effect by itself and when, and what a crash leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/retirement.h"
#include "gateway/policy/vote.h"
#include "tests/support/faulty_env.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using policy::DocumentKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kStart[] = "2013-01-13T00:00:00Z";

crypto::Signer NewKey() {
  EXPECT_TRUE(crypto::InitCrypto().ok());
  return *crypto::Signer::Generate();
}

void ExpectRefused(const Status& status, StatusCode code, std::string_view text) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(Message(status)), HasSubstr(std::string(text)));
}

std::string Next(std::string text, std::string_view from = "", std::string_view to = "") {
  const std::string hash = HexEncode(crypto::Blake2b256(text));
  const std::size_t version = text.find("version: ") + 9;
  text[version] = static_cast<char>(text[version] + 1);
  const std::size_t prev = text.find("prev: \"") + 7;
  text.replace(prev, text.find('"', prev) - prev, hash);
  for (std::size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos;) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

// Two of three stewards decide; there are notices, objections and an assembly.
struct Coop {
  Coop() {
    const Status active =
        Activate({Sign(DocumentKind::kCharter, charter_, {&ana(), &bo_}),
                  Sign(DocumentKind::kPolicy, policy_, {&ana(), &bo_}),
                  Sign(DocumentKind::kRoster, roster_, {&ana(), &bo_})});
    EXPECT_TRUE(active.ok()) << active;
  }

  const crypto::Signer& ana() const { return commons_.steward(); }
  Pipeline& gateway() { return commons_.gateway(); }

  static std::string Sign(DocumentKind kind, const std::string& text,
                          const std::vector<const crypto::Signer*>& signers) {
    crypto::Envelope envelope{std::string(policy::PayloadTypeOf(kind)), text, {}};
    for (const crypto::Signer* signer : signers) crypto::SignEnvelope(envelope, *signer);
    return crypto::SerializeEnvelope(envelope);
  }
  std::string SignPolicy(const std::string& text,
                         const std::vector<const crypto::Signer*>& signers) const {
    return Sign(DocumentKind::kPolicy, text, signers);
  }
  Status Activate(const std::vector<std::string>& envelopes) {
    return gateway().ActivateDocuments(envelopes).status();
  }
  StatusOr<port::Handed> Propose(const std::vector<std::string>& envelopes) {
    return gateway().ProposeDocuments(envelopes);
  }
  void Advance(std::string_view time) {
    const auto advanced = gateway().AdvanceClock(At(time));
    EXPECT_TRUE(advanced.ok()) << advanced.status();
  }
  uint64_t Version(const std::string& type = "policy") {
    const auto rows = gateway().ShowDocuments();
    EXPECT_TRUE(rows.ok());
    for (const auto& row : *rows) {
      if (row.type == type) return row.version;
    }
    return 0;
  }
  std::vector<port::ChangeRow> Changes() { return gateway().ShowRules()->changes; }
  StatusOr<port::ChangeRow> Vote(const Member& member, const std::string& text,
                                 policy::Choice choice, const crypto::Signer& key,
                                 DocumentKind kind = DocumentKind::kPolicy) {
    policy::Vote vote{.commons = "testville",
                      .kind = kind,
                      .document = crypto::Blake2b256(text),
                      .choice = choice,
                      .subject = SubjectId::FromBytes(member.invite.subject),
                      .voter_pk = key.public_key(),
                      .at = vote_at_};
    crypto::Envelope envelope{std::string(crypto::kVoteType), *policy::BuildVote(vote), {}};
    crypto::SignEnvelope(envelope, key);
    return gateway().CastVote(member.household, crypto::SerializeEnvelope(envelope));
  }
  StatusOr<port::ChangeRow> Vote(const Member& member, const std::string& text,
                                 policy::Choice choice) {
    return Vote(member, text, choice, member.key);
  }
  std::string Retirement(const crypto::Signer& key) const {
    crypto::Envelope envelope{
        std::string(crypto::kRetirementType),
        *policy::BuildRetirement({"testville", key.public_key(), At(kStart)}), {}};
    crypto::SignEnvelope(envelope, key);
    return crypto::SerializeEnvelope(envelope);
  }

  Commons commons_{Commons::WithoutRules{}};
  const crypto::Signer bo_ = NewKey(), chi_ = NewKey();
  const std::string charter_ =
      "schema: commons-charter/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "expires: 2100-01-01T00:00:00Z\nkeys: {ana: \"" +
      crypto::FormatPublicKey(commons_.steward().public_key()) + "\", bo: \"" +
      crypto::FormatPublicKey(bo_.public_key()) + "\", chi: \"" +
      crypto::FormatPublicKey(chi_.public_key()) +
      "\"}\nroles:\n  charter: {keys: [ana, bo, chi], threshold: 2}\n"
      "  policy: {keys: [ana, bo, chi], threshold: 2, tighten: 1}\n"
      "  roster: {keys: [ana, bo, chi], threshold: 2}\n  enrolment: {keys: [ana], threshold: 1}\n"
      "floors: {k_min: 3, age_min: PT1H, top1_max_pct: 40}\n"
      "delays: {looser: P14D, incomparable: P14D, entrenched: P42D, charter: P28D}\n"
      "objection: {quorum_pct: 30, threshold: 3, extra: P14D}\n"
      "assembly: {quorum_pct: 50, notice: P60D}\ngrace: P7D\n";
  const std::string policy_ = commons_.PolicyYaml(5);
  const std::string roster_ =
      "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
      "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}]\n";
  const std::string looser_ = Next(policy_, "k_min: 5", "k_min: 4");
  const std::string tighter_ = Next(policy_, "k_min: 5", "k_min: 6");
  Time vote_at_ = At(kStart);
};

class RulesTest : public testing::Test, protected Coop {};

TEST_F(RulesTest, FirstDocumentsTakeEffectAtOnce) {
  EXPECT_EQ(Version(), 1u);
  EXPECT_THAT(Changes(), IsEmpty());
  EXPECT_TRUE(Activate({SignPolicy(policy_, {&ana(), &bo_})}).ok());  // the same again
}

TEST_F(RulesTest, WhatIsLooserWaitsAndThenTakesEffectByItself) {
  const auto handed = Propose({SignPolicy(looser_, {&ana(), &bo_})});
  ASSERT_TRUE(handed.ok()) << handed.status();
  EXPECT_THAT(handed->effects, IsEmpty());
  ASSERT_EQ(handed->changes.size(), 1u);
  const port::ChangeRow& row = handed->changes[0];
  EXPECT_EQ(row.stage, "scheduled");
  EXPECT_EQ(row.change, "looser");
  EXPECT_TRUE(row.timed);
  EXPECT_EQ(row.due, At("2013-01-27T00:00:00Z"));
  EXPECT_THAT(row.signatures, ElementsAre("policy: 2 of 2 (ana, bo)"));
  Advance("2013-01-26T23:59:59Z");
  EXPECT_EQ(Version(), 1u);
  Advance("2013-01-27T00:00:00Z");
  EXPECT_EQ(Version(), 2u);
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(RulesTest, AnActivateThatMustWaitSaysWhatWhyAndWhen) {
  const Status status = Activate({SignPolicy(looser_, {&ana(), &bo_})});
  ExpectRefused(status, StatusCode::kFailedPrecondition, "policy: version 2 is kept as a proposal");
  ExpectRefused(status, StatusCode::kFailedPrecondition, "It is looser (looser: release of load");
  ExpectRefused(status, StatusCode::kFailedPrecondition, "signatures: policy: 2 of 2 (ana, bo)");
  ExpectRefused(status, StatusCode::kFailedPrecondition, "by itself at 2013-01-27T00:00:00Z");
  EXPECT_EQ(Version(), 1u);
  ASSERT_EQ(Changes().size(), 1u);
}

TEST_F(RulesTest, WhatIsTighterTakesEffectAtOnceWithOneSignature) {
  const auto handed = Propose({SignPolicy(tighter_, {&chi_})});
  ASSERT_TRUE(handed.ok()) << handed.status();
  EXPECT_THAT(handed->effects, ElementsAre("policy: version 2"));
  EXPECT_THAT(handed->changes, IsEmpty());
  EXPECT_EQ(Version(), 2u);
}

TEST_F(RulesTest, SignaturesThatComeLaterAreAddedAndTheNoticeCountsFromTheFirst) {
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana()})}).ok());
  EXPECT_EQ(Changes().at(0).stage, "proposed");
  Advance("2013-01-20T00:00:00Z");
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&bo_})}).ok());
  ASSERT_EQ(Changes().size(), 1u);
  EXPECT_EQ(Changes()[0].first_seen, At(kStart));
  EXPECT_EQ(Changes()[0].due, At("2013-01-27T00:00:00Z"));
  Advance("2013-01-27T00:00:00Z");
  EXPECT_EQ(Version(), 2u);
  // The last signature may also come after the notice.
  const std::string third = Next(looser_, "k_min: 4", "k_min: 3");
  ASSERT_TRUE(Propose({SignPolicy(third, {&ana()})}).ok());
  Advance("2013-03-01T00:00:00Z");
  EXPECT_EQ(Version(), 2u);
  EXPECT_THAT(Propose({SignPolicy(third, {&chi_})})->effects, ElementsAre("policy: version 3"));
}

TEST_F(RulesTest, RefusesRollbackEquivocationAndUnsignedText) {
  ASSERT_TRUE(Activate({SignPolicy(tighter_, {&ana(), &bo_})}).ok());
  ExpectRefused(Propose({SignPolicy(policy_, {&ana(), &bo_})}).status(),
                StatusCode::kFailedPrecondition, "version 1 is older than version 2 in force");
  ExpectRefused(Propose({SignPolicy(looser_, {&ana(), &bo_})}).status(), StatusCode::kDataLoss,
                "version 2 is in force with other bytes");
  ExpectRefused(Propose({SignPolicy(Next(policy_ + "# fork\n"), {})}).status(),
                StatusCode::kPermissionDenied, "no valid signature");
  ExpectRefused(Activate({SignPolicy(policy_, {&ana(), &bo_})}), StatusCode::kFailedPrecondition,
                "older than version 2");
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(RulesTest, AnotherVersionThatTakesItsPlaceCancelsIt) {
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana(), &bo_})}).ok());
  ASSERT_TRUE(Propose({SignPolicy(tighter_, {&ana()})}).ok());
  EXPECT_EQ(Version(), 2u);
  EXPECT_THAT(Changes(), IsEmpty());
  Advance("2013-06-01T00:00:00Z");
  commons_.Restart();
  EXPECT_THAT(Changes(), IsEmpty());
  EXPECT_EQ(Version(), 2u);
}

TEST_F(RulesTest, AProposalSurvivesACrashWithTheTimeItWasFirstSeen) {
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana(), &bo_})}).ok());
  Advance("2013-01-20T00:00:00Z");
  commons_.Crash();
  ASSERT_EQ(Changes().size(), 1u);
  EXPECT_EQ(Changes()[0].first_seen, At(kStart));
  Advance("2013-01-27T00:00:00Z");
  EXPECT_EQ(Version(), 2u);
  commons_.Crash();
  EXPECT_EQ(Version(), 2u);
}

TEST(RulesCrashTest, GOV17_AFaultAtAnyWriteLeavesTheOldRulesOrTheNewOnes) {
  for (const bool by_itself : {false, true}) {
    bool failed = true;
    for (uint64_t at = 1; failed; ++at) {
      SCOPED_TRACE(Format("%d, write %d", by_itself, at));
      FaultyEnv disk;
      Coop coop;
      coop.commons_.RestartOn(disk.env());
      const std::string& text = by_itself ? coop.looser_ : coop.tighter_;
      const std::string envelope = coop.SignPolicy(text, {&coop.ana(), &coop.bo_});
      if (by_itself) {
        ASSERT_TRUE(coop.Propose({envelope}).ok());
      }
      disk.Arm({.at = at});
      const auto step = [&]() -> Status {
        if (!by_itself) return coop.Propose({envelope}).status();
        return coop.gateway().AdvanceClock(At("2013-01-27T00:00:00Z")).status();
      };
      const bool said_so = step().ok();
      const bool shown = coop.gateway().documents()->policy == text;
      failed = disk.failures() > 0;
      disk.Repair();
      coop.commons_.Crash();
      const uint64_t version = coop.Version();
      EXPECT_TRUE(version == 1 || version == 2) << version;
      // Nobody was told, or shown, what the crash undid.
      if (said_so || shown) {
        EXPECT_EQ(version, 2u);
      }
      if (version == 1 && by_itself) {
        EXPECT_EQ(coop.Changes().size(), 1u);
      }
      ASSERT_TRUE(step().ok());
      EXPECT_EQ(coop.Version(), 2u);
      EXPECT_THAT(coop.Changes(), IsEmpty());
    }
  }
}

TEST_F(RulesTest, ResidentsWhoObjectRaiseTheThreshold) {
  const Member a = commons_.Join("flat-1"), b = commons_.Join("flat-2");
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana(), &bo_})}).ok());
  const auto objected = Vote(a, looser_, policy::Choice::kObject);
  ASSERT_TRUE(objected.ok()) << objected.status();
  EXPECT_EQ(objected->stage, "objected");
  EXPECT_EQ(objected->objecting, 1u);
  EXPECT_EQ(objected->households, 2u);
  commons_.Crash();
  Advance("2013-02-27T00:00:00Z");
  EXPECT_EQ(Version(), 1u);
  EXPECT_THAT(Propose({SignPolicy(looser_, {&chi_})})->effects, ElementsAre("policy: version 2"));
}

TEST_F(RulesTest, AnObjectionCanBeTakenBackButNotByAnOlderPaper) {
  const Member a = commons_.Join("flat-1");
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana(), &bo_})}).ok());
  vote_at_ = At("2013-01-13T00:00:02Z");
  ASSERT_TRUE(Vote(a, looser_, policy::Choice::kObject).ok());
  vote_at_ = At("2013-01-13T00:00:01Z");
  ExpectRefused(Vote(a, looser_, policy::Choice::kApprove).status(),
                StatusCode::kFailedPrecondition, "older than what this adult has said since");
  vote_at_ = At("2013-01-13T00:00:03Z");
  EXPECT_EQ(Vote(a, looser_, policy::Choice::kApprove)->objecting, 0u);
  vote_at_ = At("2013-01-15T00:00:00Z");
  ExpectRefused(Vote(a, looser_, policy::Choice::kObject).status(),
                StatusCode::kFailedPrecondition, "yet to come");
}

TEST_F(RulesTest, OnlyAnAdultOfTheHouseholdVotesForIt) {
  const Member a = commons_.Join("flat-1"), b = commons_.Join("flat-2");
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana(), &bo_})}).ok());
  ExpectRefused(Vote(a, looser_, policy::Choice::kObject, b.key).status(),
                StatusCode::kPermissionDenied, "not by the key of an adult of this household");
  ExpectRefused(Vote(a, looser_, policy::Choice::kObject, ana()).status(),
                StatusCode::kPermissionDenied, "not by the key of an adult");
  ExpectRefused(Vote(a, tighter_, policy::Choice::kObject).status(), StatusCode::kNotFound,
                "no such proposal");
  EXPECT_EQ(Changes().at(0).objecting, 0u);
}

TEST_F(RulesTest, AnAssemblyReplacesStewardsWhoLostTheirKeys) {
  const crypto::Signer dee = NewKey(), eli = NewKey();
  std::string next = Next(charter_, crypto::FormatPublicKey(bo_.public_key()),
                          crypto::FormatPublicKey(dee.public_key()));
  next.replace(next.find(crypto::FormatPublicKey(chi_.public_key())), 72,
               crypto::FormatPublicKey(eli.public_key()));
  const Member a = commons_.Join("flat-1"), b = commons_.Join("flat-2");
  ASSERT_TRUE(Propose({Sign(DocumentKind::kCharter, next, {&dee, &eli})}).ok());
  EXPECT_THAT(Changes().at(0).waits_for, HasSubstr("the approval of 1 of 2 households"));
  Advance("2013-06-01T00:00:00Z");
  EXPECT_EQ(Version("charter"), 1u);
  const auto approved =
      Vote(a, next, policy::Choice::kApprove, a.key, DocumentKind::kCharter);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->approving, 1u);
  EXPECT_EQ(Version("charter"), 2u);  // its notice was over
}

TEST_F(RulesTest, ARetiredKeyCountsForNothingFromThenOn) {
  ASSERT_TRUE(Propose({SignPolicy(looser_, {&ana(), &bo_})}).ok());
  ASSERT_TRUE(Propose({Retirement(bo_)}).ok());
  EXPECT_THAT(Changes().at(0).signatures, ElementsAre("policy: 1 of 2 (ana)"));
  commons_.Crash();
  Advance("2013-02-01T00:00:00Z");
  EXPECT_EQ(Version(), 1u);
  EXPECT_THAT(gateway().ShowRules()->retired,
              ElementsAre(crypto::FormatPublicKey(bo_.public_key())));
  ExpectRefused(Propose({Retirement(NewKey())}).status(), StatusCode::kNotFound,
                "the charter in force does not list this key");
  ASSERT_TRUE(Propose({Retirement(chi_)}).ok());
  EXPECT_THAT(Changes().at(0).waits_for, HasSubstr("policy: frozen: 2 of its 3 keys are retired"));
}

TEST_F(RulesTest, ARetiredStewardConfirmsNobody) {
  ASSERT_TRUE(gateway().AddPlace("lamp", "north").ok());
  const policy::Invite place{.commons = "testville",
                             .gateway = GatewayId("gw-a"),
                             .subject = SubjectId::FromBytes(gateway().ListPlaces()->at(0).subject),
                             .nonce = {}};
  crypto::Envelope envelope{std::string(crypto::kConfirmationType),
                            policy::BuildConfirmation(place, {}, At(kStart)), {}};
  crypto::SignEnvelope(envelope, ana());
  ASSERT_TRUE(Propose({Retirement(ana())}).ok());
  ExpectRefused(gateway().ConfirmPlace("lamp", crypto::SerializeEnvelope(envelope)),
                StatusCode::kPermissionDenied, "confirmation: 0 of 1 required signatures");
}

TEST_F(RulesTest, APartyComesWithTheRosterBeforeThePolicyAndLeavesAfterIt) {
  const std::string roster = Next(roster_, "parties: [", "parties: [{id: press, kind: media}, ");
  const std::string policy = Next(policy_, "to: [city-hall]", "to: [city-hall, press]");
  ASSERT_TRUE(Propose({SignPolicy(policy, {&ana(), &bo_}),
                       Sign(DocumentKind::kRoster, roster, {&ana(), &bo_})}).ok());
  EXPECT_EQ(Version("roster"), 2u);
  EXPECT_EQ(Changes().at(0).change, "looser");
  Advance("2013-01-27T00:00:00Z");
  EXPECT_EQ(Version(), 2u);
  const std::string back = Next(policy, "to: [city-hall, press]", "to: [city-hall]");
  const std::string without = Next(roster, "{id: press, kind: media}, ", "");
  ASSERT_TRUE(Propose({Sign(DocumentKind::kRoster, without, {&ana(), &bo_}),
                       SignPolicy(back, {&ana()})}).ok());
  EXPECT_EQ(Version("roster"), 3u);
  EXPECT_EQ(Version(), 3u);
}

TEST_F(RulesTest, ARosterWithoutThisGatewayIsRefused) {
  const std::string roster = Next(roster_, "gw-a", "gw-b");
  ExpectRefused(Propose({Sign(DocumentKind::kRoster, roster, {&ana(), &bo_})}).status(),
                StatusCode::kFailedPrecondition, "does not list this gateway");
}

TEST_F(RulesTest, ProposalsAreFewAndThoseWithoutSignaturesGiveWay) {
  const auto variant = [&](int i) { return looser_ + "# " + std::to_string(i) + "\n"; };
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(Propose({SignPolicy(variant(i), {&ana()})}).ok());
    Advance("2013-01-13T00:00:0" + std::to_string(i) + "Z");
  }
  EXPECT_EQ(Changes().size(), limits::kProposalsPerKindMax);
  for (int i = 6; i < 10; ++i) {
    ASSERT_TRUE(Propose({SignPolicy(variant(i), {&ana(), &bo_})}).ok());
  }
  ExpectRefused(Propose({SignPolicy(variant(10), {&ana()})}).status(),
                StatusCode::kResourceExhausted, "limits 4 and");
  commons_.Restart();
  EXPECT_EQ(Changes().size(), limits::kProposalsPerKindMax);
}

TEST_F(RulesTest, GOV15_InGraceRulesServeAndAfterItNothingIsDecided) {
  const std::string ends = Next(policy_, "expires: 2100-01-01", "expires: 2013-01-16");
  ASSERT_TRUE(Activate({SignPolicy(ends, {&ana()})}).ok());
  EXPECT_THAT(gateway().GetStatus()->expiry,
              ElementsAre("policy: expires at 2013-01-16T00:00:00Z; sign a new version before"));
  std::vector<Member> members;
  for (int i = 0; i < 6; ++i) members.push_back(commons_.Join("flat-" + std::to_string(i)));
  for (const Member& member : members) commons_.SendDay(member, "2013-01-14T00:00:00Z", 100);
  Advance("2013-01-17T00:00:00Z");
  EXPECT_THAT(gateway().GetStatus()->expiry.at(0), HasSubstr("serves until 2013-01-23"));
  const std::size_t decided = commons_.Cells().size();
  EXPECT_GT(decided, 0u);  // after it expired
  for (const Member& member : members) commons_.SendDay(member, "2013-01-20T00:00:00Z", 100);
  Advance("2013-01-24T00:00:00Z");
  EXPECT_EQ(commons_.Cells().size(), decided);
  EXPECT_THAT(gateway().GetStatus()->expiry.at(0), HasSubstr("no party gets an answer"));
  // Collection goes on, and so do residents' rights.
  EXPECT_EQ(commons_.Send(members[0], "2013-01-23T12:00:00Z", 7), port::DoorCode::kAdmitted);
  EXPECT_TRUE(gateway().WithdrawGrants("flat-0", "").ok());
  std::size_t bytes = 0;
  EXPECT_TRUE(gateway().ExportHousehold("flat-1", [&](std::string_view sealed) {
                bytes += sealed.size();
                return true;
              }).ok());
  EXPECT_GT(bytes, 0u);
  // A renewal, which is neither looser nor tighter, and it all goes on.
  ASSERT_TRUE(Activate({SignPolicy(Next(ends, "expires: 2013-01-16", "expires: 2100-01-01"),
                                   {&ana(), &bo_})}).ok());
  EXPECT_GT(*gateway().AdvanceClock(At("2013-01-24T00:00:01Z")), 0u);
}

}  // namespace
}  // namespace gateway::pipeline
