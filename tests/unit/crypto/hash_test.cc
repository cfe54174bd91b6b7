#include "gateway/crypto/hash.h"

#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using HashTest = CryptoTest;

// Made with Python's hashlib.
TEST_F(HashTest, Blake2bAgreesWithHashlib) {
  EXPECT_EQ(HexEncode(Blake2b256("abc")),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(HexEncode(Blake2b128("abc")), "cf4ab791c62b8d2b2109c90275287816");
  EXPECT_EQ(HexEncode(Blake2b256Keyed(Counting(32), "abc")),
            "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
  EXPECT_EQ(HexEncode(Blake2b128Keyed(KeyOf(Counting(32)), "abc")),
            "1a64be47e4729d951c302ee543f97cf3");
}

TEST_F(HashTest, Sha256OfNothingIsTheKnownOne) {
  EXPECT_EQ(HexEncode(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// Made with a SipHash-2-4 that reproduces the reference vectors, over 00…02 "ab" "c".
TEST_F(HashTest, SipHashIsOfLengthAndBothParts) {
  const SecretKey key = KeyOf(Counting(32));
  EXPECT_EQ(SipHash(key, "ab", "c"), 0x700c6bdb64d8dea6u);
  EXPECT_NE(SipHash(key, "ab", "c"), SipHash(key, "a", "bc"));
  EXPECT_NE(SipHash(key, "ab", "c"), SipHash(KeyOf(FlipBit(Counting(32), 0)), "ab", "c"));
}

TEST_F(HashTest, RandomBytesHaveTheSizeAndDiffer) {
  EXPECT_EQ(RandomBytes(0).size(), 0u);
  EXPECT_EQ(RandomBytes(33).size(), 33u);
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
}

}  // namespace
}  // namespace gateway::crypto
