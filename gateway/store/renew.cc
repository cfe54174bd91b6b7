// Vault, the part that replaces owners' keys by newer ones.
#include <algorithm>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::store {

uint32_t Vault::NewestGeneration(const OwnerId& owner, uint32_t base) const {
  const auto found = newest_.find({.owner = owner, .epoch = base});
  return found == newest_.end() ? 0 : found->second;
}

void Vault::NoteGeneration(const KeyName& name) {
  const uint32_t generation = GenerationOf(name.epoch);
  if (name.owner == OwnerId{} || name.epoch == kErasedEpoch || generation == 0) return;
  uint32_t& newest = newest_[{.owner = name.owner, .epoch = BaseEpoch(name.epoch)}];
  newest = std::max(newest, generation);
}

uint32_t Vault::NewestEpoch(const OwnerId& owner, uint32_t base_epoch) const {
  const MutexLock lock(mutex_);
  return base_epoch | NewestGeneration(owner, base_epoch) << kGenerationShift;
}

bool Vault::MaySeal(const OwnerId& owner, uint32_t base_epoch) const {
  const MutexLock lock(mutex_);
  if (states_.contains({.owner = owner, .epoch = kErasedEpoch})) return false;
  const uint32_t epoch = base_epoch | NewestGeneration(owner, base_epoch) << kGenerationShift;
  const auto found = states_.find({.owner = owner, .epoch = epoch});
  return found == states_.end() || found->second == KeyState::kActive;
}

std::vector<Vault::OwnerKey> Vault::OwnersKeys() const {
  std::vector<OwnerKey> keys;
  const MutexLock lock(mutex_);
  for (const auto& [name, state] : states_) {
    if (name.owner == OwnerId{}) continue;
    if (state == KeyState::kTombstone || state == KeyState::kReplaced) continue;
    keys.emplace_back(name.owner, name.epoch);
  }
  return keys;
}

StatusOr<Vault::KeyName> Vault::MintNext(Batch& batch, const OwnerKey& key) {
  const auto& [owner, epoch] = key;
  GW_CHECK(owner != OwnerId{} && epoch != kErasedEpoch);
  const uint32_t base = BaseEpoch(epoch);
  const uint32_t next = NewestGeneration(owner, base) + 1;
  if (next > kGenerationMax) {
    return ResourceExhausted("a data key was replaced %d times, the limit", kGenerationMax);
  }
  const KeyName name{.owner = owner, .epoch = base | next << kGenerationShift};
  RETURN_IF_ERROR(MintInto(batch, name));
  return name;
}

Status Vault::Renew(Batch& batch, const std::vector<OwnerKey>& keys) {
  const MutexLock lock(mutex_);
  std::vector<KeyName> made;
  Status status;
  for (std::size_t i = 0; i < keys.size() && status.ok(); ++i) {
    const StatusOr<KeyName> name = MintNext(batch, keys[i]);
    if (name.ok()) made.push_back(*name);
    status = name.status();
  }
  if (status.ok()) status = db_.Commit(batch);
  for (const KeyName& name : made) {
    if (!status.ok()) {
      keyring_.Forget(name.owner.view(), name.epoch);
      continue;
    }
    states_.emplace(name, KeyState::kActive);
    NoteGeneration(name);
  }
  return status;
}

std::vector<Vault::OwnerKey> Vault::Replaced() const {
  std::vector<OwnerKey> replaced;
  const std::vector<OwnerKey> keys = OwnersKeys();
  const MutexLock lock(mutex_);
  for (const OwnerKey& key : keys) {
    if (GenerationOf(key.second) != NewestGeneration(key.first, BaseEpoch(key.second))) {
      replaced.push_back(key);
    }
  }
  std::sort(replaced.begin(), replaced.end());
  return replaced;
}

Status Vault::DropReplaced(Batch& batch, const std::vector<OwnerKey>& keys) {
  const MutexLock lock(mutex_);
  for (const auto& [owner, epoch] : keys) {
    GW_CHECK(GenerationOf(epoch) < NewestGeneration(owner, BaseEpoch(epoch)));
    // No tombstone: whoever finds a newer generation knows that this one is never made again.
    batch.Delete(Table::kKeys, ByteWriter().Raw(owner.view()).U32(epoch).bytes());
  }
  RETURN_IF_ERROR(db_.Commit(batch));
  for (const auto& [owner, epoch] : keys) {
    const KeyName name{.owner = owner, .epoch = epoch};
    if (readers_ > 0) {
      states_[name] = KeyState::kReplaced;
      continue;
    }
    states_.erase(name);
    keyring_.Forget(owner.view(), epoch);
  }
  return OkStatus();
}

void Vault::ForgetReplaced() {
  std::erase_if(states_, [&](const auto& entry) {
    if (entry.second != KeyState::kReplaced) return false;
    keyring_.Forget(entry.first.owner.view(), entry.first.epoch);
    return true;
  });
}

Vault::Reader::Reader(Vault& vault) : vault_(vault) {
  const MutexLock lock(vault_.mutex_);
  ++vault_.readers_;
}

Vault::Reader::~Reader() {
  const MutexLock lock(vault_.mutex_);
  if (--vault_.readers_ == 0) vault_.ForgetReplaced();
}

}  // namespace gateway::store
