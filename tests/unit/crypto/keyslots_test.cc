#include "gateway/crypto/keyslots.h"

#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

class KeyslotsTest : public CryptoTest {
 protected:
  static std::string NewKeyFile() {
    StatusOr<std::string> text = GenerateKeyFile();
    GW_CHECK(text.ok());
    return *text;
  }
  static Keyslot SlotFor(const SecretKey& master, std::string_view key_file) {
    StatusOr<Keyslot> slot = SealToKeyFile(master, key_file);
    GW_CHECK(slot.ok());
    return *slot;
  }
};

TEST_F(KeyslotsTest, EverySlotOpensWithItsKeyFileAfterARoundTrip) {
  const SecretKey master = KeyOf(Counting(32));
  const std::string first = NewKeyFile();
  const std::string second = NewKeyFile();
  const auto slots = ParseKeyslots(
      SerializeKeyslots({SlotFor(master, first), SlotFor(master, second)}));
  ASSERT_TRUE(slots.ok());
  for (const std::string& key_file : {first, second}) {
    const StatusOr<SecretKey> opened = OpenMaster(*slots, key_file);
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(opened->Equals(master));
  }
}

TEST_F(KeyslotsTest, BytesAreTheDocumentedOnes) {
  const Keyslot slot{.public_key = std::string(32, 'p'), .sealed_master = std::string(80, 's')};
  EXPECT_EQ(SerializeKeyslots({slot}), std::string("CGKS1\0\x01\x02", 8) + std::string(32, 'p') +
                                           std::string(80, 's'));
}

// RFC 7748 §6.1: Alice's key pair.
TEST_F(KeyslotsTest, KeyFilesHoldX25519Keys) {
  const Keyslot slot =
      SlotFor(KeyOf(Counting(32)),
              "commons-keyslot-v1 x25519 "
              "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a\n");
  EXPECT_EQ(HexEncode(slot.public_key),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
}

TEST_F(KeyslotsTest, AnotherKeyFileIsDenied) {
  const auto slot = SlotFor(KeyOf(Counting(32)), NewKeyFile());
  EXPECT_EQ(OpenMaster({slot}, NewKeyFile()).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(OpenMaster({}, NewKeyFile()).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(KeyslotsTest, NoFlippedBitOfTheFileStillOpens) {
  const std::string key_file = NewKeyFile();
  const std::string bytes = SerializeKeyslots({SlotFor(KeyOf(Counting(32)), key_file)});
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto slots = ParseKeyslots(FlipBit(bytes, bit));
    if (!slots.ok()) {
      EXPECT_EQ(slots.status().code(), StatusCode::kDataLoss) << bit;
    } else {
      EXPECT_EQ(OpenMaster(*slots, key_file).status().code(), StatusCode::kPermissionDenied) << bit;
    }
  }
}

TEST_F(KeyslotsTest, RefusesEveryTruncationAndLeftovers) {
  const std::string bytes = SerializeKeyslots({SlotFor(KeyOf(Counting(32)), NewKeyFile())});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseKeyslots(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(ParseKeyslots(bytes + "x").status().code(), StatusCode::kDataLoss);
}

TEST_F(KeyslotsTest, RefusesTextThatIsNoKeyFile) {
  const SecretKey master = KeyOf(Counting(32));
  const std::string good = NewKeyFile();
  const std::string body = good.substr(0, good.size() - 1);
  EXPECT_TRUE(SealToKeyFile(master, body).ok());  // editors drop the last line end
  for (const std::string& bad : {std::string(), body.substr(1), body.substr(0, body.size() - 1),
                                 body + "0", body + "\n\n", "commons-key-v1 ed25519 " + body}) {
    EXPECT_EQ(SealToKeyFile(master, bad).status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(OpenMaster({}, bad).status().code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace gateway::crypto
