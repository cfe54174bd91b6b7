// What the tests of gateway/crypto share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

class CryptoTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(InitCrypto().ok()); }
};

inline std::string Unhex(std::string_view hex) {
  StatusOr<std::string> bytes = HexDecode(hex);
  EXPECT_TRUE(bytes.ok()) << hex;
  return bytes.ok() ? *bytes : std::string();
}

inline SecretKey KeyOf(std::string_view bytes) {
  StatusOr<SecretKey> key = SecretKey::FromBytes(bytes);
  GW_CHECK(key.ok());
  return *std::move(key);
}

// 00 01 02 … 1f.
inline std::string Counting(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

inline std::string FlipBit(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(static_cast<uint8_t>(bytes[bit / 8]) ^ (1u << (bit % 8)));
  return bytes;
}

}  // namespace gateway::crypto
