// Owners' keys that are replaced by keys of the next generation.
#include <gtest/gtest.h>

#include <string>

#include "gateway/base/bytes.h"
#include "gateway/store/sealed_rows.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

constexpr uint32_t kMonth = 24'167;
constexpr uint32_t kSecond = kMonth | 1u << kGenerationShift;

OwnerId Owner(char fill) { return OwnerId::FromBytes(std::string(OwnerId::kBytes, fill)); }

Status Put(OpenStore& store, const std::string& key, uint32_t epoch) {
  Batch batch;
  RETURN_IF_ERROR(store.vault().PutSealed(batch, Table::kBlocks, key, OwnerKind::kHousehold,
                                          Owner('a'), epoch, "plain " + key));
  return store.vault().Commit(batch);
}

std::string Value(OpenStore& store, const std::string& key) {
  return store.db().Get(Table::kBlocks, key)->value_or("");
}

Status Renew(OpenStore& store, uint32_t epoch) {
  Batch batch;
  return store.vault().Renew(batch, {{Owner('a'), epoch}});
}

Status Drop(OpenStore& store, uint32_t epoch) {
  Batch batch;
  return store.vault().DropReplaced(batch, {{Owner('a'), epoch}});
}

StatusCode OpenCode(const OpenStore& store, const std::string& key, const std::string& value) {
  return const_cast<OpenStore&>(store).vault().OpenRow(Table::kBlocks, key, value).status().code();
}

TEST(RenewTest, TheNewKeySealsAndTheOldOneOpensUntilItIsDropped) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(Put(store, "old", kMonth).ok());
  EXPECT_EQ(store.vault().NewestEpoch(Owner('a'), kMonth), kMonth);
  ASSERT_TRUE(Renew(store, kMonth).ok());
  const std::string old = Value(store, "old");
  for (const bool reopened : {false, true}) {
    if (reopened) store.Reopen();
    EXPECT_EQ(store.vault().NewestEpoch(Owner('a'), kMonth), kSecond);
    EXPECT_EQ(store.vault().NewestEpoch(Owner('a'), kMonth + 1), kMonth + 1);
    EXPECT_EQ(store.vault().NewestEpoch(Owner('b'), kMonth), kMonth);
    ASSERT_TRUE(Put(store, "new", store.vault().NewestEpoch(Owner('a'), kMonth)).ok());
    EXPECT_EQ(ParseRowHeader(Value(store, "new"))->epoch, kSecond);
    EXPECT_EQ(*store.vault().OpenRow(Table::kBlocks, "old", old), "plain old");
    EXPECT_EQ(store.vault().Replaced(),
              (std::vector<Vault::OwnerKey>{{Owner('a'), kMonth}}));
  }
  const std::string value = Value(store, "new");
  ASSERT_TRUE(Drop(store, kMonth).ok());
  for (const bool reopened : {false, true}) {
    if (reopened) store.Reopen();
    EXPECT_EQ(OpenCode(store, "old", old), StatusCode::kNotFound);
    EXPECT_EQ(OpenCode(store, "new", value), StatusCode::kOk);
    EXPECT_EQ(Put(store, "again", kMonth).code(), StatusCode::kFailedPrecondition);
    EXPECT_TRUE(store.vault().MaySeal(Owner('a'), kMonth));
    EXPECT_TRUE(store.vault().Replaced().empty());
  }
}

// The epoch is part of what a row is bound to: the head of one generation opens nothing of another.
TEST(RenewTest, ARowDoesNotOpenUnderAnotherGeneration) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(Put(store, "row", kMonth).ok());
  ASSERT_TRUE(Renew(store, kMonth).ok());
  std::string value = Value(store, "row");
  value.replace(18, 4, ByteWriter().U32(kSecond).bytes());
  EXPECT_EQ(OpenCode(store, "row", value), StatusCode::kDataLoss);
}

TEST(RenewTest, WhoeverReadsOpensWhatWasReplacedMeanwhileAndItsRowStaysGone) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(Put(store, "old", kMonth).ok());
  const std::string old = Value(store, "old");
  const std::string key_row = ByteWriter().Raw(Owner('a').view()).U32(kMonth).Take();
  ASSERT_TRUE(Renew(store, kMonth).ok());
  {
    const Vault::Reader reader(store.vault());
    const Vault::Reader another(store.vault());
    ASSERT_TRUE(Drop(store, kMonth).ok());
    EXPECT_EQ(OpenCode(store, "old", old), StatusCode::kOk);
    EXPECT_EQ(Put(store, "again", kMonth).code(), StatusCode::kFailedPrecondition);
    // All keys are wrapped anew, but not this one.
    crypto::MasterKey next{MasterKey('n'), 2};
    EXPECT_EQ(*store.vault().RotateMaster(next), 7u);  // six of the gateway's own
    EXPECT_FALSE(store.db().Get(Table::kKeys, key_row)->has_value());
    EXPECT_TRUE(store.vault().Replaced().empty());
  }
  EXPECT_EQ(OpenCode(store, "old", old), StatusCode::kNotFound);
}

TEST(RenewTest, TheEndOfTheNewestKeyIsTheEndOfAll) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(Put(store, "old", kMonth).ok());
  ASSERT_TRUE(Renew(store, kMonth).ok());
  ASSERT_TRUE(Drop(store, kMonth).ok());
  Batch batch;
  ASSERT_TRUE(store.vault().DestroyKey(batch, Owner('a'), kSecond).ok());
  for (const bool reopened : {false, true}) {
    if (reopened) store.Reopen();
    EXPECT_FALSE(store.vault().MaySeal(Owner('a'), kMonth));
    EXPECT_EQ(Put(store, "again", kSecond).code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(Put(store, "again", kMonth).code(), StatusCode::kFailedPrecondition);
  }
}

TEST(RenewTest, AnErasedOwnerHasNoKeyOfAnyGeneration) {
  const Scratch scratch;
  OpenStore store(scratch);
  ASSERT_TRUE(Put(store, "old", kMonth).ok());
  ASSERT_TRUE(Renew(store, kMonth).ok());
  ASSERT_TRUE(Put(store, "new", kSecond).ok());
  const std::string old = Value(store, "old"), value = Value(store, "new");
  Batch batch;
  ASSERT_TRUE(store.vault().DestroyOwner(batch, Owner('a')).ok());
  for (const bool reopened : {false, true}) {
    if (reopened) store.Reopen();
    EXPECT_EQ(OpenCode(store, "old", old), StatusCode::kNotFound);
    EXPECT_EQ(OpenCode(store, "new", value), StatusCode::kNotFound);
    EXPECT_FALSE(store.vault().MaySeal(Owner('a'), kMonth));
  }
}

TEST(RenewTest, NoGenerationReachesTheMarkOfAnErasedOwner) {
  const uint32_t last = kRollupEpochs | kGenerationMax << kGenerationShift;
  EXPECT_NE(last | 0xfffff, kErasedEpoch);
  EXPECT_EQ(BaseEpoch(last | kMonth), kRollupEpochs | kMonth);
  EXPECT_EQ(GenerationOf(last | kMonth), kGenerationMax);
}

}  // namespace
}  // namespace gateway::store
