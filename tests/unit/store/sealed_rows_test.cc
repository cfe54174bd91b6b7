#include "gateway/store/sealed_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/bytes.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

OwnerId Owner(char fill) { return OwnerId::FromBytes(std::string(OwnerId::kBytes, fill)); }

constexpr uint32_t kEpoch = 24'167;

// The row's stored bytes after sealing `plaintext` for owner 'a'.
std::string Sealed(OpenStore& store, std::string_view plaintext = "plain") {
  Batch batch;
  EXPECT_TRUE(store.vault()
                  .PutSealed(batch, Table::kBlocks, "key", OwnerKind::kHousehold, Owner('a'),
                             kEpoch, plaintext)
                  .ok());
  EXPECT_TRUE(store.vault().Commit(batch).ok());
  const auto value = store.db().Get(Table::kBlocks, "key");
  return value.ok() && value->has_value() ? **value : "";
}

StatusCode OpenCode(OpenStore& store, Table table, std::string_view key, std::string_view value) {
  return store.vault().OpenRow(table, key, value).status().code();
}

TEST(VaultTest, ASealedRowOpensHereAndAfterAReopen) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  EXPECT_EQ(*store.vault().OpenRow(Table::kBlocks, "key", value), "plain");
  store.Reopen();
  EXPECT_EQ(*store.vault().OpenRow(Table::kBlocks, "key", value), "plain");
  EXPECT_EQ(*store.vault().GetRow(Table::kBlocks, "key"), "plain");
  EXPECT_EQ(*store.vault().GetRow(Table::kBlocks, "other"), std::nullopt);
}

TEST(VaultTest, TheRowHasTheDocumentedLayout) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store, "12345");
  EXPECT_EQ(value.size(), 1u + 1 + 16 + 4 + 24 + 5 + 16);
  EXPECT_EQ(HexEncode(value.substr(0, 22)), "0101" "61616161616161616161616161616161" "00005e67");
  const auto header = ParseRowHeader(value);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->owner, Owner('a'));
  EXPECT_EQ(header->epoch, kEpoch);
}

TEST(VaultTest, AnOwnRowOpensWithoutAnOwner) {
  const Scratch scratch;
  OpenStore store(scratch);
  Batch batch;
  ASSERT_TRUE(store.vault().PutOwn(batch, Table::kRegistry, "key", "").ok());
  ASSERT_TRUE(store.vault().Commit(batch).ok());
  store.Reopen();
  EXPECT_EQ(*store.vault().GetRow(Table::kRegistry, "key"), "");
}

TEST(VaultTest, EveryFlippedBitIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  for (std::size_t i = 0; i < value.size() * 8; ++i) {
    std::string changed = value;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", changed), StatusCode::kDataLoss) << i;
  }
}

TEST(VaultTest, EveryTruncationAndAnyExtensionIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", value.substr(0, size)),
              StatusCode::kDataLoss)
        << size;
  }
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", value + '\0'), StatusCode::kDataLoss);
}

TEST(VaultTest, ARowMovedToAnotherKeyOrTableIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "kez", value), StatusCode::kDataLoss);
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "ke", value), StatusCode::kDataLoss);
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "", value), StatusCode::kDataLoss);
  EXPECT_EQ(OpenCode(store, Table::kSheets, "key", value), StatusCode::kDataLoss);
}

TEST(VaultTest, ARowRelabelledToAnotherOwnerKindOrEpochIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  Batch batch;  // so that every key that is named exists
  for (const char owner : {'a', 'b'}) {
    for (const uint32_t epoch : {kEpoch, kEpoch + 1}) {
      ASSERT_TRUE(store.vault()
                      .PutSealed(batch, Table::kSheets, "x", OwnerKind::kHousehold, Owner(owner),
                                 epoch, "")
                      .ok());
    }
  }
  const std::string value = Sealed(store);
  std::string other_kind = value;
  other_kind[1] = static_cast<char>(OwnerKind::kPlace);
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", other_kind), StatusCode::kDataLoss);
  std::string other_owner = value;
  other_owner.replace(2, OwnerId::kBytes, Owner('b').view());
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", other_owner), StatusCode::kDataLoss);
  std::string other_epoch = value;
  other_epoch[21] = static_cast<char>(other_epoch[21] + 1);
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", other_epoch), StatusCode::kDataLoss);
}

