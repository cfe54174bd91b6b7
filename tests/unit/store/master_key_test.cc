// The keys of a store: a new master key, and new generations of the gateway's own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/store/sealed_rows.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

OwnerId Owner(char fill) { return OwnerId::FromBytes(std::string(OwnerId::kBytes, fill)); }

constexpr uint32_t kEpoch = 24'167;

// The bytes of a row of owner 'a'.
std::string Sealed(OpenStore& store) {
  Batch batch;
  EXPECT_TRUE(store.vault()
                  .PutSealed(batch, Table::kBlocks, "key", OwnerKind::kHousehold, Owner('a'),
                             kEpoch, "plain")
                  .ok());
  EXPECT_TRUE(store.vault().Commit(batch).ok());
  return store.db().Get(Table::kBlocks, "key")->value_or("");
}

TEST(MasterKeyTest, AKeyRowMovedToAnotherOwnerOrEpochIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  Sealed(store);
  const auto key_of = [](char owner, uint32_t epoch) {
    return ByteWriter().Raw(Owner(owner).view()).U32(epoch).Take();
  };
  const std::string row = **store.db().Get(Table::kKeys, key_of('a', kEpoch));
  for (const std::string& elsewhere : {key_of('b', kEpoch), key_of('a', kEpoch + 1)}) {
    Batch batch;
    batch.Put(Table::kKeys, elsewhere, row);
    ASSERT_TRUE(store.db().Commit(batch).ok());
    EXPECT_EQ(Vault::Open(store.db(), MasterKey()).status().code(), StatusCode::kDataLoss);
    batch.Delete(Table::kKeys, elsewhere);
    ASSERT_TRUE(store.db().Commit(batch).ok());
  }
}

TEST(MasterKeyTest, ANewMasterKeyOpensEveryRowAndTombstonesStay) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  Batch batch;
  ASSERT_TRUE(store.vault().DestroyOwner(batch, Owner('e')).ok());
  crypto::MasterKey next{MasterKey('n'), 2};
  EXPECT_EQ(*store.vault().RotateMaster(next), 7u);  // six of the gateway's own
  EXPECT_EQ(*store.vault().OpenRow(Table::kBlocks, "key", value), "plain");
  EXPECT_EQ(Vault::Open(store.db(), MasterKey()).status().code(), StatusCode::kPermissionDenied);
  const auto reopened = Vault::Open(store.db(), MasterKey('n'));
  ASSERT_TRUE(reopened.ok());
  EXPECT_EQ(*(*reopened)->OpenRow(Table::kBlocks, "key", value), "plain");
  EXPECT_TRUE((*reopened)->IsErased(Owner('e')));
}

// A commit that was reported as failed had happened, and the process went on under the old key.
TEST(MasterKeyTest, OfTwoMasterKeysEachMayHaveWrappedSome) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string value = Sealed(store);
  const std::string key = ByteWriter().Raw(Owner('a').view()).U32(kEpoch).Take();
  const std::string by_old = **store.db().Get(Table::kKeys, key);
  crypto::MasterKey next{MasterKey('n'), 2};
  ASSERT_TRUE(store.vault().RotateMaster(next).ok());
  Batch batch;
  batch.Put(Table::kKeys, key, by_old);
  ASSERT_TRUE(store.db().Commit(batch).ok());
  EXPECT_EQ(Vault::Open(store.db(), MasterKey('n')).status().code(), StatusCode::kDataLoss);
  std::vector<crypto::MasterKey> both;
  both.push_back({MasterKey(), 1});
  both.push_back({MasterKey('n'), 2});
  ASSERT_TRUE(Vault::Open(store.db(), crypto::MasterKeys(std::move(both))).ok());
  const auto settled = Vault::Open(store.db(), MasterKey('n'));
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_EQ(*(*settled)->OpenRow(Table::kBlocks, "key", value), "plain");
}

TEST(MasterKeyTest, AMasterKeyThatCannotBeWrittenIsNotTaken) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(store.db().Close().ok());
  crypto::MasterKey next{MasterKey('n'), 2};
  EXPECT_EQ(store.vault().RotateMaster(next).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.vault().generation(), 1u);
  EXPECT_TRUE(next.key.Equals(MasterKey('n')));  // kept, for another try
}

TEST(OwnKeysTest, TheNextGenerationOfAnOwnKeyIsUsedOnlyWhenAsked) {
  const Scratch scratch;
  OpenStore store(scratch);
  const std::string before = store.vault().log_signer().public_key();
  EXPECT_EQ(store.vault().NewestOwn(kLogKey), 0u);
  EXPECT_EQ(*store.vault().MintNext(kLogKey), 1u);
  EXPECT_EQ(*store.vault().MintNext(kTlsKey), 1u);
  EXPECT_EQ(*store.vault().MintNext(kLogKey), 2u);
  EXPECT_EQ(store.vault().MintNext(kIndexKey).status().code(), StatusCode::kInvalidArgument);
  store.Reopen();
  EXPECT_EQ(store.vault().log_signer().public_key(), before);
  EXPECT_EQ(store.vault().NewestOwn(kLogKey), 2u);
  EXPECT_EQ(store.vault().NewestOwn(kSignKey), 0u);
  const std::string tls = store.vault().MakeTlsIdentity()->pin;
  ASSERT_TRUE(store.vault().UseOwn(kLogKey, 2).ok());
  ASSERT_TRUE(store.vault().UseOwn(kTlsKey, 1).ok());
  EXPECT_EQ(store.vault().log_signer().public_key(),
            store.vault().OwnSigner(kLogKey, 2)->public_key());
  EXPECT_NE(store.vault().log_signer().public_key(), before);
  EXPECT_NE(store.vault().MakeTlsIdentity()->pin, tls);
  EXPECT_EQ(store.vault().UseOwn(kSignKey, 1).code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace gateway::store
