#include "gateway/crypto/slot_secret.h"

#include "gateway/crypto/shamir.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using SlotSecretTest = CryptoTest;
using ShamirTest = CryptoTest;

template <typename T>
T Must(StatusOr<T> value) {
  GW_CHECK(value.ok());
  return *std::move(value);
}

// RFC 7748 §6.1: Alice's key pair.
TEST_F(SlotSecretTest, KeyFilesHoldX25519Keys) {
  const Keyslot slot =
      Must(SlotOfKeyFile("commons-keyslot-v1 x25519 "
                         "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a\n"));
  EXPECT_EQ(HexEncode(slot.public_key),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
}

TEST_F(SlotSecretTest, RefusesTextThatIsNoKeyFile) {
  const std::string good = Must(GenerateKeyFile());
  const std::string body = good.substr(0, good.size() - 1);
  EXPECT_TRUE(SecretOfKeyFile(body).ok());  // editors drop the last line end
  for (const std::string& bad : {std::string(), body.substr(1), body.substr(0, body.size() - 1),
                                 body + "0", body + "\n\n", "commons-key-v1 ed25519 " + body}) {
    EXPECT_EQ(SecretOfKeyFile(bad).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(SlotSecretTest, Argon2idGivesThePublishedSecrets) {
  const auto vectors = testing::LoadVectors("commons-formats.json");
  if (!vectors.has_value()) GTEST_SKIP() << "no commons-formats.json";
  for (const auto& vector : (*vectors)["argon2id_p1"]) {
    const SecretKey secret = Must(SecretOfPassphrase(
        vector["pw"].get<std::string>(),
        {.ops = vector["ops"],
         .mem_kib = vector["mem_bytes"].get<uint32_t>() >> 10,
         .salt = Unhex(vector["salt"].get<std::string>())}));
    EXPECT_TRUE(secret.Equals(KeyOf(Unhex(vector["out32"].get<std::string>()))));
  }
}

TEST_F(SlotSecretTest, CostsOutOfTheirLimitsAreRefusedBeforeAnythingIsAllocated) {
  const std::string salt(16, 's');
  for (const Argon2Cost& cost : std::vector<Argon2Cost>{{0, 8 << 10, salt},
                                                        {17, 8 << 10, salt},
                                                        {1, (8 << 10) - 1, salt},
                                                        {1, (512 << 10) + 1, salt},
                                                        {1, 0xffffffff, salt},
                                                        {1, 8 << 10, "short"}}) {
    EXPECT_EQ(SecretOfPassphrase("pw", cost).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(SecretOfPassphrase("", {1, 8 << 10, salt}).status().code(),
            StatusCode::kInvalidArgument);
  // The file of somebody else says what to allocate: it does not parse.
  Keyslot slot;
  slot.type = SlotType::kPassphrase;
  slot.public_key = std::string(32, 'p');
  slot.cost = {1, 0xffffffff, salt};
  EXPECT_EQ(ParseSlot(SerializeSlot(slot)).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ShamirTest, AnyThresholdOfSharesGivesTheSecretAndOneLessDoesNot) {
  const SecretKey secret = KeyOf(Counting(32));
  for (std::size_t m = 1; m <= 5; ++m) {
    for (unsigned chosen = 1; chosen < 32; ++chosen) {
      std::vector<Share> all = Must(SplitSecret(secret, m, 5));
      std::vector<Share> some;
      for (unsigned i = 0; i < 5; ++i) {
        if ((chosen >> i & 1) != 0) some.push_back(std::move(all[i]));
      }
      const SecretKey combined = Must(CombineShares(some));
      EXPECT_EQ(combined.Equals(secret), some.size() >= m) << m << ' ' << chosen;
    }
  }
}

// f(0) = y1·2/(1^2) ^ y2·1/(1^2), and 1/3 = 0xf6 in the field of FIPS 197.
TEST_F(ShamirTest, SharesAreOnThePolynomialOfTheDocumentedField) {
  std::vector<Share> shares;
  shares.push_back({1, KeyOf(std::string(32, '\x01'))});
  shares.push_back({2, KeyOf(std::string(32, '\x00'))});
  EXPECT_TRUE(Must(CombineShares(shares)).Equals(KeyOf(std::string(32, '\xf7'))));
}

TEST_F(ShamirTest, RefusesNumbersThatAreNone) {
  const SecretKey secret = KeyOf(Counting(32));
  for (const auto& [m, n] : {std::pair{0, 3}, {4, 3}, {1, 256}}) {
    EXPECT_EQ(SplitSecret(secret, m, n).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(CombineShares({}).status().code(), StatusCode::kInvalidArgument);
  std::vector<Share> twice;
  for (int i = 0; i < 2; ++i) twice.push_back({1, KeyOf(Counting(32))});
  EXPECT_EQ(CombineShares(twice).status().code(), StatusCode::kInvalidArgument);
  twice[0].x = 0;
  EXPECT_EQ(CombineShares(twice).status().code(), StatusCode::kInvalidArgument);
}

class StewardsTest : public CryptoTest {
 protected:
  StewardsTest() {
    for (int i = 0; i < 3; ++i) stewards_.push_back(Must(Signer::Generate()));
    std::vector<std::string> keys;
    for (const Signer& steward : stewards_) keys.push_back(steward.public_key());
    file_.slots.push_back(Must(SlotOfStewards(keys, 2)));
  }
  std::string ShareOf(int steward) const {
    return Must(OpenShare(file_.slots[0], stewards_[steward].ToKeyFile()));
  }
  std::vector<Signer> stewards_;
  Keyslots file_;
};

TEST_F(StewardsTest, AnyTwoOfThreeOpenTheSlotAndOneDoesNot) {
  for (const auto& [a, b] : {std::pair{0, 1}, {0, 2}, {2, 1}}) {
    const SecretKey secret = Must(SecretOfShares(file_, {ShareOf(a), ShareOf(b)}));
    EXPECT_EQ(SlotPublicKey(secret), file_.slots[0].public_key);
  }
  EXPECT_TRUE(SecretOfShares(file_, {ShareOf(0), ShareOf(1), ShareOf(2)}).ok());
  EXPECT_EQ(SecretOfShares(file_, {ShareOf(0)}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SecretOfShares(file_, {ShareOf(0), ShareOf(0)}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(StewardsTest, AWrongShareIsRefused) {
  std::string wrong = ShareOf(1);
  char& digit = wrong[wrong.size() - 2];
  digit = digit == '0' ? '1' : '0';
  EXPECT_EQ(SecretOfShares(file_, {ShareOf(0), wrong}).status().code(),
            StatusCode::kPermissionDenied);
}

TEST_F(StewardsTest, AShareOpensForItsStewardOnlyAndForItsSlotOnly) {
  const Signer stranger = Must(Signer::Generate());
  EXPECT_EQ(OpenShare(file_.slots[0], stranger.ToKeyFile()).status().code(), StatusCode::kNotFound);
  Keyslot swapped = file_.slots[0];
  std::swap(swapped.shares[0].sealed, swapped.shares[1].sealed);
  EXPECT_EQ(OpenShare(swapped, stewards_[0].ToKeyFile()).status().code(), StatusCode::kDataLoss);
  Keyslots other;
  other.slots.push_back(Must(SlotOfStewards({stewards_[0].public_key()}, 1)));
  EXPECT_EQ(SecretOfShares(other, {ShareOf(0), ShareOf(1)}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(StewardsTest, StewardsMustBeDifferentKeysAndAsManyAsTheThreshold) {
  const std::string key = stewards_[0].public_key();
  EXPECT_EQ(SlotOfStewards({key, key}, 2).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SlotOfStewards({key}, 2).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SlotOfStewards({std::string(32, '\0')}, 1).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gateway::crypto
