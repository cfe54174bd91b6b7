#include "gateway/policy/vote.h"

#include <gtest/gtest.h>

#include "commons/v1/governance.pb.h"
#include "gateway/crypto/dsse.h"
#include "gateway/policy/retirement.h"
#include "tests/unit/policy/lifecycle_fixture.h"

namespace gateway::policy {
namespace {

Vote AVote() {
  return {.commons = "riverside",
          .kind = DocumentKind::kPolicy,
          .document = std::string(32, 'd'),
          .choice = Choice::kObject,
          .subject = SubjectId::FromBytes(std::string(16, 's')),
          .voter_pk = Steward(0).public_key(),
          .at = At("2013-01-13T00:00:00Z")};
}

std::string SignedVote(const std::string& payload, const crypto::Signer& signer = Steward(0)) {
  return Signed(crypto::kVoteType, payload, {&signer});
}

TEST(VoteTest, VerifyReturnsWhatWasBuilt) {
  Vote vote = AVote();
  for (const DocumentKind kind : {DocumentKind::kPolicy, DocumentKind::kCharter}) {
    for (const Choice choice : {Choice::kObject, Choice::kApprove}) {
      vote.kind = kind;
      vote.choice = choice;
      const auto payload = BuildVote(vote);
      ASSERT_TRUE(payload.ok()) << payload.status();
      const auto verified = VerifyVote(SignedVote(*payload), "riverside");
      ASSERT_TRUE(verified.ok()) << verified.status();
      EXPECT_EQ(*verified, vote);
    }
  }
  EXPECT_EQ(ChoiceName(Choice::kObject), "object");
  EXPECT_EQ(ChoiceName(Choice::kApprove), "approve");
}

TEST(VoteTest, IsSignedByTheVoterForThisCommonsAndAsAVote) {
  const std::string payload = *BuildVote(AVote());
  ExpectRefused(VerifyVote(SignedVote(payload, Steward(1)), "riverside").status(),
                StatusCode::kPermissionDenied, "vote: not signed by the key it names");
  ExpectRefused(VerifyVote(SignedVote(payload), "lakeside").status(),
                StatusCode::kPermissionDenied, "vote: is for commons \"riverside\"");
  ExpectRefused(
      VerifyVote(Signed(crypto::kGrantType, payload, {&Steward(0)}), "riverside").status(),
      StatusCode::kInvalidArgument, "another kind");
}

TEST(VoteTest, RefusesWhatIsNoVote) {
  const auto refused = [](void (*edit)(commons::v1::Vote&), const char* text) {
    commons::v1::Vote message;
    ASSERT_TRUE(message.ParseFromString(*BuildVote(AVote())));
    edit(message);
    ExpectRefused(VerifyVote(SignedVote(message.SerializeAsString()), "riverside").status(),
                  StatusCode::kInvalidArgument, text);
  };
  using V = commons::v1::Vote;
  refused([](V& v) { v.set_schema(2); }, "schema 2");
  refused([](V& v) { v.set_kind(commons::v1::BALLOT_KIND_UNSPECIFIED); }, "vote: kind");
  refused([](V& v) { v.clear_choice(); }, "vote: choice");
  refused([](V& v) { v.set_document("short"); }, "vote: document: 5 bytes");
  refused([](V& v) { v.set_subject("short"); }, "vote: subject: 5 bytes");
  refused([](V& v) { v.set_voter_pk("short"); }, "vote: voter_pk: 5 bytes");
  refused([](V& v) { v.set_at(0); }, "vote: at");
  refused([](V& v) { v.set_commons("No Name"); }, "vote: commons");
  const std::string payload = *BuildVote(AVote());
  ExpectRefused(VerifyVote(SignedVote(payload + "\x48\x01"), "riverside").status(),
                StatusCode::kInvalidArgument, "fields that this version does not know");
  ExpectRefused(VerifyVote(SignedVote("\xff"), "riverside").status(), StatusCode::kInvalidArgument,
                "malformed");
  Vote roster = AVote();
  roster.kind = DocumentKind::kRoster;
  ExpectRefused(BuildVote(roster).status(), StatusCode::kInvalidArgument, "charters and policies");
}

TEST(RetirementTest, VerifyReturnsWhatWasBuilt) {
  const Retirement retirement{"riverside", Steward(0).public_key(), At("2013-01-13T00:00:00Z")};
  const auto payload = BuildRetirement(retirement);
  ASSERT_TRUE(payload.ok()) << payload.status();
  const auto verified =
      VerifyRetirement(Signed(crypto::kRetirementType, *payload, {&Steward(0)}), "riverside");
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(*verified, retirement);
}

TEST(RetirementTest, GOV20_NobodyRetiresTheKeyOfAnother) {
  const std::string payload =
      *BuildRetirement({"riverside", Steward(0).public_key(), At("2013-01-13T00:00:00Z")});
  ExpectRefused(VerifyRetirement(Signed(crypto::kRetirementType, payload,
                                        {&Steward(1), &Steward(2)}), "riverside").status(),
                StatusCode::kPermissionDenied, "retirement: not signed by the key it names");
  ExpectRefused(VerifyRetirement(Signed(crypto::kRetirementType, payload, {&Steward(0)}),
                                 "lakeside").status(),
                StatusCode::kPermissionDenied, "retirement: is for commons \"riverside\"");
  ExpectRefused(VerifyRetirement(Signed(crypto::kVoteType, payload, {&Steward(0)}),
                                 "riverside").status(),
                StatusCode::kInvalidArgument, "another kind");
  ExpectRefused(BuildRetirement({"riverside", "short", At("2013-01-13T00:00:00Z")}).status(),
                StatusCode::kInvalidArgument, "retirement: key: 5 bytes");
}

}  // namespace
}  // namespace gateway::policy
