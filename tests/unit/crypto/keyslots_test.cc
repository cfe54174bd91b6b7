#include "gateway/crypto/keyslots.h"

#include "gateway/crypto/slot_secret.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

class KeyslotsTest : public CryptoTest {
 protected:
  static MasterKey Master(uint32_t generation = 1) {
    return {KeyOf(std::string(32, static_cast<char>('a' + generation))), generation};
  }
  static Keyslot SlotOf(const SecretKey& secret) {
    Keyslot slot;
    slot.public_key = SlotPublicKey(secret);
    return slot;
  }
  static Keyslots Sealed(std::vector<Keyslot> slots, const std::vector<const MasterKey*>& masters) {
    StatusOr<Keyslots> sealed = SealKeyslots(std::move(slots), masters);
    GW_CHECK(sealed.ok());
    return *std::move(sealed);
  }
  static Status OpenStatus(const Keyslots& keyslots, const SecretKey& secret) {
    return OpenMasters(keyslots, secret).status();
  }
};

TEST_F(KeyslotsTest, EverySlotOpensEveryMasterKeyAfterARoundTrip) {
  const SecretKey first = KeyOf(Counting(32));
  const SecretKey second = KeyOf(std::string(32, 'x'));
  const MasterKey old = Master(6), next = Master(7);
  const auto file = ParseKeyslots(
      SerializeKeyslots(Sealed({SlotOf(first), SlotOf(second)}, {&old, &next})));
  ASSERT_TRUE(file.ok());
  for (const SecretKey* secret : {&first, &second}) {
    const auto opened = OpenMasters(*file, *secret);
    ASSERT_TRUE(opened.ok());
    ASSERT_EQ(opened->keys.size(), 2u);
    EXPECT_EQ(opened->keys[0].generation, 6u);
    EXPECT_TRUE(opened->keys[0].key.Equals(old.key));
    EXPECT_EQ(opened->keys[1].generation, 7u);
    EXPECT_TRUE(opened->keys[1].key.Equals(next.key));
  }
}

TEST_F(KeyslotsTest, BytesAreTheDocumentedOnes) {
  const SealedMaster sealed{.box = std::string(80, 's'), .tag = std::string(16, 't')};
  Keyslot passphrase{.type = SlotType::kPassphrase, .public_key = std::string(32, 'p')};
  passphrase.cost = {.ops = 3, .mem_kib = 65'536, .salt = std::string(16, 'a')};
  Keyslot key_file{.type = SlotType::kKeyFile, .public_key = std::string(32, 'q')};
  Keyslot stewards{.type = SlotType::kStewards, .public_key = std::string(32, 'r')};
  stewards.threshold = 1;
  stewards.shares = {{std::string(32, 'e'), std::string(81, 'f')}};
  std::string expected("CGKS2\0\0\0\0\x05\x01\x03", 12);
  expected += "\x01" + std::string(32, 'p') + std::string("\0\0\0\x03\0\x01\0\0", 8) +
              std::string(16, 'a') + std::string(80, 's') + std::string(16, 't');
  expected += "\x02" + std::string(32, 'q') + std::string(80, 's') + std::string(16, 't');
  expected += "\x04" + std::string(32, 'r') + "\x01\x01" + std::string(32, 'e') +
              std::string(81, 'f') + std::string(80, 's') + std::string(16, 't');
  for (Keyslot* slot : {&passphrase, &key_file, &stewards}) slot->sealed = {sealed};
  EXPECT_EQ(SerializeKeyslots({5, {passphrase, key_file, stewards}}), expected);
  EXPECT_TRUE(ParseKeyslots(expected).ok());
}

TEST_F(KeyslotsTest, AWrongSecretAndADamagedSlotSayTheSame) {
  const SecretKey secret = KeyOf(Counting(32));
  const MasterKey master = Master();
  Keyslots file = Sealed({SlotOf(secret)}, {&master});
  const Status wrong = OpenStatus(file, KeyOf(std::string(32, 'w')));
  EXPECT_EQ(wrong.code(), StatusCode::kPermissionDenied);
  file.slots[0].sealed[0].box = FlipBit(file.slots[0].sealed[0].box, 300);
  EXPECT_EQ(OpenStatus(file, secret), wrong);
}

TEST_F(KeyslotsTest, NoFlippedBitOfTheFileStillOpens) {
  const SecretKey secret = KeyOf(Counting(32));
  const MasterKey master = Master();
  const std::string bytes = SerializeKeyslots(Sealed({SlotOf(secret)}, {&master}));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto file = ParseKeyslots(FlipBit(bytes, bit));
    EXPECT_EQ(file.ok() ? OpenStatus(*file, secret).code() : file.status().code(),
              file.ok() ? StatusCode::kPermissionDenied : StatusCode::kDataLoss) << bit;
  }
}

TEST_F(KeyslotsTest, RefusesEveryTruncationAndLeftovers) {
  const MasterKey master = Master();
  const auto slot = SlotOfStewards({}, 1);
  EXPECT_EQ(slot.status().code(), StatusCode::kInvalidArgument);  // of nobody
  const std::string bytes = SerializeKeyslots(Sealed({SlotOf(KeyOf(Counting(32)))}, {&master}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseKeyslots(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(ParseKeyslots(bytes + "x").status().code(), StatusCode::kDataLoss);
}

// What an attacker with the SD card in his hand can do: put in a slot of his own.
TEST_F(KeyslotsTest, ASlotThatWasAddedWithoutTheMasterKeyIsNotGenuine) {
  const MasterKey master = Master(), other = Master(2);
  Keyslots file = Sealed({SlotOf(KeyOf(Counting(32)))}, {&master});
  EXPECT_TRUE(IsGenuine(file, file.slots[0], master));
  Keyslot foreign = file.slots[0];
  foreign.public_key = SlotPublicKey(KeyOf(std::string(32, 'w')));
  EXPECT_FALSE(IsGenuine(file, foreign, master));
  EXPECT_FALSE(IsGenuine(file, file.slots[0], other));
  const Keyslots forged = Sealed({foreign}, {&other});
  EXPECT_FALSE(IsGenuine(file, forged.slots[0], master));
}

TEST_F(KeyslotsTest, ASlotWithoutItsMasterKeySurvivesItsRoundTrip) {
  const auto slot = SlotOfPassphrase("correct horse", {.ops = 1, .mem_kib = 8 << 10, .salt = {}});
  ASSERT_TRUE(slot.ok());
  const std::string bytes = SerializeSlot(*slot);
  const auto back = ParseSlot(bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(SerializeSlot(*back), bytes);
  EXPECT_EQ(ParseSlot(bytes + "x").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseSlot(bytes.substr(1)).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gateway::crypto