TEST(VaultTest, AWrongMasterKeyIsDenied) {
  const Scratch scratch;
  { OpenStore store(scratch); }
  const auto db = Database::Open(scratch.dir());
  ASSERT_TRUE(db.ok());
  const auto vault = Vault::Open(**db, MasterKey('x'));
  EXPECT_EQ(vault.status().code(), StatusCode::kPermissionDenied);
}

TEST(VaultTest, ADamagedKeyRowIsDataLossAndNotAWrongMasterKey) {
  const Scratch scratch;
  OpenStore store(scratch);
  Sealed(store);
  const std::string key = ByteWriter().Raw(Owner('a').view()).U32(kEpoch).Take();
  const std::string row = **store.db().Get(Table::kKeys, key);
  ASSERT_EQ(row.size(), 73u);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{40}, row.size() - 1}) {
    std::string changed = row;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    Batch batch;
    batch.Put(Table::kKeys, key, changed);
    ASSERT_TRUE(store.db().Commit(batch).ok());
    EXPECT_EQ(Vault::Open(store.db(), MasterKey()).status().code(), StatusCode::kDataLoss) << at;
  }
}

TEST(VaultTest, AMissingOwnKeyIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  for (uint32_t epoch = kIndexKey; epoch <= kTlsKey; ++epoch) {
    const std::string key = ByteWriter().Raw(OwnerId{}.view()).U32(epoch).Take();
    const std::string row = **store.db().Get(Table::kKeys, key);
    Batch batch;
    batch.Delete(Table::kKeys, key);
    ASSERT_TRUE(store.db().Commit(batch).ok());
    EXPECT_EQ(Vault::Open(store.db(), MasterKey()).status().code(), StatusCode::kDataLoss) << epoch;
    batch.Put(Table::kKeys, key, row);
    ASSERT_TRUE(store.db().Commit(batch).ok());
  }
  EXPECT_TRUE(Vault::Open(store.db(), MasterKey()).ok());
}

// Replaces the key row of owner 'a' by one of another state, as retiring and erasing do.
void SetKeyRow(OpenStore& store, uint8_t state, bool keep_key) {
  const std::string key = ByteWriter().Raw(Owner('a').view()).U32(kEpoch).Take();
  const std::string row = **store.db().Get(Table::kKeys, key);
  Batch batch;
  batch.Put(Table::kKeys, key,
            ByteWriter().U8(state).Raw(keep_key ? row.substr(1) : "").bytes());
  ASSERT_TRUE(store.db().Commit(batch).ok());
  store.Reopen();
}

Status SealAgain(OpenStore& store) {
  Batch batch;
  const Status sealed = store.vault().PutSealed(batch, Table::kBlocks, "new",
                                                OwnerKind::kHousehold, Owner('a'), kEpoch, "p");
  EXPECT_EQ(batch.empty(), !sealed.ok());
  return sealed;
}

TEST(VaultTest, ADestroyedKeyIsNeverMadeAgain) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  SetKeyRow(store, 3, false);
  EXPECT_EQ(SealAgain(store).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenCode(store, Table::kBlocks, "key", value), StatusCode::kNotFound);
  store.Reopen();
  EXPECT_EQ(SealAgain(store).code(), StatusCode::kFailedPrecondition);
}

TEST(VaultTest, ARetiredKeyOpensButDoesNotSeal) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  SetKeyRow(store, 2, true);
  EXPECT_EQ(SealAgain(store).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(*store.vault().OpenRow(Table::kBlocks, "key", value), "plain");
}

TEST(VaultTest, TheKeyIsInTheStoreBeforeTheRowItSeals) {
  const Scratch scratch;
  OpenStore store(scratch);
  Batch abandoned;
  ASSERT_TRUE(store.vault()
                  .PutSealed(abandoned, Table::kSheets, "d", OwnerKind::kHousehold, Owner('a'),
                             kEpoch, "never committed")
                  .ok());
  // Another thread's batch uses the key that the abandoned one made.
  const std::string value = Sealed(store);
  store.Reopen();
  EXPECT_EQ(*store.vault().OpenRow(Table::kBlocks, "key", value), "plain");
}

