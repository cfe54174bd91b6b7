#include "gateway/store/sealed_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/aead.h"

namespace gateway::store {
namespace {

constexpr uint8_t kRowVersion = 1;
constexpr std::size_t kRowHeaderBytes = 1 + 1 + OwnerId::kBytes + 4;
static_assert(kRowOverheadBytes == kRowHeaderBytes + crypto::kNonceBytes + crypto::kTagBytes);
constexpr std::size_t kWrappedKeyBytes = 72;
// Row of the meta table, in clear: the generation of the master key that wraps the data keys.
constexpr std::string_view kGenerationKey = "generation";
constexpr std::string_view kRowContext = "cg/row/v1";
constexpr uint32_t kOwnKeys[] = {kIndexKey, kRegistryKey, kDuplicateKey,
                                 kSignKey,  kLogKey,      kTlsKey};
// One draw in four thousand million is no scalar of the curve; eight in a row are a broken source.
constexpr int kTlsDrawsMax = 8;

std::string KeyRowKey(const OwnerId& owner, uint32_t epoch) {
  return ByteWriter().Raw(owner.view()).U32(epoch).Take();
}

// Binds a row to where it is: written so that no two places give the same bytes.
void AssociatedData(Table table, OwnerKind owner_kind, const OwnerId& owner, uint32_t epoch,
                    std::string_view key, ByteWriter& out) {
  out.Clear()
      .Raw(kRowContext)
      .U8(static_cast<uint8_t>(table))
      .U8(static_cast<uint8_t>(owner_kind))
      .Raw(owner.view())
      .U32(epoch)
      .U32(static_cast<uint32_t>(key.size()))
      .Raw(key);
}

}  // namespace

StatusOr<RowHeader> ParseRowHeader(std::string_view value) {
  ByteReader reader(value.substr(0, kRowHeaderBytes));
  const uint8_t version = reader.U8();
  const uint8_t kind = reader.U8();
  const std::string_view owner = reader.Raw(OwnerId::kBytes);
  const uint32_t epoch = reader.U32();
  RETURN_IF_ERROR(reader.Finish("sealed row"));
  if (version != kRowVersion || kind > static_cast<uint8_t>(OwnerKind::kPlace)) {
    return DataLoss("sealed row: version %u, owner kind %u; known are version %u, kinds 0 to 2",
                    version, kind, kRowVersion);
  }
  return RowHeader{.owner_kind = static_cast<OwnerKind>(kind),
                   .owner = OwnerId::FromBytes(owner),
                   .epoch = epoch};
}

StatusOr<std::unique_ptr<Vault>> Vault::Open(Database& db, crypto::MasterKeys masters) {
  std::vector<crypto::MasterKey>& keys = masters.keys;
  GW_CHECK(keys.size() == 1 || keys.size() == 2);
  std::unique_ptr<Vault> vault(new Vault(db, std::move(keys.back())));
  RETURN_IF_ERROR(vault->LoadKeys(keys.size() == 2 ? &keys.front().key : nullptr));
  RETURN_IF_ERROR(vault->MakeSigners());
  return vault;
}

Status Vault::LoadKeys(const crypto::SecretKey* older) {
  const MutexLock lock(mutex_);
  std::size_t opened = 0;
  Status broken;
  std::unordered_map<KeyName, KeyState, KeyNameHash> rows;
  const auto load = [&](std::string_view key, std::string_view value) -> Status {
    if (key.size() != OwnerId::kBytes + 4 || value.empty()) {
      return DataLoss("data key row: %u and %u bytes", key.size(), value.size());
    }
    KeyName name{.owner = OwnerId::FromBytes(key.substr(0, OwnerId::kBytes))};
    name.epoch = ByteReader(key.substr(OwnerId::kBytes)).U32();
    const auto state = static_cast<KeyState>(value[0]);
    const std::string_view wrapped = value.substr(1);
    const bool whole = state == KeyState::kTombstone
                           ? wrapped.empty()
                           : (state == KeyState::kActive || state == KeyState::kRetired) &&
                                 wrapped.size() == kWrappedKeyBytes;
    if (!whole) return DataLoss("data key row: state %d, %u bytes", value[0], value.size());
    if (state != KeyState::kTombstone) {
      RETURN_IF_ERROR(keyring_.Load(name.owner.view(), name.epoch, wrapped, older));
      ++opened;
    }
    rows.emplace(name, state);
    return OkStatus();
  };
  // All rows are tried, because one broken row is damage and none opening is a wrong master key.
  Status other;
  RETURN_IF_ERROR(db_.Scan(Table::kKeys, {}, {}, [&](std::string_view key, std::string_view value) {
    const Status loaded = load(key, value);
    if (loaded.code() == StatusCode::kDataLoss) {
      broken = loaded;
    } else if (!loaded.ok()) {
      other = loaded;
    }
    return other.ok();
  }));
  RETURN_IF_ERROR(other);
  if (!broken.ok()) {
    if (opened > 0) return Annotate(broken, "data keys; restore a backup");
    ASSIGN_OR_RETURN(const std::optional<std::string> row, db_.Get(Table::kMeta, kGenerationKey));
    return PermissionDenied(
        "the master key (generation %u) opens no data key of this store (generation %u); are the "
        "keyslots of another time, or another gateway?",
        generation(), row.has_value() ? ByteReader(*row).U32() : 1);
  }
  states_ = std::move(rows);
  for (const auto& [name, state] : states_) NoteGeneration(name);
  if (states_.empty()) return MintOwnKeys();
  for (const uint32_t epoch : kOwnKeys) {
    const auto found = states_.find(KeyName{.owner = {}, .epoch = epoch});
    if (found == states_.end() || found->second != KeyState::kActive) {
      return DataLoss("the gateway's own key %u is missing; restore a backup", epoch);
    }
  }
  if (older == nullptr) return OkStatus();
  RETURN_IF_ERROR(WrapAll(nullptr).status());
  return db_.Sync();
}

Status Vault::MintOwnKeys() {
  Batch batch;
  for (const uint32_t epoch : kOwnKeys) {
    if (epoch == kTlsKey) {
      RETURN_IF_ERROR(MintTlsKey(batch, 0));
    } else {
      RETURN_IF_ERROR(MintInto(batch, {.owner = {}, .epoch = epoch}));
    }
    states_.emplace(KeyName{.owner = {}, .epoch = epoch}, KeyState::kActive);
  }
  RETURN_IF_ERROR(db_.Commit(batch));
  // Without these nothing in the store can be read, and nobody knows the gateway any more; they are
  // worth one fsync.
  return db_.Sync();
}

Status Vault::MintTlsKey(Batch& batch, uint32_t generation) {
  const uint32_t epoch = OwnEpoch(kTlsKey, generation);
  for (int draw = 0; draw < kTlsDrawsMax; ++draw) {
    RETURN_IF_ERROR(MintInto(batch, {.owner = {}, .epoch = epoch}));  // the last one counts
    StatusOr<crypto::TlsIdentity> identity = MakeTlsIdentity(generation);
    if (identity.ok()) {
      crypto::Wipe(identity->private_key_pem.data(), identity->private_key_pem.size());
    }
    if (identity.status().code() != StatusCode::kInvalidArgument) return identity.status();
    keyring_.Forget(OwnerId{}.view(), epoch);
  }
  return Internal("TLS key: %d random numbers in a row were none", kTlsDrawsMax);
}

StatusOr<uint64_t> Vault::RotateMaster(crypto::MasterKey& next) {
  // Held throughout: a key that is made meanwhile would be wrapped by the old master key.
  const MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const uint64_t wrapped, WrapAll(&next));
  keyring_.TakeMaster(std::move(next));
  return wrapped;
}

