// Project Wycheproof's vectors against our own functions. How many there are is asserted, so that
// an empty or cut file does not pass for a success.
#include <map>
#include <set>

#include "gateway/crypto/aead.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/hkdf.h"
#include "gateway/crypto/insecure_access.h"
#include "gateway/crypto/sign.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

class WycheproofTest : public CryptoTest {
 protected:
  // Visits every case with its group and counts it by its result.
  template <typename Visit>
  std::map<std::string, int> ForEach(const std::string& algorithm, const Visit& visit) {
    std::map<std::string, int> counts;
    const auto vectors = testing::LoadVectors("wycheproof/" + algorithm + "_test.json");
    if (!vectors.has_value()) return counts;
    for (const auto& group : (*vectors)["testGroups"]) {
      for (const auto& test : group["tests"]) {
        SCOPED_TRACE(algorithm + " " + test["tcId"].dump());
        visit(group, test, test["result"] == "valid");
        ++counts[test["result"].get<std::string>()];
      }
    }
    return counts;
  }
  static std::string Hex(const nlohmann::json& test, const char* field) {
    return Unhex(test[field].get<std::string>());
  }
  static bool HasFlag(const nlohmann::json& test, const char* flag) {
    const auto flags = test["flags"].get<std::set<std::string>>();
    return flags.contains(flag);
  }
};

using Counts = std::map<std::string, int>;

#define SKIP_WITHOUT_VECTORS(counts) \
  if ((counts).empty()) GTEST_SKIP() << "no Wycheproof vectors"

// Sealing draws its own nonce, so that only opening can be compared.
TEST_F(WycheproofTest, OpenTakesExactlyTheValidXChaCha20Poly1305) {
  const Counts counts =
      ForEach("xchacha20_poly1305", [&](const auto& /*group*/, const auto& test, bool valid) {
        const StatusOr<std::string> opened =
            Open(KeyOf(Hex(test, "key")), Hex(test, "iv") + Hex(test, "ct") + Hex(test, "tag"),
                 Hex(test, "aad"));
        EXPECT_EQ(opened.ok(), valid);
        if (opened.ok()) { EXPECT_EQ(*opened, Hex(test, "msg")); }
      });
  SKIP_WITHOUT_VECTORS(counts);
  EXPECT_EQ(counts, (Counts{{"invalid", 69}, {"valid", 246}}));
}

// "acceptable" leaves a choice. We compute what RFC 7748 says for points that are not canonical or
// on the twist, and refuse the 31 of low order, as libsodium does and age asks for: their shared
// secret would be zero whoever holds the key.
TEST_F(WycheproofTest, SharedSecretIsThatOfX25519ButNeverZero) {
  int refused = 0;
  const Counts counts = ForEach("x25519", [&](const auto& /*group*/, const auto& test, bool) {
    const StatusOr<SecretKey> shared =
        SharedSecret(KeyOf(Hex(test, "private")), Hex(test, "public"));
    EXPECT_EQ(shared.ok(), !HasFlag(test, "ZeroSharedSecret"));
    if (!shared.ok()) ++refused;
    if (shared.ok()) { EXPECT_EQ(KeyAccess::View(*shared), Hex(test, "shared")); }
  });
  SKIP_WITHOUT_VECTORS(counts);
  EXPECT_EQ(counts, (Counts{{"acceptable", 254}, {"valid", 264}}));
  EXPECT_EQ(refused, 31);
}

TEST_F(WycheproofTest, HkdfDerivesTheirKeysAndRefusesTooMany) {
  const Counts counts =
      ForEach("hkdf_sha256", [&](const auto& /*group*/, const auto& test, bool valid) {
        std::vector<uint8_t> out(test["size"].template get<std::size_t>());
        const Status status =
            HkdfSha256(Hex(test, "ikm"), Hex(test, "salt"), Hex(test, "info"), out);
        EXPECT_EQ(status.ok(), valid);
        if (valid) { EXPECT_EQ(std::string(out.begin(), out.end()), Hex(test, "okm")); }
      });
  SKIP_WITHOUT_VECTORS(counts);
  EXPECT_EQ(counts, (Counts{{"invalid", 3}, {"valid", 83}}));
}

// Half of their tags are cut to 128 bits: the beginning of ours.
TEST_F(WycheproofTest, HmacMakesTheValidTagsAndNoOthers) {
  const Counts counts = ForEach("hmac_sha256", [&](const auto& group, const auto& test,
                                                   bool valid) {
    std::string tag = HmacSha256(Hex(test, "key"), Hex(test, "msg"));
    tag.resize(group["tagSize"].template get<std::size_t>() / 8);
    EXPECT_EQ(tag == Hex(test, "tag"), valid);
  });
  SKIP_WITHOUT_VECTORS(counts);
  EXPECT_EQ(counts, (Counts{{"invalid", 108}, {"valid", 66}}));
}

TEST_F(WycheproofTest, VerifySignatureTakesExactlyTheValidEd25519) {
  const Counts counts = ForEach("ed25519", [&](const auto& group, const auto& test, bool valid) {
    EXPECT_EQ(VerifySignature(Hex(group["publicKey"], "pk"), Hex(test, "msg"), Hex(test, "sig")),
              valid);
  });
  SKIP_WITHOUT_VECTORS(counts);
  EXPECT_EQ(counts, (Counts{{"invalid", 63}, {"valid", 88}}));
}

}  // namespace
}  // namespace gateway::crypto