TEST(VaultTest, AKeyWhoseRowCannotBeWrittenIsNotUsed) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(store.db().Close().ok());
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(SealAgain(store).code(), StatusCode::kFailedPrecondition);
  }
}

TEST(VaultTest, ThreadsThatNeedTheSameNewKeyShareOne) {
  const Scratch scratch;
  OpenStore store(scratch);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (uint32_t i = 0; i < 50; ++i) {
        Batch batch;
        EXPECT_TRUE(store.vault()
                        .PutSealed(batch, Table::kSheets, Format("%d/%d", t, i),
                                   OwnerKind::kHousehold, Owner('a'), i, "p")
                        .ok());
        EXPECT_TRUE(store.vault().Commit(batch).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store.Reopen();
  int opened = 0;
  ASSERT_TRUE(store.db()
                  .Scan(Table::kSheets, {}, {},
                        [&](std::string_view key, std::string_view value) {
                          opened += store.vault().OpenRow(Table::kSheets, key, value).ok() ? 1 : 0;
                          return true;
                        })
                  .ok());
  EXPECT_EQ(opened, 200);
}

TEST(VaultTest, NoPlaintextReachesAFile) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string canary = "canary-value-31415926";
  Sealed(store, canary);
  Batch batch;
  ASSERT_TRUE(store.vault().PutOwn(batch, Table::kRegistry,
                                   store.vault().RowPseudonym("device", canary), canary).ok());
  ASSERT_TRUE(store.vault().Commit(batch).ok());
  store.Reopen();
  const std::string bytes = scratch.AllBytes();
  EXPECT_GT(bytes.size(), 200u);
  EXPECT_THAT(bytes, HasSubstr(Owner('a').view()));  // the search does see row headers
  EXPECT_EQ(bytes.find(canary), std::string::npos);
  EXPECT_EQ(bytes.find(std::string(crypto::SecretKey::kBytes, 'm')), std::string::npos);
}

TEST(VaultTest, TheGatewaysIdentityOutlivesTheProcessAndBelongsToOneStore) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto all = [](const Vault& vault) {
    const auto tls = vault.MakeTlsIdentity();
    EXPECT_TRUE(tls.ok()) << tls.status();
    return std::vector<std::string>{vault.signer().public_key(), vault.log_signer().public_key(),
                                    tls->pin};
  };
  const std::vector<std::string> before = all(store.vault());
  EXPECT_EQ(std::set(before.begin(), before.end()).size(), 3u);  // three keys, not one
  store.Reopen();
  EXPECT_EQ(all(store.vault()), before);
  const Scratch other_scratch;
  OpenStore other(other_scratch);
  const std::vector<std::string> others = all(other.vault());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NE(others[i], before[i]);
}

TEST(VaultTest, PseudonymsAreStableAndTellKindsAndFieldsApart) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto all = [&store] {
    const Vault& vault = store.vault();
    const SubjectId subject = SubjectId::FromBytes(std::string(SubjectId::kBytes, 's'));
    return std::vector<std::string>{
        std::string(vault.OwnerOf(subject).view()),
        std::string(vault.SeriesOf("ab", "c").view()),
        std::string(vault.SeriesOf("a", "bc").view()),
        vault.RowPseudonym("device", subject.view()),
        vault.RowPseudonym("device", "abc"),
        vault.RowPseudonym("device" "a", "bc"),
        std::to_string(vault.MessageHash("ab", "c")),
        std::to_string(vault.MessageHash("a", "bc")),
    };
  };
  const std::vector<std::string> before = all();
  EXPECT_EQ(std::set(before.begin(), before.end()).size(), before.size());
  store.Reopen();
  EXPECT_EQ(all(), before);
  const Scratch other_scratch;
  OpenStore other(other_scratch);
  EXPECT_NE(other.vault().RowPseudonym("device", "abc"), before[4]);
}

}  // namespace
}  // namespace gateway::store