StatusOr<uint64_t> Vault::WrapAll(const crypto::MasterKey* next) {
  Batch batch;
  uint64_t wrapped = 0;
  const std::vector<crypto::Keyring::WrappedKey> keys = keyring_.WrapAll(next);
  for (const crypto::Keyring::WrappedKey& key : keys) {
    const KeyName name{.owner = OwnerId::FromBytes(key.owner), .epoch = key.epoch};
    const auto found = states_.find(name);
    GW_CHECK(found != states_.end() && found->second != KeyState::kTombstone);
    if (found->second == KeyState::kReplaced) continue;  // it has no row, and must not get one
    ++wrapped;
    batch.Put(Table::kKeys, KeyRowKey(name.owner, name.epoch),
              ByteWriter().U8(static_cast<uint8_t>(found->second)).Raw(key.wrapped).bytes());
  }
  batch.Put(Table::kMeta, kGenerationKey, 
            ByteWriter().U32(next != nullptr ? next->generation : generation()).bytes());
  RETURN_IF_ERROR(db_.Commit(batch));
  return wrapped;
}

Status Vault::MakeSigners() {
  ASSIGN_OR_RETURN(signer_, keyring_.SignerOf(OwnerId{}.view(), kSignKey));
  ASSIGN_OR_RETURN(log_signer_, keyring_.SignerOf(OwnerId{}.view(), kLogKey));
  return OkStatus();
}

StatusOr<crypto::TlsIdentity> Vault::MakeTlsIdentity(uint32_t generation) const {
  return keyring_.TlsIdentityOf(OwnerId{}.view(), OwnEpoch(kTlsKey, generation));
}

StatusOr<crypto::Signer> Vault::OwnSigner(uint32_t own_key, uint32_t generation) const {
  return keyring_.SignerOf(OwnerId{}.view(), OwnEpoch(own_key, generation));
}

