#include "gateway/crypto/keyring.h"

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/aead.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kWrapContext("commons-data-key/v1\0", 20);

// Binds a wrapped key to its owner and epoch, so that no row can stand in for another.
std::string WrapContext(std::string_view owner, uint32_t epoch) {
  ByteWriter context;
  context.Raw(kWrapContext).Raw(owner).U32(epoch);
  return context.Take();
}

Status NotLoaded(uint32_t epoch) {
  return NotFound("no data key of epoch %d is loaded for this owner", epoch);
}

Status WrongOwnerSize(std::size_t size) {
  return InvalidArgument("a key owner has %d bytes, not %d", Keyring::kOwnerBytes, size);
}

}  // namespace

const SecretKey* Keyring::Find(std::string_view owner, uint32_t epoch) const {
  const auto it = keys_.find(KeyView{owner, epoch});
  return it == keys_.end() ? nullptr : &it->second;
}

bool Keyring::Has(std::string_view owner, uint32_t epoch) const {
  const MutexLock lock(mutex_);
  return Find(owner, epoch) != nullptr;
}

StatusOr<std::string> Keyring::Mint(std::string_view owner, uint32_t epoch) {
  if (owner.size() != kOwnerBytes) return WrongOwnerSize(owner.size());
  const MutexLock lock(mutex_);
  if (Find(owner, epoch) != nullptr) {
    return AlreadyExists("this owner has a data key of epoch %d", epoch);
  }
  ASSIGN_OR_RETURN(SecretKey key, SecretKey::Random());
  std::string wrapped = Seal(master_.key, KeyAccess::View(key), WrapContext(owner, epoch));
  keys_.emplace(KeyName(owner, epoch), std::move(key));
  return wrapped;
}

Status Keyring::Load(std::string_view owner, uint32_t epoch, std::string_view wrapped,
                     const SecretKey* older) {
  if (owner.size() != kOwnerBytes) return WrongOwnerSize(owner.size());
  const MutexLock lock(mutex_);
  StatusOr<SecretKey> key = OpenKey(master_.key, wrapped, WrapContext(owner, epoch));
  if (key.status().code() == StatusCode::kDataLoss && older != nullptr) {
    key = OpenKey(*older, wrapped, WrapContext(owner, epoch));
  }
  if (!key.ok()) return key.status();
  keys_.insert_or_assign(KeyName(owner, epoch), *std::move(key));
  return OkStatus();
}

std::vector<Keyring::WrappedKey> Keyring::WrapAll(const MasterKey* next) const {
  const MutexLock lock(mutex_);
  const SecretKey& master = next != nullptr ? next->key : master_.key;
  std::vector<WrappedKey> wrapped;
  wrapped.reserve(keys_.size());
  for (const auto& [name, key] : keys_) {
    const auto& [owner, epoch] = name;
    wrapped.push_back(
        {owner, epoch, Seal(master, KeyAccess::View(key), WrapContext(owner, epoch))});
  }
  return wrapped;
}

void Keyring::TakeMaster(MasterKey next) {
  const MutexLock lock(mutex_);
  master_ = std::move(next);
}

uint32_t Keyring::generation() const {
  const MutexLock lock(mutex_);
  return master_.generation;
}

StatusOr<Keyslots> Keyring::SealSlots(std::vector<Keyslot> slots, const MasterKey* next) const {
  const MutexLock lock(mutex_);
  std::vector<const MasterKey*> masters{&master_};
  if (next != nullptr) masters.push_back(next);
  return SealKeyslots(std::move(slots), masters);
}

std::vector<Keyslot> Keyring::GenuineSlots(const Keyslots& keyslots) const {
  const MutexLock lock(mutex_);
  std::vector<Keyslot> genuine;
  for (const Keyslot& slot : keyslots.slots) {
    if (IsGenuine(keyslots, slot, master_)) genuine.push_back(slot);
  }
  return genuine;
}

void Keyring::Forget(std::string_view owner, uint32_t epoch) {
  const MutexLock lock(mutex_);
  const auto it = keys_.find(KeyView{owner, epoch});
  if (it != keys_.end()) keys_.erase(it);
}

// The lock is held while sealing: it keeps the key alive, and microseconds are all it costs.
Status Keyring::SealTo(std::string_view owner, uint32_t epoch, std::string_view plaintext,
                       std::string_view associated_data, std::string& out) const {
  const MutexLock lock(mutex_);
  const SecretKey* key = Find(owner, epoch);
  if (key == nullptr) return NotLoaded(epoch);
  crypto::SealTo(*key, plaintext, associated_data, out);
  return OkStatus();
}

StatusOr<std::string> Keyring::Open(std::string_view owner, uint32_t epoch,
                                    std::string_view sealed,
                                    std::string_view associated_data) const {
  const MutexLock lock(mutex_);
  const SecretKey* key = Find(owner, epoch);
  if (key == nullptr) return NotLoaded(epoch);
  return crypto::Open(*key, sealed, associated_data);
}

std::string Keyring::Pseudonym(std::string_view owner, uint32_t epoch,
                               std::string_view data) const {
  const MutexLock lock(mutex_);
  const SecretKey* key = Find(owner, epoch);
  GW_CHECK(key != nullptr);
  return Blake2b128Keyed(*key, data);
}

uint64_t Keyring::ShortHash(std::string_view owner, uint32_t epoch, std::string_view a,
                            std::string_view b) const {
  const MutexLock lock(mutex_);
  const SecretKey* key = Find(owner, epoch);
  GW_CHECK(key != nullptr);
  return SipHash(*key, a, b);
}

StatusOr<Signer> Keyring::SignerOf(std::string_view owner, uint32_t epoch) const {
  const MutexLock lock(mutex_);
  const SecretKey* key = Find(owner, epoch);
  if (key == nullptr) return NotLoaded(epoch);
  ASSIGN_OR_RETURN(SecretKey seed, SecretKey::FromBytes(KeyAccess::View(*key)));
  return Signer::FromSeed(std::move(seed));
}

StatusOr<TlsIdentity> Keyring::TlsIdentityOf(std::string_view owner, uint32_t epoch) const {
  const MutexLock lock(mutex_);
  const SecretKey* key = Find(owner, epoch);
  if (key == nullptr) return NotLoaded(epoch);
  return MakeTlsIdentity(*key);
}

}  // namespace gateway::crypto
