// The RFC 6962 Merkle tree over SHA-256: what the ledger's roots and proofs mean. Indices and
// sizes are full 64-bit numbers; hashes are 32-byte strings.
//
//   leaf hash  = SHA-256(0x00 ‖ entry)
//   node hash  = SHA-256(0x01 ‖ left ‖ right)
//   empty root = SHA-256("")
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::proof {

inline constexpr std::size_t kHashBytes = 32;

std::string LeafHash(std::string_view entry);
std::string NodeHash(std::string_view left, std::string_view right);
std::string EmptyRoot();

// The roots of the perfect subtrees that a tree of `size` leaves consists of, largest first: all
// that is needed to append and to compute the root. Thread-compatible.
//
// Serialised: u8 version = 1 | u64be size | one 32-byte hash per set bit of size, largest
// subtree first.
class CompactRange {
 public:
  // Told of each perfect subtree that an append completes, the leaf itself (level 0) first: what
  // a NodeReader below has to find again.
  using NodeSink = std::function<void(int level, uint64_t index, const std::string& hash)>;

  // `leaf_hash` must be 32 bytes.
  void Append(std::string_view leaf_hash, const NodeSink& completed = nullptr);
  std::string Root() const;
  uint64_t size() const { return size_; }

  std::string Serialize() const;
  // Returns DataLoss if the bytes are not what Serialize makes.
  static StatusOr<CompactRange> Parse(std::string_view bytes);

 private:
  uint64_t size_ = 0;
  std::vector<std::string> hashes_;
};

// Returns the root of the perfect subtree of height `level` over the leaves
// [index << level, (index + 1) << level); level 0 is a leaf hash. A store answers with its nodes.
using NodeReader = std::function<StatusOr<std::string>(int level, uint64_t index)>;

// The proof that leaf `index` is in the tree of the first `size` leaves, nearest sibling first.
// Returns InvalidArgument unless index < size, or the reader's error.
StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index, uint64_t size,
                                                  const NodeReader& node);

// The proof that the tree of `old_size` leaves is a prefix of that of `new_size` leaves.
// Returns InvalidArgument unless 0 < old_size <= new_size, or the reader's error.
StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size, uint64_t new_size,
                                                    const NodeReader& node);

// A NodeReader over all leaf hashes, for small trees and tests; it keeps a copy of them.
NodeReader NodesOf(std::vector<std::string> leaf_hashes);

// RFC 9162 §2.1.3.2. Returns InvalidArgument if the proof has the wrong shape, DataLoss if it
// leads to another root.
Status VerifyInclusion(uint64_t index, uint64_t size, std::string_view leaf_hash,
                       const std::vector<std::string>& proof, std::string_view root);

// RFC 9162 §2.1.4.2, and equal sizes with equal roots and an empty proof. An old size of 0 is
// InvalidArgument: nothing follows from it, so callers that accept a first sight do it knowingly.
Status VerifyConsistency(uint64_t old_size, uint64_t new_size,
                         const std::vector<std::string>& proof, std::string_view old_root,
                         std::string_view new_root);

}  // namespace gateway::proof