uint32_t Vault::NewestOwn(uint32_t own_key) const {
  const MutexLock lock(mutex_);
  uint32_t generation = 0;
  while (states_.contains({.owner = {}, .epoch = OwnEpoch(own_key, generation + 1)})) ++generation;
  return generation;
}

StatusOr<uint32_t> Vault::MintNext(uint32_t own_key) {
  if (own_key != kSignKey && own_key != kLogKey && own_key != kTlsKey) {
    return InvalidArgument("the gateway's own key %u is never replaced", own_key);
  }
  const uint32_t generation = NewestOwn(own_key) + 1;
  const KeyName name{.owner = {}, .epoch = OwnEpoch(own_key, generation)};
  const MutexLock lock(mutex_);
  Batch batch;
  RETURN_IF_ERROR(own_key == kTlsKey ? MintTlsKey(batch, generation) : MintInto(batch, name));
  if (const Status committed = db_.Commit(batch); !committed.ok()) {
    keyring_.Forget(name.owner.view(), name.epoch);
    return committed;
  }
  states_.emplace(name, KeyState::kActive);
  RETURN_IF_ERROR(db_.Sync());  // a roster may name it for years
  return generation;
}

Status Vault::UseOwn(uint32_t own_key, uint32_t generation) {
  if (own_key == kTlsKey) {
    ASSIGN_OR_RETURN(crypto::TlsIdentity identity, MakeTlsIdentity(generation));
    crypto::Wipe(identity.private_key_pem.data(), identity.private_key_pem.size());
    tls_in_use_ = generation;
    return OkStatus();
  }
  GW_CHECK(own_key == kSignKey || own_key == kLogKey);
  ASSIGN_OR_RETURN((own_key == kSignKey ? signer_ : log_signer_), OwnSigner(own_key, generation));
  return OkStatus();
}

Status Vault::MintInto(Batch& batch, const KeyName& name) {
  ASSIGN_OR_RETURN(const std::string wrapped, keyring_.Mint(name.owner.view(), name.epoch));
  GW_CHECK(wrapped.size() == kWrappedKeyBytes);
  batch.Put(Table::kKeys, KeyRowKey(name.owner, name.epoch),
            ByteWriter().U8(static_cast<uint8_t>(KeyState::kActive)).Raw(wrapped).bytes());
  return OkStatus();
}

Status Vault::NeedKey(const KeyName& name) {
  // Held while the key's row is committed: another thread must not seal with the key, and log
  // rows, before the key itself is in the log.
  const MutexLock lock(mutex_);
  if (states_.contains({.owner = name.owner, .epoch = kErasedEpoch})) {
    return FailedPrecondition("the owner's data keys were destroyed; none is ever made again");
  }
  const auto found = states_.find(name);
  if (found != states_.end()) {
    if (found->second == KeyState::kActive) return OkStatus();
    return FailedPrecondition("the data key of epoch %u is %s; it is never made again", name.epoch,
                              found->second == KeyState::kTombstone ? "destroyed" : "retired");
  }
  if (name.owner != OwnerId{} &&
      (GenerationOf(name.epoch) > 0 || NewestGeneration(name.owner, name.epoch) > 0)) {
    return FailedPrecondition("the data key of epoch %u was replaced; it is never made again",
                              name.epoch);
  }
  Batch batch;
  RETURN_IF_ERROR(MintInto(batch, name));
  if (const Status committed = db_.Commit(batch); !committed.ok()) {
    keyring_.Forget(name.owner.view(), name.epoch);
    return committed;
  }
  states_.emplace(name, KeyState::kActive);
  return OkStatus();
}

Status Vault::PutSealed(Batch& batch, Table table, std::string_view key, OwnerKind owner_kind,
                        const OwnerId& owner, uint32_t epoch, std::string_view plaintext) {
  RETURN_IF_ERROR(NeedKey({.owner = owner, .epoch = epoch}));
  // Ciphertext and public bytes only, so the buffers may stay.
  thread_local ByteWriter associated_data;
  thread_local std::string value;
  AssociatedData(table, owner_kind, owner, epoch, key, associated_data);
  value.clear();
  value.push_back(static_cast<char>(kRowVersion));
  value.push_back(static_cast<char>(owner_kind));
  value.append(owner.view());
  for (int shift = 24; shift >= 0; shift -= 8) value.push_back(static_cast<char>(epoch >> shift));
  RETURN_IF_ERROR(
      keyring_.SealTo(owner.view(), epoch, plaintext, associated_data.bytes(), value));
  batch.Put(table, key, value);
  return OkStatus();
}

Status Vault::PutOwn(Batch& batch, Table table, std::string_view key, std::string_view plaintext) {
  return PutSealed(batch, table, key, OwnerKind::kGateway, OwnerId{}, kRegistryKey, plaintext);
}

