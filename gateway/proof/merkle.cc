#include "gateway/proof/merkle.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/hash.h"

namespace gateway::proof {
namespace {

constexpr uint8_t kRangeVersion = 1;

bool IsHash(std::string_view bytes) { return bytes.size() == kHashBytes; }
bool AreHashes(const std::vector<std::string>& proof) {
  return std::ranges::all_of(proof, IsHash);
}

// Where RFC 6962 splits a tree of `size` > 1 leaves: the largest power of two below it.
uint64_t SplitOf(uint64_t size) { return std::bit_floor(size - 1); }

// The root of the leaves [begin, begin + size), where begin is a multiple of bit_ceil(size): every
// subtree that the recursion of RFC 6962 §2.1 reaches is of that kind.
StatusOr<std::string> RangeRoot(uint64_t begin, uint64_t size, const NodeReader& node) {
  if (std::has_single_bit(size)) {
    const int level = std::countr_zero(size);
    return node(level, begin >> level);
  }
  const uint64_t split = SplitOf(size);
  ASSIGN_OR_RETURN(const std::string left, RangeRoot(begin, split, node));
  ASSIGN_OR_RETURN(const std::string right, RangeRoot(begin + split, size - split, node));
  return NodeHash(left, right);
}

}  // namespace

std::string LeafHash(std::string_view entry) {
  std::string data(1, '\x00');
  data.append(entry);
  return crypto::Sha256(data);
}

std::string NodeHash(std::string_view left, std::string_view right) {
  std::string data(1, '\x01');
  data.reserve(1 + 2 * kHashBytes);
  data.append(left).append(right);
  return crypto::Sha256(data);
}

std::string EmptyRoot() { return crypto::Sha256({}); }

void CompactRange::Append(std::string_view leaf_hash, const NodeSink& completed) {
  GW_CHECK(IsHash(leaf_hash) && size_ < std::numeric_limits<uint64_t>::max());
  std::string hash(leaf_hash);
  int level = 0;
  if (completed) completed(level, size_, hash);
  // Each trailing one bit of the size is a perfect subtree that the new one completes.
  for (; ((size_ >> level) & 1) != 0; hashes_.pop_back()) {
    hash = NodeHash(hashes_.back(), hash);
    ++level;
    if (completed) completed(level, size_ >> level, hash);
  }
  hashes_.push_back(std::move(hash));
  ++size_;
}

std::string CompactRange::Root() const {
  if (hashes_.empty()) return EmptyRoot();
  std::string root = hashes_.back();
  for (auto it = hashes_.rbegin() + 1; it != hashes_.rend(); ++it) root = NodeHash(*it, root);
  return root;
}

std::string CompactRange::Serialize() const {
  ByteWriter out;
  out.U8(kRangeVersion).U64(size_);
  for (const std::string& hash : hashes_) out.Raw(hash);
  return out.Take();
}

StatusOr<CompactRange> CompactRange::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  const uint8_t version = in.U8();
  if (in.ok() && version != kRangeVersion) {
    return DataLoss("compact range: version %d is unknown", static_cast<int>(version));
  }
  CompactRange range;
  range.size_ = in.U64();
  for (int i = 0; i < std::popcount(range.size_); ++i) {
    range.hashes_.emplace_back(in.Raw(kHashBytes));
  }
  RETURN_IF_ERROR(in.Finish("compact range"));
  return range;
}

StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index, uint64_t size,
                                                  const NodeReader& node) {
  if (index >= size) return InvalidArgument("leaf %d is not in a tree of %d", index, size);
  std::vector<std::string> proof;
  uint64_t begin = 0;
  while (size > 1) {
    const uint64_t split = SplitOf(size);
    const bool left = index - begin < split;
    ASSIGN_OR_RETURN(std::string sibling, left ? RangeRoot(begin + split, size - split, node)
                                               : RangeRoot(begin, split, node));
    proof.push_back(std::move(sibling));
    if (!left) begin += split;
    size = left ? split : size - split;
  }
  std::ranges::reverse(proof);  // collected from the root down
  return proof;
}

StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size, uint64_t new_size,
                                                    const NodeReader& node) {
  if (old_size == 0 || old_size > new_size) {
    return InvalidArgument("no consistency proof from size %d to size %d", old_size, new_size);
  }
  std::vector<std::string> proof;
  uint64_t begin = 0;
  uint64_t size = new_size;
  while (old_size - begin < size) {
    const uint64_t split = SplitOf(size);
    const bool left = old_size - begin <= split;
    ASSIGN_OR_RETURN(std::string sibling, left ? RangeRoot(begin + split, size - split, node)
                                               : RangeRoot(begin, split, node));
    proof.push_back(std::move(sibling));
    if (!left) begin += split;
    size = left ? split : size - split;
  }
  // The whole old tree needs no mention: the verifier has its root.
  if (begin != 0) {
    ASSIGN_OR_RETURN(std::string last, RangeRoot(begin, size, node));
    proof.push_back(std::move(last));
  }
  std::ranges::reverse(proof);
  return proof;
}

NodeReader NodesOf(std::vector<std::string> leaf_hashes) {
  // Shared, because std::function is copied and the leaves should not be.
  const auto leaves =
      std::make_shared<const std::vector<std::string>>(std::move(leaf_hashes));
  return [leaves](int level, uint64_t index) -> StatusOr<std::string> {
    const uint64_t width = uint64_t{1} << level;
    if (width > leaves->size() || index > leaves->size() / width - 1) {
      return NotFound("no node %d at level %d in a tree of %d", index, level, leaves->size());
    }
    CompactRange range;
    for (uint64_t i = index * width; i < (index + 1) * width; ++i) range.Append((*leaves)[i]);
    return range.Root();
  };
}

Status VerifyInclusion(uint64_t index, uint64_t size, std::string_view leaf_hash,
                       const std::vector<std::string>& proof, std::string_view root) {
  if (index >= size) return InvalidArgument("leaf %d is not in a tree of %d", index, size);
  if (!IsHash(leaf_hash) || !IsHash(root) || !AreHashes(proof)) {
    return InvalidArgument("inclusion proof: a hash has not %d bytes", kHashBytes);
  }
  uint64_t fn = index;
  uint64_t sn = size - 1;
  std::string hash(leaf_hash);
  for (const std::string& sibling : proof) {
    if (sn == 0) return InvalidArgument("inclusion proof: %d hashes are too many", proof.size());
    if ((fn & 1) != 0 || fn == sn) {
      hash = NodeHash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = NodeHash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return InvalidArgument("inclusion proof: %d hashes are too few", proof.size());
  if (hash != root) return DataLoss("inclusion proof: leads to another root");
  return OkStatus();
}

Status VerifyConsistency(uint64_t old_size, uint64_t new_size,
                         const std::vector<std::string>& proof, std::string_view old_root,
                         std::string_view new_root) {
  if (old_size == 0 || old_size > new_size) {
    return InvalidArgument("no consistency proof from size %d to size %d", old_size, new_size);
  }
  if (old_size == new_size) {
    if (!proof.empty()) return InvalidArgument("consistency proof: equal sizes need none");
    if (old_root != new_root) return DataLoss("two roots for one tree size, %d", old_size);
    return OkStatus();
  }
  if (proof.empty() || !IsHash(old_root) || !IsHash(new_root) || !AreHashes(proof)) {
    return InvalidArgument("consistency proof: empty, or a hash has not %d bytes", kHashBytes);
  }
  uint64_t fn = old_size - 1;
  uint64_t sn = new_size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  // A perfect old tree is itself the first node; otherwise the proof begins with one.
  auto next = proof.begin();
  std::string old_hash(std::has_single_bit(old_size) ? old_root : *next++);
  std::string new_hash = old_hash;
  for (; next != proof.end(); ++next) {
    if (sn == 0) return InvalidArgument("consistency proof: %d hashes are too many", proof.size());
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = NodeHash(*next, old_hash);
      new_hash = NodeHash(*next, new_hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      new_hash = NodeHash(new_hash, *next);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return InvalidArgument("consistency proof: %d hashes are too few", proof.size());
  if (old_hash != old_root || new_hash != new_root) {
    return DataLoss("consistency proof: leads to other roots");
  }
  return OkStatus();
}

}  // namespace gateway::proof
