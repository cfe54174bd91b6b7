#include "gateway/crypto/dsse.h"

#include <gmock/gmock.h>

#include "gateway/crypto/hash.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using DsseTest = CryptoTest;

Signer SignerOf(char fill) {
  StatusOr<Signer> signer = Signer::FromSeed(KeyOf(std::string(32, fill)));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

Envelope SignedBy(std::initializer_list<char> fills) {
  Envelope envelope{
      .payload_type = std::string(kPolicyType), .payload = "a: 1\n", .signatures = {}};
  for (const char fill : fills) SignEnvelope(envelope, SignerOf(fill));
  return envelope;
}

TEST_F(DsseTest, PreAuthEncodingIsThatOfTheSpecification) {
  EXPECT_EQ(PreAuthEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST_F(DsseTest, BytesAreTheDocumentedOnes) {
  const Envelope envelope{
      .payload_type = "t", .payload = "p", .signatures = {{"k", "s"}, {"", "s"}}};
  EXPECT_EQ(HexEncode(SerializeEnvelope(envelope)),
            "0a0174"
            "120170"
            "1a060a016b120173"
            "1a03120173");
}

TEST_F(DsseTest, ParsesWhatItSerialises) {
  const std::string bytes = SerializeEnvelope(SignedBy({'a', 'b'}));
  const StatusOr<Envelope> envelope = ParseEnvelope(bytes);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->payload, "a: 1\n");
  EXPECT_EQ(envelope->signatures.size(), 2u);
  EXPECT_EQ(SerializeEnvelope(*envelope), bytes);
}

TEST_F(DsseTest, RefusesEveryTruncationInsideAField) {
  const std::string bytes = SerializeEnvelope(SignedBy({'a'}));
  const std::size_t unsigned_bytes = SerializeEnvelope(SignedBy({})).size();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const StatusOr<Envelope> envelope = ParseEnvelope(bytes.substr(0, size));
    if (envelope.ok()) {  // cut exactly between two fields: an envelope, but not a signed one
      EXPECT_TRUE(size == unsigned_bytes || size == unsigned_bytes - 7) << size;
      EXPECT_THAT(ValidSigners(*envelope, std::vector{SignerOf('a').public_key()}), IsEmpty());
    } else {
      EXPECT_EQ(envelope.status().code(), StatusCode::kInvalidArgument);
    }
  }
}

TEST_F(DsseTest, NoFlippedBitYieldsAValidSignerOfOtherContent) {
  const Envelope original = SignedBy({'a'});
  const std::string bytes = SerializeEnvelope(original);
  const std::vector<std::string> trusted{SignerOf('a').public_key()};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const StatusOr<Envelope> envelope = ParseEnvelope(FlipBit(bytes, bit));
    if (!envelope.ok() || ValidSigners(*envelope, trusted).empty()) continue;
    // Only the keyid, which is a hint, may change under a signature that still counts.
    EXPECT_EQ(envelope->payload, original.payload) << bit;
    EXPECT_EQ(envelope->payload_type, original.payload_type) << bit;
    EXPECT_NE(envelope->signatures[0].keyid, original.signatures[0].keyid) << bit;
  }
}