StatusOr<std::string> Vault::OpenRow(Table table, std::string_view key,
                                     std::string_view value) const {
  ASSIGN_OR_RETURN(const RowHeader header, ParseRowHeader(value));
  {
    const MutexLock lock(mutex_);
    const auto found = states_.find(KeyName{.owner = header.owner, .epoch = header.epoch});
    if (found == states_.end() &&
        states_.contains(KeyName{.owner = header.owner, .epoch = kErasedEpoch})) {
      return NotFound("sealed row: its owner's data keys were destroyed");
    }
    if (found == states_.end() && header.owner != OwnerId{} &&
        GenerationOf(header.epoch) < NewestGeneration(header.owner, BaseEpoch(header.epoch))) {
      return NotFound("sealed row: its data key was replaced");  // an old file's, as of a salvage
    }
    if (found == states_.end()) return DataLoss("sealed row: its data key does not exist");
    if (found->second == KeyState::kTombstone) {
      return NotFound("sealed row: its data key was destroyed");
    }
  }
  ByteWriter associated_data;
  AssociatedData(table, header.owner_kind, header.owner, header.epoch, key, associated_data);
  return keyring_.Open(header.owner.view(), header.epoch, value.substr(kRowHeaderBytes),
                       associated_data.bytes());
}

Status Vault::DestroyKey(Batch& batch, const OwnerId& owner, uint32_t epoch) {
  const MutexLock lock(mutex_);
  if (states_.contains({.owner = owner, .epoch = kErasedEpoch})) return db_.Commit(batch);
  const char tombstone = static_cast<char>(KeyState::kTombstone);
  batch.Put(Table::kKeys, KeyRowKey(owner, epoch), {&tombstone, 1});
  RETURN_IF_ERROR(db_.Commit(batch));
  keyring_.Forget(owner.view(), epoch);
  states_[{.owner = owner, .epoch = epoch}] = KeyState::kTombstone;
  return OkStatus();
}

Status Vault::DestroyOwner(Batch& batch, const OwnerId& owner) {
  const MutexLock lock(mutex_);
  const char tombstone = static_cast<char>(KeyState::kTombstone);
  for (const auto& [name, state] : states_) {
    if (name.owner == owner) batch.Delete(Table::kKeys, KeyRowKey(owner, name.epoch));
  }
  batch.Put(Table::kKeys, KeyRowKey(owner, kErasedEpoch), {&tombstone, 1});
  RETURN_IF_ERROR(db_.Commit(batch));
  std::erase_if(states_, [&](const auto& entry) {
    if (entry.first.owner != owner) return false;
    keyring_.Forget(owner.view(), entry.first.epoch);
    return true;
  });
  std::erase_if(newest_, [&](const auto& entry) { return entry.first.owner == owner; });
  states_.emplace(KeyName{.owner = owner, .epoch = kErasedEpoch}, KeyState::kTombstone);
  return OkStatus();
}

std::vector<OwnerId> Vault::ErasedOwners() const {
  const MutexLock lock(mutex_);
  std::vector<OwnerId> owners;
  for (const auto& [name, state] : states_) {
    if (name.epoch == kErasedEpoch) owners.push_back(name.owner);
  }
  std::sort(owners.begin(), owners.end());
  return owners;
}

bool Vault::IsErased(const OwnerId& owner) const {
  const MutexLock lock(mutex_);
  return states_.contains({.owner = owner, .epoch = kErasedEpoch});
}

StatusOr<std::optional<std::string>> Vault::GetRow(Table table, std::string_view key) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value, db_.Get(table, key));
  if (!value.has_value()) return std::optional<std::string>();
  ASSIGN_OR_RETURN(std::string plaintext, OpenRow(table, key, *value));
  return std::optional<std::string>(std::move(plaintext));
}

std::string Vault::IndexHash(std::string_view label, std::string_view data) const {
  GW_CHECK(!label.empty() && label.size() <= 255);
  ByteWriter input;
  input.U8(static_cast<uint8_t>(label.size())).Raw(label).Raw(data);
  return keyring_.Pseudonym(OwnerId{}.view(), kIndexKey, input.bytes());
}

OwnerId Vault::OwnerOf(const SubjectId& subject) const {
  return OwnerId::FromBytes(IndexHash("owner", subject.view()));
}

SeriesId Vault::SeriesOf(std::string_view device, std::string_view metric) const {
  ByteWriter data;
  data.Text(device).Text(metric);
  return SeriesId::FromBytes(IndexHash("series", data.bytes()));
}

std::string Vault::RowPseudonym(std::string_view label, std::string_view data) const {
  return IndexHash(label, data);
}

uint64_t Vault::MessageHash(std::string_view topic, std::string_view payload) const {
  return keyring_.ShortHash(OwnerId{}.view(), kDuplicateKey, topic, payload);
}

}  // namespace gateway::store
