#include "gateway/proof/tlog_proof.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/proof/base64.h"
#include "gateway/proof/merkle.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::proof {
namespace {

using TlogProofTest = crypto::CryptoTest;

constexpr std::string_view kOrigin = "sunny-row/gw/gw-a";

crypto::Signer SignerOf(char fill) {
  StatusOr<crypto::Signer> signer =
      crypto::Signer::FromSeed(crypto::KeyOf(std::string(32, fill)));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

NoteKey KeyOf(char fill, std::string_view name = kOrigin) {
  return {.name = std::string(name),
          .type = NoteKeyType::kLog,
          .public_key = SignerOf(fill).public_key()};
}

std::string EntryOf(uint64_t index) { return "entry " + std::to_string(index); }

// A log of `size` entries.
std::string ProofOf(uint64_t index, uint64_t size, std::string_view origin = kOrigin) {
  std::vector<std::string> hashes;
  CompactRange range;
  for (uint64_t i = 0; i < size; ++i) {
    hashes.push_back(LeafHash(EntryOf(i)));
    range.Append(hashes.back());
  }
  TlogProof proof{.index = index,
                  .hashes = *ProveInclusion(index, size, NodesOf(hashes)),
                  .checkpoint = SignNote(CheckpointText({.origin = std::string(origin),
                                                         .size = size,
                                                         .root = range.Root()}),
                                         kOrigin, SignerOf('\x0a'))};
  return FormatTlogProof(proof);
}

// The text was made with Python's hashlib and OpenSSL's Ed25519 from the same values.
TEST_F(TlogProofTest, BytesAreTheDocumentedOnes) {
  EXPECT_EQ(ProofOf(1, 2),
            "c2sp.org/tlog-proof@v1\nindex 1\ndziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=\n\n"
            "sunny-row/gw/gw-a\n2\nWkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=\n\n"
            "\xe2\x80\x94 sunny-row/gw/gw-a "
            "fBh8ye6iPzcbKoZ7mDdYxOcJdSZlWez4FCnVxIr/rdY3T5CddiAObGj/oDSCUDh1OEWglzJoLR3hk47C"
            "1PCdo+oqEAU=\n");
}

TEST_F(TlogProofTest, AgreesWithAnotherImplementation) {
  const auto vectors = testing::LoadVectors("commons-formats.json");
  if (!vectors) GTEST_SKIP() << "commons-formats.json is absent";
  const auto& tlog = (*vectors)["tlog"];
  const auto log = ParseVkey(tlog["log_vkey"].get<std::string>());
  ASSERT_TRUE(log.ok());
  const std::string text = tlog["tlog_proof_index2"].get<std::string>();
  const auto checkpoint = VerifyLogged(tlog["entries"][2].get<std::string>(), text, *log);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->size, 5u);
  EXPECT_EQ(VerifyLogged(tlog["entries"][3].get<std::string>(), text, *log).status().code(),
            StatusCode::kDataLoss);
  const auto parsed = ParseTlogProof(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(FormatTlogProof(*parsed), text);

  std::vector<std::string> hashes;
  for (const auto& entry : tlog["entries"]) hashes.push_back(LeafHash(entry.get<std::string>()));
  EXPECT_EQ(parsed->hashes, *ProveInclusion(2, 5, NodesOf(hashes)));
  std::vector<std::string> consistency;
  for (const auto& hash : tlog["consistency_3_to_5"]) {
    consistency.push_back(*Base64Decode(hash.get<std::string>()));
  }
  EXPECT_EQ(*ProveConsistency(3, 5, NodesOf(hashes)), consistency);
  EXPECT_TRUE(VerifyConsistency(3, 5, consistency, *HexDecode(tlog["root3_hex"].get<std::string>()),
                                checkpoint->root)
                  .ok());
}

TEST_F(TlogProofTest, EveryEntryOfEverySmallLogVerifiesAndNoOtherDoes) {
  for (uint64_t size = 1; size <= 9; ++size) {
    for (uint64_t index = 0; index < size; ++index) {
      const std::string proof = ProofOf(index, size);
      const auto checkpoint = VerifyLogged(EntryOf(index), proof, KeyOf('\x0a'));
      ASSERT_TRUE(checkpoint.ok()) << index << " of " << size << ": " << checkpoint.status();
      EXPECT_EQ(checkpoint->size, size);
      EXPECT_EQ(VerifyLogged(EntryOf(index + 1), proof, KeyOf('\x0a')).status().code(),
                StatusCode::kDataLoss);
    }
  }
}

TEST_F(TlogProofTest, OnlyTheLogsOwnKeyUnderItsOwnNameCounts) {
  const std::string proof = ProofOf(1, 3);
  NoteKey witness = KeyOf('\x0a');
  witness.type = NoteKeyType::kWitness;
  for (const NoteKey& key : {KeyOf('\x0b'), KeyOf('\x0a', "other/gw/gw-a"), witness}) {
    EXPECT_EQ(VerifyLogged(EntryOf(1), proof, key).status().code(), StatusCode::kPermissionDenied);
  }
  // The right key on the checkpoint of another log.
  EXPECT_EQ(VerifyLogged(EntryOf(1), ProofOf(1, 3, "other/gw/gw-a"), KeyOf('\x0a')).status().code(),
            StatusCode::kPermissionDenied);
}

TEST_F(TlogProofTest, EveryFlippedBitIsRefused) {
  const std::string proof = ProofOf(2, 5);
  for (std::size_t bit = 0; bit < proof.size() * 8; ++bit) {
    EXPECT_FALSE(VerifyLogged(EntryOf(2), crypto::FlipBit(proof, bit), KeyOf('\x0a')).ok()) << bit;
  }
  for (std::size_t size = 0; size < proof.size(); ++size) {
    EXPECT_FALSE(VerifyLogged(EntryOf(2), proof.substr(0, size), KeyOf('\x0a')).ok()) << size;
  }
}

TEST_F(TlogProofTest, AFlippedBitInAnUnknownCosignatureChangesNothing) {
  const auto vectors = testing::LoadVectors("commons-formats.json");
  if (!vectors) GTEST_SKIP() << "commons-formats.json is absent";
  const auto& tlog = (*vectors)["tlog"];
  const auto log = ParseVkey(tlog["log_vkey"].get<std::string>());
  ASSERT_TRUE(log.ok());
  const std::string proof = tlog["tlog_proof_index2"].get<std::string>();
  const std::size_t cosignature = proof.rfind("\n\xe2\x80\x94") + 1;
  for (std::size_t bit = 0; bit < proof.size() * 8; ++bit) {
    const auto verdict = VerifyLogged("entry 2", crypto::FlipBit(proof, bit), *log);
    if (bit < cosignature * 8) {
      EXPECT_FALSE(verdict.ok()) << bit;
    } else {
      EXPECT_TRUE(!verdict.ok() || verdict->size == 5) << bit;
    }
  }
}

TEST_F(TlogProofTest, AnExtraLineIsAllowedAndIgnored) {
  std::string proof = ProofOf(0, 1);
  proof.insert(proof.find("index"), "extra Zm9v\n");
  EXPECT_TRUE(VerifyLogged(EntryOf(0), proof, KeyOf('\x0a')).ok());
  proof.insert(proof.find("index"), "extra Zm9v\n");
  EXPECT_EQ(ParseTlogProof(proof).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(TlogProofTest, WhatIsNoProofIsRefused) {
  const std::string header = "c2sp.org/tlog-proof@v1\n";
  const std::string hash = Base64Encode(LeafHash("x")) + "\n";
  std::string hashes;
  for (int i = 0; i < 64; ++i) hashes += hash;
  ASSERT_TRUE(ParseTlogProof(header + "index 0\n" + hashes + "\n").ok());
  for (const std::string& text : std::vector<std::string>{
        "", header, "c2sp.org/tlog-proof@v2\nindex 0\n\n", header + "index 0\n",
        header + "index\n\n", header + "index 00\n\n", header + "index -1\n\n",
        header + "index 18446744073709551616\n\n", header + "index 0 \n\n", header + "0\n\n",
        header + "index 0\nZm9v\n\n", header + "index 0\n" + hash, header + "extra x\nindex 0\n\n",
        header + "index 0\n" + hashes + hash + "\n"}) {
    EXPECT_EQ(ParseTlogProof(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace gateway::proof
