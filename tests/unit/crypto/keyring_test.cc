#include "gateway/crypto/keyring.h"

#include "gateway/crypto/aead.h"
#include "gateway/crypto/hash.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kAlice = "alice-----------";
constexpr std::string_view kBob = "bob-------------";
constexpr uint32_t kJune = 2013 * 12 + 5;

class KeyringTest : public CryptoTest {
 protected:
  std::string MintFor(std::string_view owner, uint32_t epoch) {
    StatusOr<std::string> wrapped = keyring_.Mint(owner, epoch);
    EXPECT_TRUE(wrapped.ok());
    return wrapped.ok() ? *wrapped : std::string();
  }
  Keyring keyring_{KeyOf(Counting(32))};
};

TEST_F(KeyringTest, SealsAndOpensUnderTheOwnersKeyOfTheEpoch) {
  MintFor(kAlice, kJune);
  std::string sealed;
  ASSERT_TRUE(keyring_.SealTo(kAlice, kJune, "text", "aad", sealed).ok());
  const auto opened = keyring_.Open(kAlice, kJune, sealed, "aad");
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, "text");
  EXPECT_EQ(keyring_.Open(kAlice, kJune, sealed, "other").status().code(), StatusCode::kDataLoss);
}

TEST_F(KeyringTest, OtherOwnersAndEpochsHaveOtherKeys) {
  MintFor(kAlice, kJune);
  MintFor(kAlice, kJune + 1);
  MintFor(kBob, kJune);
  std::string sealed;
  ASSERT_TRUE(keyring_.SealTo(kAlice, kJune, "text", "aad", sealed).ok());
  EXPECT_EQ(keyring_.Open(kBob, kJune, sealed, "aad").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(keyring_.Open(kAlice, kJune + 1, sealed, "aad").status().code(),
            StatusCode::kDataLoss);
}

TEST_F(KeyringTest, UnknownKeysAreNotFound) {
  MintFor(kAlice, kJune);
  std::string out;
  EXPECT_EQ(keyring_.SealTo(kBob, kJune, "t", "a", out).code(), StatusCode::kNotFound);
  EXPECT_EQ(keyring_.Open(kAlice, kJune + 1, "t", "a").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(keyring_.Has(kBob, kJune));
  EXPECT_TRUE(keyring_.Has(kAlice, kJune));
}

TEST_F(KeyringTest, MintsOnce) {
  MintFor(kAlice, kJune);
  EXPECT_EQ(keyring_.Mint(kAlice, kJune).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(keyring_.Mint("short", kJune).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(KeyringTest, AWrappedKeyComesBackInAnotherProcess) {
  const std::string wrapped = MintFor(kAlice, kJune);
  EXPECT_EQ(wrapped.size(), 72u);
  std::string sealed;
  ASSERT_TRUE(keyring_.SealTo(kAlice, kJune, "text", "aad", sealed).ok());
  Keyring other(KeyOf(Counting(32)));
  ASSERT_TRUE(other.Load(kAlice, kJune, wrapped).ok());
  EXPECT_TRUE(other.Open(kAlice, kJune, sealed, "aad").ok());
}

TEST_F(KeyringTest, AWrappedKeyDoesNotLoadElsewhere) {
  const std::string wrapped = MintFor(kAlice, kJune);
  Keyring other(KeyOf(Counting(32)));
  EXPECT_EQ(other.Load(kBob, kJune, wrapped).code(), StatusCode::kDataLoss);
  EXPECT_EQ(other.Load(kAlice, kJune + 1, wrapped).code(), StatusCode::kDataLoss);
  Keyring stranger(KeyOf(std::string(32, 'm')));
  EXPECT_EQ(stranger.Load(kAlice, kJune, wrapped).code(), StatusCode::kDataLoss);
  for (std::size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_EQ(other.Load(kAlice, kJune, wrapped.substr(0, size)).code(), StatusCode::kDataLoss);
  }
  for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    EXPECT_EQ(other.Load(kAlice, kJune, FlipBit(wrapped, bit)).code(), StatusCode::kDataLoss);
  }
  EXPECT_FALSE(other.Has(kAlice, kJune));
}

// The associated data is part of the format: Seal with the documented bytes must load.
TEST_F(KeyringTest, WrappingIsTheDocumentedOne) {
  const std::string context =
      std::string("commons-data-key/v1\0", 20) + std::string(kAlice) + Unhex("00005e61");
  const SecretKey master = KeyOf(Counting(32));
  EXPECT_TRUE(keyring_.Load(kAlice, kJune, Seal(master, std::string(32, 'd'), context)).ok());
  EXPECT_EQ(keyring_.Pseudonym(kAlice, kJune, "x"),
            Blake2b128Keyed(KeyOf(std::string(32, 'd')), "x"));
  EXPECT_EQ(keyring_.ShortHash(kAlice, kJune, "x", "y"),
            SipHash(KeyOf(std::string(32, 'd')), "x", "y"));
}

TEST_F(KeyringTest, AKeyThatSignsDoesSoInEveryProcess) {
  const std::string wrapped = MintFor(kAlice, 4);
  const auto signer = keyring_.SignerOf(kAlice, 4);
  const auto tls = keyring_.TlsIdentityOf(kAlice, 4);
  ASSERT_TRUE(signer.ok() && tls.ok());
  EXPECT_TRUE(VerifySignature(signer->public_key(), "text", signer->Sign("text")));
  Keyring other(KeyOf(Counting(32)));
  ASSERT_TRUE(other.Load(kAlice, 4, wrapped).ok());
  EXPECT_EQ(other.SignerOf(kAlice, 4)->public_key(), signer->public_key());
  EXPECT_EQ(other.TlsIdentityOf(kAlice, 4)->pin, tls->pin);
  EXPECT_EQ(keyring_.SignerOf(kAlice, 5).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(keyring_.TlsIdentityOf(kBob, 4).status().code(), StatusCode::kNotFound);
}

TEST_F(KeyringTest, AForgottenKeyIsGone) {
  MintFor(kAlice, kJune);
  keyring_.Forget(kAlice, kJune);
  keyring_.Forget(kBob, kJune);
  EXPECT_FALSE(keyring_.Has(kAlice, kJune));
  EXPECT_TRUE(keyring_.Mint(kAlice, kJune).ok());
}

}  // namespace
}  // namespace gateway::crypto
