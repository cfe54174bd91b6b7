#include "gateway/store/quarantine.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

const Time kNow{Millis{1'358'121'600'000}};  // 2013-01-14

OwnerId Owner(int number) {
  return OwnerId::FromBytes(
      ByteWriter().U64(7).U64(static_cast<uint64_t>(number) + 1).bytes());
}

QuarantinedMessage MakeMessage(int owner, int number, std::size_t bytes = 10) {
  QuarantinedMessage message;
  message.owner = Owner(owner);
  message.arrival = kNow + Millis(number);
  message.message_hash = 1'000u + static_cast<uint64_t>(number);
  message.reason = "malformed";
  message.device = DeviceId("meter-canary");
  message.topic = "sensors/meter-canary/load";
  message.payload.assign(bytes, 'p');
  message.payload_bytes = bytes;
  return message;
}

std::unique_ptr<Quarantine> MustOpen(OpenStore& store) {
  auto quarantine = Quarantine::Open(store.vault());
  EXPECT_TRUE(quarantine.ok()) << quarantine.status();
  return *std::move(quarantine);
}

QuarantinedMessage MustRead(const Quarantine& quarantine, uint64_t number) {
  auto message = quarantine.Read(number);
  EXPECT_TRUE(message.ok() && message->has_value());
  return **std::move(message);
}

uint64_t Ended(const Quarantine& quarantine, Quarantine::End end) {
  return quarantine.counts().ended[static_cast<std::size_t>(end)];
}

TEST(QuarantineTest, AMessageComesBackAsItWasAfterAReopen) {
  const Scratch scratch;
  OpenStore store(scratch);
  QuarantinedMessage message = MakeMessage(1, 5);
  message.owner_kind = OwnerKind::kPlace;
  message.retained = message.clock_unsound = true;
  message.waited_max = Millis(90'000);
  message.payload = std::string("\0\xff{", 3);
  message.payload_bytes = 70'000;
  {
    const auto quarantine = MustOpen(store);
    ASSERT_TRUE(quarantine->Add(message).ok());
  }
  store.Reopen();
  const auto quarantine = MustOpen(store);
  message.number = 1;
  ASSERT_EQ(quarantine->Numbers(), std::vector<uint64_t>{1});
  EXPECT_EQ(MustRead(*quarantine, 1), message);
  EXPECT_FALSE(MustRead(*quarantine, 1).whole());
}

TEST(QuarantineTest, TheBytesAreTheDocumentedOnes) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  QuarantinedMessage message = MakeMessage(1, 0, 2);
  message.reason = "no-time";
  message.redelivered = true;
  message.waited_max = Millis(300);
  message.device = DeviceId("d");
  message.topic = "t/d";
  message.journaled = {SeriesId::FromBytes("series1234567890")};
  ASSERT_TRUE(quarantine->Add(message).ok());
  std::string plain, key_bytes;
  ASSERT_TRUE(store.db()
                  .Scan(Table::kQuarantine, {}, {},
                        [&](std::string_view key, std::string_view value) {
                          key_bytes = key;
                          plain = *store.vault().OpenRow(Table::kQuarantine, key, value);
                          EXPECT_EQ(ParseRowHeader(value)->epoch, MonthOf(kNow));
                          return true;
                        })
                  .ok());
  EXPECT_EQ(HexEncode(key_bytes), "0000000000000001");
  EXPECT_EQ(HexEncode(plain),
            "01"
            "0000013c365b0400"
            "00000000000003e8"
            "076e6f2d74696d65"
            "02"
            "ac02"
            "0164"
            "03742f64"
            "02"
            "027070"
            "01"
            "73657269657331323334353637383930" +
                std::string(2 * (64 - 55), '0'));
}

TEST(QuarantineTest, NothingOfAMessageIsReadableInAnyFile) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  QuarantinedMessage message = MakeMessage(1, 0);
  message.payload = "canary-payload";
  message.payload_bytes = message.payload.size();
  ASSERT_TRUE(quarantine->Add(message).ok());
  ASSERT_TRUE(store.db().Close().ok());
  const std::string bytes = scratch.AllBytes();
  EXPECT_NE(bytes.find(message.owner.view()), std::string::npos);  // that file is among them
  for (const char* const word : {"canary", "sensors/", "malformed"}) {
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  }
}

TEST(QuarantineTest, AnOwnerKeepsTheNewestRowsOnly) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  ASSERT_TRUE(quarantine->Add(MakeMessage(2, 0)).ok());
  const int rows = static_cast<int>(limits::kQuarantineRowsPerOwnerMax);
  for (int i = 0; i < rows + 3; ++i) ASSERT_TRUE(quarantine->Add(MakeMessage(1, i)).ok());
  EXPECT_EQ(quarantine->counts().rows, limits::kQuarantineRowsPerOwnerMax + 1);
  EXPECT_EQ(Ended(*quarantine, Quarantine::End::kDisplaced), 3u);
  const std::vector<uint64_t> numbers = quarantine->Numbers();
  EXPECT_EQ(numbers[0], 1u);  // the other owner's
  EXPECT_EQ(MustRead(*quarantine, numbers[1]).arrival, kNow + Millis(3));
  EXPECT_FALSE((*quarantine->Read(2)).has_value());
}

