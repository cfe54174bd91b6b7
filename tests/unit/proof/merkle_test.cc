#include "gateway/proof/merkle.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "gateway/base/bytes.h"
#include "tests/support/vectors.h"

namespace gateway::proof {
namespace {

// The eight leaves and roots of RFC 6962's reference implementation.
const char* const kLeaves[] = {"",         "00",       "10",
                               "2021",     "3031",     "40414243",
                               "5051525354555657", "606162636465666768696a6b6c6d6e6f"};

std::vector<std::string> LeafHashes(std::size_t size) {
  std::vector<std::string> hashes;
  for (std::size_t i = 0; i < size; ++i) hashes.push_back(LeafHash("entry " + std::to_string(i)));
  return hashes;
}

CompactRange RangeOf(const std::vector<std::string>& hashes, std::size_t size) {
  CompactRange range;
  for (std::size_t i = 0; i < size; ++i) range.Append(hashes[i]);
  return range;
}

TEST(MerkleTest, HashesAndRootsAreThoseOfRfc6962) {
  EXPECT_EQ(HexEncode(EmptyRoot()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CompactRange range;
  EXPECT_EQ(range.Root(), EmptyRoot());
  for (const char* leaf : kLeaves) range.Append(LeafHash(*HexDecode(leaf)));
  EXPECT_EQ(HexEncode(range.Root()),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(MerkleTest, CompactRangeSurvivesSerialisingAtEverySize) {
  const std::vector<std::string> hashes = LeafHashes(40);
  CompactRange carried;
  for (std::size_t size = 0; size < hashes.size(); ++size) {
    StatusOr<CompactRange> parsed = CompactRange::Parse(carried.Serialize());
    ASSERT_TRUE(parsed.ok());
    carried = *std::move(parsed);
    EXPECT_EQ(carried.size(), size);
    EXPECT_EQ(carried.Root(), RangeOf(hashes, size).Root());
    carried.Append(hashes[size]);
  }
}

TEST(MerkleTest, CompactRangeRefusesOtherBytes) {
  const std::string bytes = RangeOf(LeafHashes(5), 5).Serialize();
  EXPECT_EQ(bytes.substr(0, 9), std::string("\x01\0\0\0\0\0\0\0\x05", 9));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(CompactRange::Parse(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_FALSE(CompactRange::Parse(bytes + "x").ok());
  EXPECT_FALSE(CompactRange::Parse("\x02" + bytes.substr(1)).ok());
}

TEST(MerkleTest, AppendReportsEveryCompletedSubtree) {
  const std::vector<std::string> hashes = LeafHashes(13);
  const NodeReader nodes = NodesOf(hashes);
  std::size_t reported = 0;
  CompactRange range;
  for (const std::string& hash : hashes) {
    range.Append(hash, [&](int level, uint64_t index, const std::string& node) {
      const StatusOr<std::string> want = nodes(level, index);
      ASSERT_TRUE(want.ok());
      EXPECT_EQ(node, *want) << level << " " << index;
      ++reported;
    });
  }
  EXPECT_EQ(reported, 13u + 6 + 3 + 1);
}

TEST(MerkleTest, EveryInclusionProofVerifiesAndNoOtherLeafDoes) {
  const std::vector<std::string> hashes = LeafHashes(33);
  const NodeReader nodes = NodesOf(hashes);
  for (std::size_t size = 1; size <= hashes.size(); ++size) {
    const std::string root = RangeOf(hashes, size).Root();
    for (std::size_t i = 0; i < size; ++i) {
      const auto proof = ProveInclusion(i, size, nodes);
      ASSERT_TRUE(proof.ok());
      EXPECT_TRUE(VerifyInclusion(i, size, hashes[i], *proof, root).ok()) << i << " of " << size;
      EXPECT_FALSE(VerifyInclusion(i, size, LeafHash("other"), *proof, root).ok());
      EXPECT_FALSE(VerifyInclusion(i, size + 64, hashes[i], *proof, root).ok());
    }
    EXPECT_FALSE(ProveInclusion(size, size, nodes).ok());
  }
}

TEST(MerkleTest, EveryConsistencyProofVerifiesAndNoForkDoes) {
  const std::vector<std::string> hashes = LeafHashes(33);
  std::vector<std::string> forked = hashes;
  forked[0] = LeafHash("rewritten");
  const NodeReader nodes = NodesOf(hashes);
  for (std::size_t to = 1; to <= hashes.size(); ++to) {
    const std::string new_root = RangeOf(hashes, to).Root();
    for (std::size_t from = 1; from <= to; ++from) {
      const auto proof = ProveConsistency(from, to, nodes);
      ASSERT_TRUE(proof.ok());
      const std::string old_root = RangeOf(hashes, from).Root();
      EXPECT_TRUE(VerifyConsistency(from, to, *proof, old_root, new_root).ok())
          << from << " to " << to;
      const std::string fork = RangeOf(forked, from).Root();
      EXPECT_FALSE(VerifyConsistency(from, to, *proof, fork, new_root).ok());
    }
  }
  EXPECT_FALSE(ProveConsistency(0, 3, nodes).ok());
  EXPECT_FALSE(ProveConsistency(4, 3, nodes).ok());
}

std::string FromBase64(const nlohmann::json& text) {
  if (!text.is_string()) return {};
  const std::string& in = text.get_ref<const std::string&>();
  std::string out(in.size(), '\0');
  std::size_t size = 0;
  EXPECT_EQ(sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), in.data(),
                              in.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL),
            0);
  out.resize(size);
  return out;
}

std::vector<std::string> ProofOf(const nlohmann::json& vector) {
  std::vector<std::string> proof;
  for (const auto& hash : vector["proof"]) proof.push_back(FromBase64(hash));
  return proof;
}

// Calls `check` for each vector of the folder; returns how many there were.
std::size_t ForEachVector(const std::string& folder,
                          const std::function<bool(const nlohmann::json&)>& check) {
  const auto path = testing::VectorPath(folder);
  if (!std::filesystem::exists(path)) return 0;
  std::size_t count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    if (file.path().extension() != ".json") continue;
    std::ifstream stream(file.path());
    const nlohmann::json vector = nlohmann::json::parse(stream);
    EXPECT_EQ(check(vector), !vector.value("wantErr", false)) << file.path();
    ++count;
  }
  return count;
}

TEST(MerkleTest, InclusionAgreesWithTransparencyDev) {
  const std::size_t count =
      ForEachVector("merkle_rfc6962/inclusion", [](const nlohmann::json& vector) {
        return VerifyInclusion(vector["leafIdx"].get<uint64_t>(),
                               vector["treeSize"].get<uint64_t>(), FromBase64(vector["leafHash"]),
                               ProofOf(vector), FromBase64(vector["root"]))
            .ok();
      });
  if (count == 0) GTEST_SKIP() << "merkle_rfc6962/inclusion is absent";
  EXPECT_EQ(count, 98u);
}

TEST(MerkleTest, ConsistencyAgreesWithTransparencyDev) {
  const std::size_t count =
      ForEachVector("merkle_rfc6962/consistency", [](const nlohmann::json& vector) {
        return VerifyConsistency(vector["size1"].get<uint64_t>(), vector["size2"].get<uint64_t>(),
                                 ProofOf(vector), FromBase64(vector["root1"]),
                                 FromBase64(vector["root2"]))
            .ok();
      });
  if (count == 0) GTEST_SKIP() << "merkle_rfc6962/consistency is absent";
  EXPECT_EQ(count, 98u);
}

}  // namespace
}  // namespace gateway::proof
