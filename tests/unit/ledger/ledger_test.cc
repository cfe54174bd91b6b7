#include "gateway/ledger/ledger.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/note.h"
#include "gateway/proof/tlog_proof.h"
#include "tests/unit/store/scratch.h"

namespace gateway::ledger {
namespace {

using store::Batch;
using store::OpenStore;
using store::Scratch;
using store::Table;

// The tree of transparency-dev/merkle's testonly/constants.go: entries, and the roots of the trees
// of the first 1, 2, … of them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kKnown{{
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
}};
constexpr std::string_view kEmptyRoot =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::unique_ptr<Ledger> MustOpen(OpenStore& store) {
  auto ledger = Ledger::Open(store.vault());
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  return *std::move(ledger);
}

void MustAppend(OpenStore& store, Ledger& ledger, std::string_view entry) {
  Batch batch;
  const uint64_t size = ledger.size();
  const auto index = ledger.Append(batch, entry);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(*index, size);
  ASSERT_TRUE(store.vault().Commit(batch).ok());
  ledger.Committed();
}

TEST(LedgerTest, RootsAreThoseOfRfc6962AlsoAcrossReopens) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto ledger = MustOpen(store);
  EXPECT_EQ(ledger->size(), 0u);
  EXPECT_EQ(HexEncode(ledger->root()), kEmptyRoot);
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    MustAppend(store, *ledger, *HexDecode(kKnown[i].first));
    EXPECT_EQ(HexEncode(ledger->root()), kKnown[i].second) << i;
    store.Reopen();
    ledger = MustOpen(store);
    EXPECT_EQ(ledger->head().size, i + 1);
    EXPECT_EQ(HexEncode(ledger->head().root), kKnown[i].second) << i;
  }
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    EXPECT_EQ(*ledger->Entry(i), *HexDecode(kKnown[i].first));
  }
  EXPECT_EQ(ledger->Entry(8).status().code(), StatusCode::kNotFound);
}

TEST(LedgerTest, SeveralEntriesOfOneBatchCountTogether) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpen(store);
  Batch batch;
  for (const auto& known : kKnown) {
    ASSERT_TRUE(ledger->Append(batch, *HexDecode(known.first)).ok());
    EXPECT_EQ(ledger->size(), 0u);
    EXPECT_EQ(HexEncode(ledger->root()), kEmptyRoot);
  }
  ASSERT_TRUE(store.vault().Commit(batch).ok());
  ledger->Committed();
  EXPECT_EQ(HexEncode(ledger->root()), kKnown.back().second);
}

TEST(LedgerTest, AnAbandonedAppendLeavesTheHeadAndItsIndexIsGivenOutAgain) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto ledger = MustOpen(store);
  MustAppend(store, *ledger, *HexDecode(kKnown[0].first));
  Batch batch;
  ASSERT_TRUE(ledger->Append(batch, "abandoned").ok());
  ASSERT_TRUE(ledger->Append(batch, "as well").ok());
  ledger->Abandoned();
  EXPECT_EQ(ledger->size(), 1u);
  EXPECT_EQ(HexEncode(ledger->root()), kKnown[0].second);
  EXPECT_EQ(ledger->Entry(1).status().code(), StatusCode::kNotFound);
  MustAppend(store, *ledger, *HexDecode(kKnown[1].first));
  EXPECT_EQ(HexEncode(ledger->root()), kKnown[1].second);
  store.Reopen();
  ledger = MustOpen(store);
  EXPECT_EQ(HexEncode(ledger->root()), kKnown[1].second);
}

TEST(LedgerTest, ABatchThatWasNeverCommittedIsGoneAfterAReopen) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto ledger = MustOpen(store);
  Batch batch;
  ASSERT_TRUE(ledger->Append(batch, "lost").ok());
  store.Reopen();
  EXPECT_EQ(MustOpen(store)->size(), 0u);
}

TEST(LedgerTest, AnEntryBeyondTheLimitIsRefusedAndChangesNothing) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpen(store);
  Batch batch;
  const std::string entry(proof::kEntryBytesMax + 1, 'e');
  EXPECT_EQ(ledger->Append(batch, entry).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(batch.empty());
  MustAppend(store, *ledger, std::string_view(entry).substr(1));
  EXPECT_EQ(*ledger->Entry(0), entry.substr(1));
}

