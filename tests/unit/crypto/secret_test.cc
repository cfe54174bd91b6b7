#include "gateway/crypto/secret.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "gateway/crypto/insecure_access.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using SecretTest = CryptoTest;

TEST_F(SecretTest, InitAgainChangesNothing) {
  const SecretKey key = KeyOf(Counting(32));
  EXPECT_TRUE(InitCrypto().ok());
  EXPECT_EQ(KeyAccess::View(key), Counting(32));
}

TEST_F(SecretTest, FromBytesWantsExactly32) {
  for (const std::size_t size : {0u, 31u, 33u}) {
    EXPECT_EQ(SecretKey::FromBytes(Counting(size)).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(SecretTest, EqualsComparesBytes) {
  const SecretKey key = KeyOf(Counting(32));
  EXPECT_TRUE(key.Equals(KeyOf(Counting(32))));
  for (const std::size_t bit : {0u, 100u, 255u}) {
    EXPECT_FALSE(key.Equals(KeyOf(FlipBit(Counting(32), bit))));
  }
}

TEST_F(SecretTest, RandomKeysDiffer) {
  const StatusOr<SecretKey> a = SecretKey::Random();
  const StatusOr<SecretKey> b = SecretKey::Random();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_FALSE(a->Equals(*b));
}

TEST_F(SecretTest, MovingHandsOverTheSlotAndWipesTheReplacedOne) {
  SecretKey a = KeyOf(Counting(32));
  SecretKey b = KeyOf(std::string(32, 'b'));
  const uint8_t* slot_of_a = KeyAccess::Bytes(a);
  const uint8_t* slot_of_b = KeyAccess::Bytes(b);
  b = std::move(a);
  EXPECT_EQ(KeyAccess::Bytes(b), slot_of_a);
  EXPECT_EQ(KeyAccess::View(b), Counting(32));
  // What is left in the freed slot is a chain pointer, then zeros.
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(slot_of_b) + sizeof(void*), 24),
            std::string(24, '\0'));
}

TEST_F(SecretTest, FreedSlotsComeBackBlank) {
  const uint8_t* slot = nullptr;
  {
    const SecretKey key = KeyOf(std::string(32, 'k'));
    slot = KeyAccess::Bytes(key);
  }
  const StatusOr<SecretKey> blank = KeyAccess::Blank();
  ASSERT_TRUE(blank.ok());
  EXPECT_EQ(KeyAccess::Bytes(*blank), slot);
  EXPECT_EQ(KeyAccess::View(*blank), std::string(32, '\0'));
}

TEST_F(SecretTest, AFullArenaRefusesAndRecovers) {
  std::vector<SecretKey> keys;
  StatusOr<SecretKey> next = KeyAccess::Blank();
  for (; next.ok(); next = KeyAccess::Blank()) keys.push_back(*std::move(next));
  EXPECT_EQ(next.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(SecretKey::Random().status().code(), StatusCode::kResourceExhausted);
  EXPECT_GE(keys.size(), kLockedArenaBytes / SecretKey::kBytes - 16);
  keys.pop_back();
  EXPECT_TRUE(SecretKey::Random().ok());
}

TEST_F(SecretTest, HexRoundTripsAndRefusesOtherSpellings) {
  std::string hex;
  AppendHex(KeyOf(Counting(32)), hex);
  EXPECT_EQ(hex, HexEncode(Counting(32)));
  const StatusOr<SecretKey> back = KeyFromHex(hex);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(KeyAccess::View(*back), Counting(32));
  const std::string upper = hex.substr(0, 63) + 'F';
  for (const std::string& bad : {hex.substr(1), hex + "00", upper, hex.substr(0, 63) + " "}) {
    EXPECT_EQ(KeyFromHex(bad).status().code(), StatusCode::kInvalidArgument) << bad.size();
  }
}

TEST_F(SecretTest, WipeOverwrites) {
  std::string text = "secret";
  Wipe(text.data(), text.size());
  EXPECT_EQ(text, std::string(6, '\0'));
}

// The following begin in a process of their own, before anything has prepared the arena.

// Exits with the status code of InitCrypto under these limits, without privileges, or with 99.
void InitUnderLimit(rlim_t soft, rlim_t hard) {
  const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
  constexpr uid_t kNobody = 65534;
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) _exit(99);
  if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(99);
  _exit(static_cast<int>(InitCrypto().code()));
}

class SecretDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers turn mlock into nothing";
#endif
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    if (limit.rlim_max < 2 * kLockedArenaBytes && geteuid() != 0) {
      GTEST_SKIP() << "the hard RLIMIT_MEMLOCK is too low to be lowered by the test";
    }
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

TEST_F(SecretDeathTest, RefusesAnArenaThatCannotBeLocked) {
  EXPECT_EXIT(InitUnderLimit(64u << 10, 64u << 10),
              ::testing::ExitedWithCode(static_cast<int>(StatusCode::kResourceExhausted)), "");
}

TEST_F(SecretDeathTest, RaisesTheSoftLimitAsFarAsNeeded) {
  EXPECT_EXIT(InitUnderLimit(64u << 10, 2 * kLockedArenaBytes), ::testing::ExitedWithCode(0), "");
}

TEST_F(SecretDeathTest, KeysBeforeInitAreRefused) {
  EXPECT_EXIT(_exit(static_cast<int>(SecretKey::Random().status().code())),
              ::testing::ExitedWithCode(static_cast<int>(StatusCode::kFailedPrecondition)), "");
}

}  // namespace
}  // namespace gateway::crypto
