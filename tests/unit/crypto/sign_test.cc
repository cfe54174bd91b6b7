#include "gateway/crypto/sign.h"

#include <vector>

#include "gateway/crypto/hash.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using SignTest = CryptoTest;

Signer SignerOf(std::string_view seed) {
  StatusOr<Signer> signer = Signer::FromSeed(KeyOf(seed));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

// RFC 8032 §7.1, test 2.
TEST_F(SignTest, AgreesWithRfc8032) {
  const Signer signer =
      SignerOf(Unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  EXPECT_EQ(HexEncode(signer.public_key()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(HexEncode(signer.Sign("\x72")),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST_F(SignTest, RefusesEveryFlippedBitAndWrongSizes) {
  const Signer signer = SignerOf(Counting(32));
  const std::string signature = signer.Sign("message");
  ASSERT_TRUE(VerifySignature(signer.public_key(), "message", signature));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    EXPECT_FALSE(VerifySignature(signer.public_key(), "message", FlipBit(signature, bit)));
  }
  EXPECT_FALSE(VerifySignature(signer.public_key(), "messagf", signature));
  EXPECT_FALSE(VerifySignature(signer.public_key(), "message", signature.substr(1)));
  EXPECT_FALSE(VerifySignature(signer.public_key(), "message", signature + "x"));
  EXPECT_FALSE(VerifySignature("", "message", signature));
  EXPECT_FALSE(VerifySignature(signer.public_key() + "x", "message", signature));
}

TEST_F(SignTest, KeyFileRoundTrips) {
  const StatusOr<Signer> signer = Signer::Generate();
  ASSERT_TRUE(signer.ok());
  const std::string text = signer->ToKeyFile();
  EXPECT_TRUE(text.starts_with("commons-key-v1 ed25519 " + HexEncode(signer->public_key()) + " "));
  EXPECT_TRUE(text.ends_with('\n'));
  const StatusOr<Signer> back = Signer::FromKeyFile(text);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->public_key(), signer->public_key());
  EXPECT_EQ(back->Sign("m"), signer->Sign("m"));
}

TEST_F(SignTest, KeyFileRefusesAnyOtherText) {
  const Signer signer = SignerOf(Counting(32));
  const std::string text = signer.ToKeyFile();
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    EXPECT_FALSE(Signer::FromKeyFile(text.substr(0, size)).ok()) << size;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(Signer::FromKeyFile(changed).status().code(), StatusCode::kInvalidArgument) << i;
  }
  EXPECT_FALSE(Signer::FromKeyFile(text + "\n").ok());
}

TEST_F(SignTest, KeyFileErrorsDoNotQuoteTheSeed) {
  const Signer signer = SignerOf(Counting(32));
  const std::string text = "x" + signer.ToKeyFile();
  const Status status = Signer::FromKeyFile(text).status();
  EXPECT_EQ(Message(status).find(HexEncode(Counting(32))), std::string_view::npos);
}

TEST_F(SignTest, PublicKeyTextRoundTripsAndRefusesOtherSpellings) {
  const std::string key = Counting(32);
  const std::string text = FormatPublicKey(key);
  EXPECT_EQ(text, "ed25519:" + HexEncode(key));
  ASSERT_TRUE(ParsePublicKey(text).ok());
  EXPECT_EQ(*ParsePublicKey(text), key);
  const std::string upper = text.substr(0, text.size() - 1) + "F";
  for (const std::string& bad :
       {std::string(), text.substr(8), text + "0", "ed448" + text, upper}) {
    EXPECT_EQ(ParsePublicKey(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST_F(SignTest, AgreesWithWycheproof) {
  const auto vectors = testing::LoadVectors("wycheproof/ed25519_test.json");
  if (!vectors) GTEST_SKIP() << "wycheproof/ed25519_test.json is absent";
  std::size_t checked = 0;
  for (const auto& group : (*vectors)["testGroups"]) {
    const std::string key = Unhex(group["publicKey"]["pk"].get<std::string>());
    for (const auto& test : group["tests"]) {
      SCOPED_TRACE(test["tcId"].dump());
      EXPECT_EQ(VerifySignature(key, Unhex(test["msg"].get<std::string>()),
                                Unhex(test["sig"].get<std::string>())),
                test["result"] == "valid");
      ++checked;
    }
  }
  EXPECT_GT(checked, 100u);
}

// Which adversarial signatures are valid is where libraries differ: a change would split a
// federation, so which of them this library accepts is pinned.
TEST_F(SignTest, AcceptsExactly43OfTheEdgeCasesOfCctv) {
  const auto vectors = testing::LoadVectors("cctv_ed25519/ed25519vectors.json");
  if (!vectors) GTEST_SKIP() << "cctv_ed25519/ed25519vectors.json is absent";
  std::vector<int> accepted;
  for (const auto& test : *vectors) {
    if (VerifySignature(Unhex(test["key"].get<std::string>()), test["msg"].get<std::string>(),
                        Unhex(test["sig"].get<std::string>()))) {
      accepted.push_back(test["number"].get<int>());
    }
  }
  EXPECT_EQ(vectors->size(), 914u);
  EXPECT_EQ(accepted,
            (std::vector<int>{
                7, 29, 50, 117, 139, 161, 182, 249, 305, 411, 425, 438, 465, 473, 481, 489, 497,
                511, 525, 538, 565, 573, 581, 589, 597, 611, 625, 638, 665, 673, 681, 689, 697,
                711, 725, 738, 765, 773, 781, 789, 797, 832, 899}));
}

}  // namespace
}  // namespace gateway::crypto