TEST_F(DsseTest, RefusesOtherSpellings) {
  struct Case {
    const char* name;
    const char* hex;
  };
  for (const Case& c : {
           Case{"empty", ""},
           {"no payload type", "120170"},
           {"fields out of order", "1201700a0174"},
           {"payload type twice", "0a01740a0174120170"},
           {"payload twice", "0a0174120170120170"},
           {"unknown field 4", "0a01741201702201ff"},
           {"a number in field 1", "0801120170"},
           {"written-out empty payload", "0a01741200"},
           {"written-out empty keyid", "0a01741201701a050a00120173"},
           {"length with a needless byte", "0a810074120170"},
           {"length beyond the end", "0a01741202 70"},
           {"length of 2^64-1", "0a017412ffffffffffffffffff01"},
           {"unknown field in a signature", "0a01741201701a061201731a0178"},
           {"signature before keyid", "0a01741201701a061201730a016b"},
       }) {
    SCOPED_TRACE(c.name);
    std::string hex = c.hex;
    std::erase(hex, ' ');
    EXPECT_EQ(ParseEnvelope(Unhex(hex)).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(ParseEnvelope(Unhex("0a0174")).ok());  // an empty payload is left out
}

TEST_F(DsseTest, SizeAndSignaturesAreBounded) {
  Envelope envelope = SignedBy({});
  envelope.payload.assign(kEnvelopeBytesMax, 'x');
  EXPECT_EQ(ParseEnvelope(SerializeEnvelope(envelope)).status().code(),
            StatusCode::kInvalidArgument);
  envelope.payload = "x";
  envelope.signatures.assign(kSignaturesMax, {"k", "s"});
  EXPECT_TRUE(ParseEnvelope(SerializeEnvelope(envelope)).ok());
  envelope.signatures.push_back({"k", "s"});
  EXPECT_EQ(ParseEnvelope(SerializeEnvelope(envelope)).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(DsseTest, SigningAgainChangesNothing) {
  Envelope envelope = SignedBy({'a', 'b'});
  const std::string bytes = SerializeEnvelope(envelope);
  SignEnvelope(envelope, SignerOf('a'));
  EXPECT_EQ(SerializeEnvelope(envelope), bytes);
}

TEST_F(DsseTest, SignersComeInTheOrderOfTrust) {
  const std::string a = SignerOf('a').public_key(), b = SignerOf('b').public_key();
  const std::string c = SignerOf('c').public_key();
  EXPECT_THAT(ValidSigners(SignedBy({'b', 'a'}), std::vector{a, c, b}), ElementsAre(a, b));
}

TEST_F(DsseTest, OneKeyHasOneVoteHoweverOftenItSignsOrIsListed) {
  const std::string a = SignerOf('a').public_key();
  Envelope envelope = SignedBy({'a'});
  const EnvelopeSignature signature = envelope.signatures[0];
  envelope.signatures.push_back(signature);                     // the same again
  envelope.signatures.push_back({"other", signature.signature});  // under a second keyid
  envelope.signatures.push_back({"", signature.signature});
  EXPECT_THAT(ValidSigners(envelope, std::vector{a, a, a}), ElementsAre(a));
}

TEST_F(DsseTest, KeyidIsOnlyAHint) {
  const std::string a = SignerOf('a').public_key(), b = SignerOf('b').public_key();
  Envelope envelope = SignedBy({'a'});
  envelope.signatures[0].keyid = KeyId(b);
  EXPECT_THAT(ValidSigners(envelope, std::vector{a, b}), ElementsAre(a));
}

TEST_F(DsseTest, BadAndUnknownSignaturesDoNotSpoilGoodOnes) {
  const std::string a = SignerOf('a').public_key();
  Envelope envelope = SignedBy({'z', 'a'});
  envelope.signatures.insert(envelope.signatures.begin(), {KeyId(a), std::string(64, 'x')});
  envelope.signatures.push_back({KeyId(a), "short"});
  EXPECT_THAT(ValidSigners(envelope, std::vector{a}), ElementsAre(a));
}

TEST_F(DsseTest, StrippedSignaturesLeaveNoSigner) {
  Envelope envelope = SignedBy({'a', 'b'});
  envelope.signatures.clear();
  EXPECT_THAT(ValidSigners(envelope, std::vector{SignerOf('a').public_key()}), IsEmpty());
  EXPECT_THAT(ValidSigners(SignedBy({'a'}), {}), IsEmpty());
}

TEST_F(DsseTest, ASignedDocumentIsNotValidAsAnotherType) {
  Envelope envelope = SignedBy({'a'});
  envelope.payload_type = kRosterType;
  EXPECT_THAT(ValidSigners(envelope, std::vector{SignerOf('a').public_key()}), IsEmpty());
}

TEST_F(DsseTest, AgreesWithTheVectorsOfAnotherImplementation) {
  const auto vectors = testing::LoadVectors("commons-formats.json");
  if (!vectors) GTEST_SKIP() << "commons-formats.json is absent";
  const auto& dsse = (*vectors)["dsse"];
  const std::string pae = Unhex(dsse["pae_hex"].get<std::string>());
  const std::string type = dsse["payloadType"].get<std::string>();
  const std::string payload = "schema: commons-policy/1\nversion: 1\n";
  EXPECT_EQ(PreAuthEncoding(type, payload), pae);
  EXPECT_EQ(HexEncode(Blake2b256(payload)), dsse["payload_blake2b256"].get<std::string>());
  Envelope envelope{.payload_type = type, .payload = payload, .signatures = {}};
  for (const auto& sig : dsse["sigs"]) {
    const StatusOr<Signer> signer =
        Signer::FromSeed(KeyOf(Unhex(sig["seed"].get<std::string>())));
    ASSERT_TRUE(signer.ok());
    SignEnvelope(envelope, *signer);
    EXPECT_EQ(HexEncode(signer->public_key()), sig["pub"].get<std::string>());
    EXPECT_EQ(HexEncode(envelope.signatures.back().keyid), sig["keyid"].get<std::string>());
    EXPECT_EQ(HexEncode(envelope.signatures.back().signature), sig["sig"].get<std::string>());
  }
  EXPECT_EQ(envelope.signatures.size(), 3u);
}

}  // namespace
}  // namespace gateway::crypto
