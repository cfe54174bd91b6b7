// Shamir's secret sharing over GF(256), the field of AES, byte by byte: any `threshold` shares give
// the secret, fewer say nothing about it. Nothing here branches or looks up by secret bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"

namespace gateway::crypto {

struct Share {
  uint8_t x = 0;  // from 1; no two shares of a secret have the same
  SecretKey y;
};

// Returns InvalidArgument unless 1 <= threshold <= shares <= 255, ResourceExhausted if the arena is
// full.
StatusOr<std::vector<Share>> SplitSecret(const SecretKey& secret, std::size_t threshold,
                                         std::size_t shares);

// What the shares, as many as the threshold, give. Of a wrong share, or too few, comes a wrong
// secret: the caller checks it. Returns InvalidArgument if there is no share, or an x is 0 or twice
// there.
StatusOr<SecretKey> CombineShares(const std::vector<Share>& shares);

}  // namespace gateway::crypto
