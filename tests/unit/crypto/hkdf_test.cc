#include "gateway/crypto/hkdf.h"

#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using HkdfTest = CryptoTest;

TEST_F(HkdfTest, DerivesTheFirstCaseOfRfc5869) {
  std::string out(42, '\0');
  ASSERT_TRUE(HkdfSha256(std::string(22, '\x0b'), Unhex("000102030405060708090a0b0c"),
                         Unhex("f0f1f2f3f4f5f6f7f8f9"),
                         {reinterpret_cast<uint8_t*>(out.data()), out.size()})
                  .ok());
  EXPECT_EQ(HexEncode(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST_F(HkdfTest, RefusesMoreThanTheCounterCanCount) {
  std::vector<uint8_t> out(kHkdfBytesMax + 1);
  EXPECT_EQ(HkdfSha256("secret", {}, {}, out).code(), StatusCode::kInvalidArgument);
  out.pop_back();
  EXPECT_TRUE(HkdfSha256("secret", {}, {}, out).ok());
}

TEST_F(HkdfTest, HmacIsThatOfRfc4231) {
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace gateway::crypto
