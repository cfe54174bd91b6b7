#include "gateway/policy/retraction.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "commons/v1/query.pb.h"
#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"

namespace gateway::policy {
namespace {

using std::chrono::seconds;

const crypto::Signer& SignerOf(char fill) {
  static auto* signers = new std::map<char, crypto::Signer>;
  GW_CHECK(crypto::InitCrypto().ok());
  if (const auto found = signers->find(fill); found != signers->end()) return found->second;
  StatusOr<crypto::SecretKey> seed = crypto::SecretKey::FromBytes(std::string(32, fill));
  GW_CHECK(seed.ok());
  StatusOr<crypto::Signer> signer = crypto::Signer::FromSeed(*std::move(seed));
  GW_CHECK(signer.ok());
  return signers->emplace(fill, *std::move(signer)).first->second;
}

// 'a' and 'b' may decide policies, two of them at a time; 'e' enrols.
Charter SomeCharter() {
  Charter charter;
  charter.commons = "sunny-row";
  charter.keys = {{"ana", SignerOf('a').public_key()},
                  {"ben", SignerOf('b').public_key()},
                  {"eve", SignerOf('e').public_key()}};
  charter.policy = {.keys = {"ana", "ben"}, .threshold = 2};
  charter.enrolment = {.keys = {"eve"}, .threshold = 1};
  return charter;
}

Retraction SomeRetraction() {
  return {.commons = "sunny-row",
          .gateway = GatewayId("gw-a"),
          .rule = RuleId("load-hourly"),
          .zone = ZoneId("north"),
          .start = Time(seconds(1358121600)),
          .cell_hash = std::string(32, '\x22'),
          .reason = "wrong-readings",
          .at = Time(seconds(1358300000))};
}

std::string Sealed(std::string payload, std::initializer_list<char> signers,
                   std::string_view type = crypto::kRetractionType) {
  crypto::Envelope envelope{
      .payload_type = std::string(type), .payload = std::move(payload), .signatures = {}};
  for (const char signer : signers) crypto::SignEnvelope(envelope, SignerOf(signer));
  return crypto::SerializeEnvelope(envelope);
}

std::string Built(const Retraction& retraction = SomeRetraction()) {
  const StatusOr<std::string> payload = BuildRetraction(retraction);
  EXPECT_TRUE(payload.ok()) << payload.status();
  return payload.ok() ? *payload : std::string();
}

Status Verdict(std::string_view envelope) {
  return VerifyRetraction(envelope, SomeCharter(), GatewayId("gw-a")).status();
}

// Made with Python from the same values.
TEST(RetractionTest, ThePayloadHasTheGoldenBytes) {
  EXPECT_EQ(HexEncode(Built()), 
            "0801120973756e6e792d726f771a0467772d61220b6c6f61642d686f75726c792a056e6f7274683080aa9a"
            "8f0a3a202222222222222222222222222222222222222222222222222222222222222222420e77726f6e67"
            "2d72656164696e677348c08db08f0a");
}

TEST(RetractionTest, OneKeyOfThePolicyRoleIsEnough) {
  for (const char steward : {'a', 'b'}) {
    const auto verified =
        VerifyRetraction(Sealed(Built(), {steward}), SomeCharter(), GatewayId("gw-a"));
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_EQ(verified->retraction, SomeRetraction());
    EXPECT_EQ(verified->envelope, Sealed(Built(), {steward}));
  }
}

TEST(RetractionTest, NobodyElsesSignatureCounts) {
  EXPECT_EQ(Verdict(Sealed(Built(), {})).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Verdict(Sealed(Built(), {'z'})).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Verdict(Sealed(Built(), {'e'})).code(), StatusCode::kPermissionDenied);  // enrols only
  crypto::Envelope moved = *crypto::ParseEnvelope(Sealed(Built(), {'a'}));
  Retraction other = SomeRetraction();
  other.reason = "other";
  moved.payload = Built(other);
  EXPECT_EQ(Verdict(crypto::SerializeEnvelope(moved)).code(), StatusCode::kPermissionDenied);
}

TEST(RetractionTest, OnlySignaturesThatCountReachTheLog) {
  crypto::Envelope envelope = *crypto::ParseEnvelope(Sealed(Built(), {'z', 'b', 'a'}));
  envelope.signatures[1].keyid = "a name of somebody";
  envelope.signatures.push_back({"somebody's address", "somebody's name"});
  const auto verified = VerifyRetraction(crypto::SerializeEnvelope(envelope), SomeCharter(),
                                         GatewayId("gw-a"));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->envelope, Sealed(Built(), {'a', 'b'}));
}

TEST(RetractionTest, AnotherCommonsOrGatewayIsRefused) {
  Retraction commons = SomeRetraction();
  commons.commons = "rainy-row";
  Retraction gateway = SomeRetraction();
  gateway.gateway = GatewayId("gw-b");
  for (const Retraction& other : {commons, gateway}) {
    EXPECT_EQ(Verdict(Sealed(Built(other), {'a'})).code(), StatusCode::kPermissionDenied);
  }
}

TEST(RetractionTest, AnotherKindOfDocumentIsRefused) {
  EXPECT_EQ(Verdict(Sealed(Built(), {'a'}, crypto::kPolicyType)).code(),
            StatusCode::kInvalidArgument);
}

TEST(RetractionTest, WhatCannotBeSignedIsNotTakenEither) {
  using Message = commons::v1::Retraction;
  struct Case {
    const char* name;
    void (*change)(Message&);
  };
  for (const Case& c : {
           Case{"another schema", [](Message& m) { m.set_schema(2); }},
           {"no rule", [](Message& m) { m.clear_rule(); }},
           {"a zone that is no name", [](Message& m) { m.set_zone("North 12"); }},
           {"a short hash", [](Message& m) { m.set_cell_hash("short"); }},
           {"a reason in free text", [](Message& m) { m.set_reason("flat 3 was away"); }},
           {"no reason", [](Message& m) { m.clear_reason(); }},
           {"a start before 1970", [](Message& m) { m.set_start_s(-1); }},
           {"a time after 9999", [](Message& m) { m.set_at_s(int64_t{1} << 40); }},
           {"an unknown field",
            [](Message& m) {
              m.GetReflection()->MutableUnknownFields(&m)->AddLengthDelimited(99, "hidden");
            }},
       }) {
    SCOPED_TRACE(c.name);
    Message message;
    ASSERT_TRUE(message.ParseFromString(Built()));
    c.change(message);
    EXPECT_EQ(Verdict(Sealed(message.SerializeAsString(), {'a'})).code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Verdict(Sealed("not a message", {'a'})).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Verdict(Sealed(Built() + Built(), {'a'})).code(), StatusCode::kInvalidArgument);
  Retraction half = SomeRetraction();
  half.start += Millis(500);
  EXPECT_EQ(BuildRetraction(half).status().code(), StatusCode::kInvalidArgument);
  half = SomeRetraction();
  half.reason = "because";
  EXPECT_EQ(BuildRetraction(half).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gateway::policy