StatusCode OpenCodeAfter(OpenStore& store, Batch& batch) {
  EXPECT_TRUE(store.vault().Commit(batch).ok());
  return Ledger::Open(store.vault()).status().code();
}

std::string EntryKey(uint64_t index) { return ByteWriter().U8('e').U64(index).Take(); }

void AppendThree(OpenStore& store) {
  const auto ledger = MustOpen(store);
  for (const char* entry : {"a", "b", "c"}) MustAppend(store, *ledger, entry);
}

TEST(LedgerTest, AMissingNewestEntryIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  AppendThree(store);
  Batch batch;
  batch.Delete(Table::kLedger, EntryKey(2));
  EXPECT_EQ(OpenCodeAfter(store, batch), StatusCode::kDataLoss);
}

TEST(LedgerTest, AnEntryBeyondTheHeadIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  AppendThree(store);
  Batch batch;
  ASSERT_TRUE(store.vault().PutOwn(batch, Table::kLedger, EntryKey(3), "d").ok());
  EXPECT_EQ(OpenCodeAfter(store, batch), StatusCode::kDataLoss);
}

TEST(LedgerTest, AMissingOrDamagedHeadIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  AppendThree(store);
  const std::string head = **store.db().Get(Table::kLedger, "h");
  Batch batch;
  batch.Delete(Table::kLedger, "h");
  EXPECT_EQ(OpenCodeAfter(store, batch), StatusCode::kDataLoss);
  batch.Put(Table::kLedger, "h", std::string_view(head).substr(1));
  EXPECT_EQ(OpenCodeAfter(store, batch), StatusCode::kDataLoss);
  batch.Put(Table::kLedger, "h", head);
  EXPECT_EQ(OpenCodeAfter(store, batch), StatusCode::kOk);
}

TEST(LedgerTest, AMissingEntryIsDataLossWhenRead) {
  const Scratch scratch;
  OpenStore store(scratch);
  AppendThree(store);
  Batch batch;
  batch.Delete(Table::kLedger, EntryKey(1));
  ASSERT_TRUE(store.vault().Commit(batch).ok());
  EXPECT_EQ(MustOpen(store)->Entry(1).status().code(), StatusCode::kDataLoss);
}

constexpr std::string_view kOrigin = "riverside/gw/gw-a";

const crypto::Signer& LogKey() {
  static const auto* signer = [] {
    EXPECT_TRUE(crypto::InitCrypto().ok());
    auto seed = crypto::SecretKey::FromBytes(std::string(32, '\x0a'));
    EXPECT_TRUE(seed.ok());
    auto made = crypto::Signer::FromSeed(*std::move(seed));
    EXPECT_TRUE(made.ok());
    return new crypto::Signer(*std::move(made));
  }();
  return *signer;
}

proof::NoteKey LogVkey() {
  return {.name = std::string(kOrigin),
          .type = proof::NoteKeyType::kLog,
          .public_key = LogKey().public_key()};
}

std::unique_ptr<Ledger> MustOpenSigned(OpenStore& store) {
  auto ledger = MustOpen(store);
  ledger->SetSigner(std::string(kOrigin), LogKey());
  ledger->Publish();
  return ledger;
}

std::string EntryOf(uint64_t index) { return "entry " + std::to_string(index); }

TEST(LedgerTest, ALogWithoutANamePublishesNothing) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpen(store);
  MustAppend(store, *ledger, "a");
  ledger->Publish();
  EXPECT_EQ(ledger->published_size(), 0u);
  EXPECT_EQ(ledger->published().note, "");
  EXPECT_EQ(ledger->Prove(0).status().code(), StatusCode::kNotFound);
}

TEST(LedgerTest, EveryEntryOfEverySizeProvesAgainstTheCheckpoint) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpenSigned(store);
  for (uint64_t size = 1; size <= 70; ++size) {
    MustAppend(store, *ledger, EntryOf(size - 1));
    ledger->Publish();
    for (uint64_t index = 0; index < size; ++index) {
      const auto proof = ledger->Prove(index);
      ASSERT_TRUE(proof.ok()) << proof.status();
      const auto checkpoint = proof::VerifyLogged(EntryOf(index), *proof, LogVkey());
      ASSERT_TRUE(checkpoint.ok()) << index << " of " << size << ": " << checkpoint.status();
      EXPECT_EQ(checkpoint->size, size);
    }
    EXPECT_EQ(ledger->Prove(size).status().code(), StatusCode::kNotFound);
  }
}

