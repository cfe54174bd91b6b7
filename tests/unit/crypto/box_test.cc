#include "gateway/crypto/box.h"

#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using BoxTest = CryptoTest;

BoxKey NewKey() {
  StatusOr<BoxKey> key = BoxKey::Generate();
  GW_CHECK(key.ok());
  return *std::move(key);
}

std::string Sealed(const BoxKey& key, std::string_view plaintext) {
  const StatusOr<std::string> box = SealBox(key.public_key(), plaintext);
  EXPECT_TRUE(box.ok()) << box.status();
  return box.ok() ? *box : std::string();
}

TEST_F(BoxTest, OpensWhatWasSealedToIt) {
  const BoxKey key = NewKey();
  EXPECT_EQ(key.public_key().size(), kBoxPublicKeyBytes);
  for (const std::size_t size : {0u, 1u, 1000u}) {
    const std::string box = Sealed(key, Counting(size));
    EXPECT_EQ(box.size(), size + kBoxOverheadBytes);
    const StatusOr<std::string> opened = key.Open(box);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(*opened, Counting(size));
  }
}

TEST_F(BoxTest, TwoBoxesOfOneTextAreDifferent) {
  const BoxKey key = NewKey();
  EXPECT_NE(Sealed(key, "text"), Sealed(key, "text"));
}

TEST_F(BoxTest, AnotherKeyDoesNotOpenIt) {
  EXPECT_EQ(NewKey().Open(Sealed(NewKey(), "text")).status().code(), StatusCode::kDataLoss);
}

TEST_F(BoxTest, EveryFlippedBitAndEveryTruncationIsDataLoss) {
  const BoxKey key = NewKey();
  const std::string box = Sealed(key, "text");
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    // X25519 ignores the top bit of a public key, the box's nonce does not.
    EXPECT_EQ(key.Open(FlipBit(box, bit)).status().code(), StatusCode::kDataLoss) << bit;
  }
  for (std::size_t size = 0; size < box.size(); ++size) {
    EXPECT_EQ(key.Open(box.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(key.Open(box + "x").status().code(), StatusCode::kDataLoss);
}

TEST_F(BoxTest, PointsOfLowOrderAndWrongSizesAreRefused) {
  const std::string zero(32, '\0');
  std::string one = zero;
  one[0] = 1;
  // Order 8, from Bernstein's list (cr.yp.to/ecdh.html).
  const std::string order8 = Unhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
  for (const std::string& public_key :
       {zero, one, order8, std::string(), std::string(31, 'x'), std::string(33, 'x')}) {
    EXPECT_EQ(SealBox(public_key, "text").status().code(), StatusCode::kInvalidArgument)
        << HexEncode(public_key);
  }
}

}  // namespace
}  // namespace gateway::crypto