TEST(QuarantineTest, AnOwnersLongMessagesAreBoundedInBytes) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(quarantine->Add(MakeMessage(1, i, limits::kQuarantinedPayloadBytesMax)).ok());
    EXPECT_LE(quarantine->counts().bytes, limits::kQuarantineBytesPerOwnerMax);
  }
  EXPECT_GT(quarantine->counts().rows, 25u);
  store.Reopen();
  EXPECT_EQ(MustOpen(store)->counts().bytes, quarantine->counts().bytes);
}

TEST(QuarantineTest, AllOwnersTogetherAreBounded) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  const int rows = static_cast<int>(limits::kQuarantineRowsMax);
  for (int i = 0; i < rows + 2; ++i) ASSERT_TRUE(quarantine->Add(MakeMessage(i % 70, i)).ok());
  EXPECT_EQ(quarantine->counts().rows, limits::kQuarantineRowsMax);
  EXPECT_EQ(quarantine->Numbers().front(), 3u);
  EXPECT_EQ(Ended(*quarantine, Quarantine::End::kDisplaced), 2u);
}

TEST(QuarantineTest, ARedeliveredMessageIsKeptOnce) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  QuarantinedMessage message = MakeMessage(1, 0);
  ASSERT_TRUE(quarantine->Add(message).ok());
  message.redelivered = true;
  ASSERT_TRUE(quarantine->Add(message).ok());
  EXPECT_EQ(quarantine->counts().rows, 1u);
  message.owner = Owner(2);  // not the same household's
  ASSERT_TRUE(quarantine->Add(message).ok());
  message.redelivered = false;  // sent again by the device: another message
  ASSERT_TRUE(quarantine->Add(message).ok());
  EXPECT_EQ(quarantine->counts().rows, 3u);
}

TEST(QuarantineTest, WhatIsTooOldGoesAndWhatComesFromTheFutureToo) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  for (const int number : {0, 10, 20, 30}) {
    ASSERT_TRUE(quarantine->Add(MakeMessage(1, number)).ok());
  }
  ASSERT_TRUE(quarantine->RemoveOutside(kNow, kNow + Millis(20)).ok());
  EXPECT_EQ(quarantine->Numbers(), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(Ended(*quarantine, Quarantine::End::kExpired), 2u);
}

TEST(QuarantineTest, ARowThatDoesNotOpenIsDeletedAtTheNextStart) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto quarantine = MustOpen(store);
  ASSERT_TRUE(quarantine->Add(MakeMessage(1, 0)).ok());
  ASSERT_TRUE(quarantine->Add(MakeMessage(2, 1)).ok());
  Batch batch;
  ASSERT_TRUE(store.vault().DestroyOwner(batch, Owner(1)).ok());
  quarantine = MustOpen(store);
  EXPECT_EQ(quarantine->Numbers(), std::vector<uint64_t>{2});
  EXPECT_FALSE((*store.db().Get(Table::kQuarantine, ByteWriter().U64(1).bytes())).has_value());
}

TEST(QuarantineTest, WhatCannotBeKeptIsCounted) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto quarantine = MustOpen(store);
  Batch batch;
  ASSERT_TRUE(store.vault().DestroyOwner(batch, Owner(1)).ok());
  EXPECT_EQ(quarantine->Add(MakeMessage(1, 0)).code(), StatusCode::kFailedPrecondition);
  QuarantinedMessage nobodys = MakeMessage(1, 0);
  nobodys.owner = {};
  EXPECT_EQ(quarantine->Add(nobodys).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(quarantine->counts().not_kept, 2u);
  EXPECT_EQ(quarantine->counts().rows, 0u);
}

void DropTable(const std::string& dir) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, dir, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, dir, descriptors, &handles, &db).ok());
  for (rocksdb::ColumnFamilyHandle* const handle : handles) {
    if (handle->GetName() == "quarantine") {
      ASSERT_TRUE(db->DropColumnFamily(handle).ok());
    }
    ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
  delete db;
}

TEST(QuarantineTest, AStoreFromBeforeTheTableGetsIt) {
  const Scratch scratch;
  { const OpenStore made(scratch); }
  DropTable(scratch.dir());
  OpenStore store(scratch);
  EXPECT_TRUE(MustOpen(store)->Add(MakeMessage(1, 0)).ok());
}

}  // namespace
}  // namespace gateway::store
