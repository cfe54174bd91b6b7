#include "gateway/crypto/secret.h"

#include <sodium.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/base/mutex.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

constexpr std::size_t kSlots = kLockedArenaBytes / SecretKey::kBytes;
static_assert(kLockedArenaBytes % SecretKey::kBytes == 0);

// Locks `bytes` bytes, raising the soft limit as far as the hard one goes if that is what it takes.
bool Lock(void* region, std::size_t bytes) {
  if (sodium_mlock(region, bytes) == 0) return true;
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return false;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  return sodium_mlock(region, bytes) == 0;
}

// Free slots are chained through their own first bytes, so bookkeeping needs no memory and a slot
// never given out costs nothing. A slot is wiped before it joins the chain.
class Arena {
 public:
  Status Prepare() {
    const MutexLock lock(mutex_);
    if (base_ != nullptr) return OkStatus();
    if (sodium_init() < 0) return Internal("libsodium cannot be initialised");
    void* region = mmap(nullptr, kLockedArenaBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED) {
      return ResourceExhausted("no memory for the key arena of %d bytes", kLockedArenaBytes);
    }
    // Not for show: sodium_mlock also sets it, but ignores whether the kernel agreed.
    if (madvise(region, kLockedArenaBytes, MADV_DONTDUMP) != 0) {
      munmap(region, kLockedArenaBytes);
      return ResourceExhausted("the key arena cannot be excluded from core dumps: errno %d", errno);
    }
    if (!Lock(region, kLockedArenaBytes)) {
      munmap(region, kLockedArenaBytes);
      return ResourceExhausted(
          "the key arena of %d bytes cannot be locked in memory: raise RLIMIT_MEMLOCK "
          "(LimitMEMLOCK= in the systemd unit, ulimit -l in a shell) to at least that",
          kLockedArenaBytes);
    }
    base_ = static_cast<uint8_t*>(region);
    return OkStatus();
  }

  // Returns a slot of zeros.
  StatusOr<uint8_t*> Take() {
    const MutexLock lock(mutex_);
    if (base_ == nullptr) return FailedPrecondition("InitCrypto has not succeeded");
    if (free_ != nullptr) {
      uint8_t* slot = free_;
      std::memcpy(&free_, slot, sizeof(free_));
      std::fill_n(slot, sizeof(free_), uint8_t{0});
      return slot;
    }
    if (used_ == kSlots) {
      return ResourceExhausted("all %d slots of the key arena are in use", kSlots);
    }
    return base_ + SecretKey::kBytes * used_++;
  }

  void Return(uint8_t* slot) {
    sodium_memzero(slot, SecretKey::kBytes);
    const MutexLock lock(mutex_);
    std::memcpy(slot, &free_, sizeof(free_));
    free_ = slot;
  }

 private:
  Mutex mutex_;
  uint8_t* base_ ABSL_GUARDED_BY(mutex_) = nullptr;
  uint8_t* free_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::size_t used_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One per process, because what it manages (locked pages, a resource limit) is the process's.
// Never destroyed: keys in static or leaked objects may be returned late.
Arena& ProcessArena() {
  static Arena& arena = *new Arena;
  return arena;
}

}  // namespace

Status InitCrypto() { return ProcessArena().Prepare(); }

StatusOr<SecretKey> KeyAccess::Blank() {
  ASSIGN_OR_RETURN(uint8_t* slot, ProcessArena().Take());
  return SecretKey(slot);
}

StatusOr<SecretKey> SecretKey::Random() {
  ASSIGN_OR_RETURN(SecretKey key, KeyAccess::Blank());
  randombytes_buf(key.slot_, kBytes);
  return key;
}

StatusOr<SecretKey> SecretKey::FromBytes(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return InvalidArgument("a secret key has %d bytes, not %d", kBytes, bytes.size());
  }
  ASSIGN_OR_RETURN(SecretKey key, KeyAccess::Blank());
  std::memcpy(key.slot_, bytes.data(), kBytes);
  return key;
}

SecretKey::SecretKey(SecretKey&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this != &other) {
    if (slot_ != nullptr) ProcessArena().Return(slot_);
    slot_ = std::exchange(other.slot_, nullptr);
  }
  return *this;
}

SecretKey::~SecretKey() {
  if (slot_ != nullptr) ProcessArena().Return(slot_);
}

bool SecretKey::Equals(const SecretKey& other) const {
  return sodium_memcmp(KeyAccess::Bytes(*this), KeyAccess::Bytes(other), kBytes) == 0;
}

void Wipe(char* bytes, std::size_t size) { sodium_memzero(bytes, size); }

void AppendHex(const SecretKey& key, std::string& out) {
  char hex[SecretKey::kBytes * 2 + 1];
  sodium_bin2hex(hex, sizeof(hex), KeyAccess::Bytes(key), SecretKey::kBytes);
  out.append(hex, sizeof(hex) - 1);
  Wipe(hex, sizeof(hex));
}

StatusOr<SecretKey> KeyFromHex(std::string_view hex) {
  if (hex.size() != SecretKey::kBytes * 2 ||
      hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return InvalidArgument("a secret key is spelt with %d lower-case hex digits",
                           SecretKey::kBytes * 2);
  }
  ASSIGN_OR_RETURN(SecretKey key, KeyAccess::Blank());
  std::size_t bytes = 0;
  const int rc = sodium_hex2bin(KeyAccess::MutableBytes(key), SecretKey::kBytes, hex.data(),
                                hex.size(), nullptr, &bytes, nullptr);
  GW_CHECK(rc == 0 && bytes == SecretKey::kBytes);
  return key;
}

}  // namespace gateway::crypto
