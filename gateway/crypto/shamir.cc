#include "gateway/crypto/shamir.h"

#include <set>

#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

// Modulo x^8 + x^4 + x^3 + x + 1. Masks instead of branches and tables: the operands are secret.
uint8_t Multiply(uint8_t a, uint8_t b) {
  unsigned product = 0;
  unsigned shifted = a;
  for (int bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0u - ((b >> bit) & 1u));
    shifted = (shifted << 1) ^ (0x11bu & (0u - (shifted >> 7)));
  }
  return static_cast<uint8_t>(product);
}

// a^254: the inverse of everything but 0.
uint8_t Invert(uint8_t a) {
  uint8_t result = 1;
  uint8_t power = a;
  for (int exponent = 254; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = Multiply(result, power);
    power = Multiply(power, power);
  }
  return result;
}

}  // namespace

StatusOr<std::vector<Share>> SplitSecret(const SecretKey& secret, std::size_t threshold,
                                         std::size_t shares) {
  if (threshold == 0 || threshold > shares || shares > 255) {
    return InvalidArgument("a secret is split into 1 to 255 shares, of which 1 to all give it; "
                           "not %d of %d", threshold, shares);
  }
  std::vector<SecretKey> coefficients;  // of x, x^2, …
  for (std::size_t i = 1; i < threshold; ++i) {
    ASSIGN_OR_RETURN(SecretKey random, SecretKey::Random());
    coefficients.push_back(std::move(random));
  }
  std::vector<Share> result;
  for (std::size_t i = 1; i <= shares; ++i) {
    const auto x = static_cast<uint8_t>(i);
    ASSIGN_OR_RETURN(SecretKey y, KeyAccess::Blank());
    for (std::size_t byte = 0; byte < SecretKey::kBytes; ++byte) {
      uint8_t value = 0;  // Horner, from the highest power down
      for (auto it = coefficients.rbegin(); it != coefficients.rend(); ++it) {
        value = Multiply(value, x) ^ KeyAccess::Bytes(*it)[byte];
      }
      KeyAccess::MutableBytes(y)[byte] = Multiply(value, x) ^ KeyAccess::Bytes(secret)[byte];
    }
    result.push_back({x, std::move(y)});
  }
  return result;
}

StatusOr<SecretKey> CombineShares(const std::vector<Share>& shares) {
  std::set<uint8_t> seen;
  for (const Share& share : shares) {
    if (share.x == 0) return InvalidArgument("share number 0: shares count from 1");
    if (!seen.insert(share.x).second) {
      return InvalidArgument("share number %d is there twice", static_cast<int>(share.x));
    }
  }
  if (shares.empty()) return InvalidArgument("no share was given");
  ASSIGN_OR_RETURN(SecretKey secret, KeyAccess::Blank());
  for (const Share& share : shares) {
    uint8_t weight = 1;  // of Lagrange, at 0
    for (const Share& other : shares) {
      if (other.x == share.x) continue;
      weight = Multiply(weight,
                        Multiply(other.x, Invert(static_cast<uint8_t>(other.x ^ share.x))));
    }
    for (std::size_t byte = 0; byte < SecretKey::kBytes; ++byte) {
      KeyAccess::MutableBytes(secret)[byte] ^= Multiply(KeyAccess::Bytes(share.y)[byte], weight);
    }
  }
  return secret;
}

}  // namespace gateway::crypto
