#include "gateway/crypto/aead.h"

#include <set>
#include <thread>

#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using AeadTest = CryptoTest;

constexpr std::string_view kText = "12 readings";
constexpr std::string_view kData = "row 7";

TEST_F(AeadTest, OpensWhatWasSealed) {
  const SecretKey key = KeyOf(Counting(32));
  for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 70'000u}) {
    SCOPED_TRACE(size);
    const std::string plaintext(size, 'x');
    const std::string sealed = Seal(key, plaintext, kData);
    EXPECT_EQ(sealed.size(), size + kSealOverheadBytes);
    const StatusOr<std::string> opened = Open(key, sealed, kData);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, plaintext);
  }
}

TEST_F(AeadTest, RefusesEveryFlippedBit) {
  const SecretKey key = KeyOf(Counting(32));
  const std::string sealed = Seal(key, kText, kData);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, FlipBit(sealed, bit), kData).status().code(), StatusCode::kDataLoss) << bit;
  }
}

TEST_F(AeadTest, RefusesEveryTruncationAndAnyAddition) {
  const SecretKey key = KeyOf(Counting(32));
  const std::string sealed = Seal(key, kText, kData);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(Open(key, sealed.substr(0, size), kData).status().code(), StatusCode::kDataLoss);
    EXPECT_FALSE(Open(key, sealed.substr(sealed.size() - size), kData).ok());
  }
  EXPECT_FALSE(Open(key, sealed + '\0', kData).ok());
}

TEST_F(AeadTest, RefusesWrongKeyAndWrongAssociatedData) {
  const SecretKey key = KeyOf(Counting(32));
  const std::string sealed = Seal(key, kText, kData);
  EXPECT_FALSE(Open(KeyOf(FlipBit(Counting(32), 255)), sealed, kData).ok());
  for (const std::string_view data : {"", "row", "row 8", "row 77"}) {
    EXPECT_EQ(Open(key, sealed, data).status().code(), StatusCode::kDataLoss) << data;
  }
}

TEST_F(AeadTest, SealToAppends) {
  const SecretKey key = KeyOf(Counting(32));
  std::string out = "header";
  SealTo(key, kText, kData, out);
  ASSERT_EQ(out.substr(0, 6), "header");
  EXPECT_TRUE(Open(key, std::string_view(out).substr(6), kData).ok());
}

TEST_F(AeadTest, NoNonceRepeatsWithinOrAcrossThreads) {
  const SecretKey key = KeyOf(Counting(32));
  constexpr std::size_t kSeals = 1'000;
  std::vector<std::vector<std::string>> nonces(4);
  std::vector<std::thread> threads;
  for (auto& mine : nonces) {
    threads.emplace_back([&key, &mine] {
      for (std::size_t i = 0; i < kSeals; ++i) {
        mine.push_back(Seal(key, kText, kData).substr(0, kNonceBytes));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> distinct;
  for (const auto& mine : nonces) distinct.insert(mine.begin(), mine.end());
  EXPECT_EQ(distinct.size(), nonces.size() * kSeals);
}

// draft-irtf-cfrg-xchacha-03, appendix A.3.1: fixes nonce ‖ ciphertext ‖ tag as the layout.
TEST_F(AeadTest, OpensTheVectorOfTheInternetDraft) {
  const SecretKey key =
      KeyOf(Unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const StatusOr<std::string> opened = Open(
      key,
      Unhex("404142434445464748494a4b4c4d4e4f5051525354555657"
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a8"
            "2f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369"
            "488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
            "c0875924c1c7987947deafd8780acf49"),
      Unhex("50515253c0c1c2c3c4c5c6c7"));
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->starts_with("Ladies and Gentlemen of the class of '99:"));
}

TEST_F(AeadTest, AgreesWithWycheproof) {
  const auto vectors = testing::LoadVectors("wycheproof/xchacha20_poly1305_test.json");
  if (!vectors) GTEST_SKIP() << "wycheproof/xchacha20_poly1305_test.json is absent";
  std::size_t checked = 0;
  for (const auto& group : (*vectors)["testGroups"]) {
    if (group["ivSize"] != 192) continue;
    for (const auto& test : group["tests"]) {
      SCOPED_TRACE(test["tcId"].dump());
      const auto hex = [&](const char* name) { return Unhex(test[name].get<std::string>()); };
      const auto opened = Open(KeyOf(hex("key")), hex("iv") + hex("ct") + hex("tag"), hex("aad"));
      EXPECT_EQ(opened.ok(), test["result"] == "valid");
      if (opened.ok()) {
        EXPECT_EQ(*opened, hex("msg"));
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 200u);
}

}  // namespace
}  // namespace gateway::crypto