TEST(LedgerTest, WhatIsNotPublishedIsNeitherProvedNorInTheCheckpoint) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpenSigned(store);
  MustAppend(store, *ledger, "a");
  ledger->Publish();
  const Ledger::Published before = ledger->published();
  MustAppend(store, *ledger, "b");  // committed, but nobody said that it is durable
  Batch batch;
  ASSERT_TRUE(ledger->Append(batch, "c").ok());
  EXPECT_EQ(ledger->published().note, before.note);
  EXPECT_EQ(ledger->published_size(), 1u);
  EXPECT_EQ(ledger->Prove(1).status().code(), StatusCode::kNotFound);
  // The old checkpoint still proves what it covers.
  EXPECT_TRUE(proof::VerifyLogged("a", *ledger->Prove(0), LogVkey()).ok());
  ledger->Publish();
  EXPECT_EQ(ledger->published_size(), 2u);
}

TEST(LedgerTest, ARestartSignsTheSameBytesAgain) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto ledger = MustOpenSigned(store);
  std::string empty = ledger->published().note;
  EXPECT_EQ(ledger->published().root, proof::EmptyRoot());
  store.Reopen();
  ledger = MustOpenSigned(store);
  EXPECT_EQ(ledger->published().note, empty);
  for (uint64_t size = 1; size <= 9; ++size) {
    MustAppend(store, *ledger, EntryOf(size - 1));
    ledger->Publish();
    const Ledger::Published before = ledger->published();
    const std::string proof = *ledger->Prove(size / 2);
    store.Reopen();
    ledger = MustOpenSigned(store);
    EXPECT_EQ(ledger->published().note, before.note);
    EXPECT_EQ(ledger->published().root, before.root);
    EXPECT_EQ(*ledger->Prove(size / 2), proof);
  }
}

TEST(LedgerTest, AnAbandonedAppendLeavesNoNodeBehind) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpenSigned(store);
  MustAppend(store, *ledger, EntryOf(0));
  Batch batch;
  ASSERT_TRUE(ledger->Append(batch, "abandoned").ok());
  ledger->Abandoned();
  MustAppend(store, *ledger, EntryOf(1));
  ledger->Publish();
  for (uint64_t index = 0; index < 2; ++index) {
    EXPECT_TRUE(proof::VerifyLogged(EntryOf(index), *ledger->Prove(index), LogVkey()).ok());
  }
}

std::string NodeKey(uint8_t level, uint64_t index) {
  return ByteWriter().U8('n').U8(level).U64(index).Take();
}

// What proving entry 0 of a log of four says after `change`, which is given the key of a row that
// the proof needs: the root of entries 2 and 3.
template <typename Change>
StatusCode ProveCodeAfter(const Change& change) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto ledger = MustOpenSigned(store);
  for (uint64_t i = 0; i < 4; ++i) MustAppend(store, *ledger, EntryOf(i));
  ledger->Publish();
  EXPECT_TRUE(ledger->Prove(0).ok());
  Batch batch;
  change(store, batch, NodeKey(1, 1));
  EXPECT_TRUE(store.vault().Commit(batch).ok());
  return ledger->Prove(0).status().code();
}

TEST(LedgerTest, AMissingDamagedMovedOrWrongNodeIsDataLoss) {
  EXPECT_EQ(ProveCodeAfter([](OpenStore&, Batch& batch, const std::string& key) {
              batch.Delete(Table::kLedger, key);
            }),
            StatusCode::kDataLoss);
  EXPECT_EQ(ProveCodeAfter([](OpenStore& store, Batch& batch, const std::string& key) {
              std::string row = **store.db().Get(Table::kLedger, key);
              row.back() = static_cast<char>(row.back() ^ 1);
              batch.Put(Table::kLedger, key, row);
            }),
            StatusCode::kDataLoss);
  EXPECT_EQ(ProveCodeAfter([](OpenStore& store, Batch& batch, const std::string& key) {
              batch.Put(Table::kLedger, key, **store.db().Get(Table::kLedger, NodeKey(1, 0)));
            }),
            StatusCode::kDataLoss);
  for (const std::string& other : {proof::LeafHash("other"), std::string(31, 'x'), std::string()}) {
    EXPECT_EQ(ProveCodeAfter([&](OpenStore& store, Batch& batch, const std::string& key) {
                ASSERT_TRUE(store.vault().PutOwn(batch, Table::kLedger, key, other).ok());
              }),
              StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace gateway::ledger
