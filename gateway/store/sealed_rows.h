// Sealed rows: every row that says anything about a household is encrypted under that household's
// key of the month, and bound to its table, row key, owner and epoch, so that a row moved anywhere
// else does not open. Also the keyed hashes that row keys are made of. docs/formats.md §rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/crypto/keyring.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/model/ids.h"
#include "gateway/store/database.h"

namespace gateway::store {

// Epochs of the gateway's own keys; their owner is OwnerId{}.
inline constexpr uint32_t kIndexKey = 1;      // pseudonyms in row keys
inline constexpr uint32_t kRegistryKey = 2;   // the gateway's own rows
inline constexpr uint32_t kDuplicateKey = 3;  // hashes of MQTT messages
inline constexpr uint32_t kSignKey = 4;       // Ed25519: the gateway's answers
inline constexpr uint32_t kLogKey = 5;        // Ed25519: the ledger's checkpoints
inline constexpr uint32_t kTlsKey = 6;        // P-256
// The gateway's own keys are replaced by keys of the next generation; a store begins with that of 0.
inline constexpr uint32_t kOwnGeneration = 256;
inline constexpr uint32_t OwnEpoch(uint32_t own_key, uint32_t generation) {
  return own_key + kOwnGeneration * generation;
}

// Epochs of an owner's keys are UTC months, and these two, which no month reaches. The registry row
// of a household is sealed under a key of its own, which only the erasure of the household ends.
inline constexpr uint32_t kOwnerRegistryEpoch = 0;
inline constexpr uint32_t kErasedEpoch = 0xffffffff;  // its tombstone stands for every epoch

// Of the keys that rollups are sealed under, beside the month of their buckets: a key that opens
// two years of days must not be one that opens a month's readings.
inline constexpr uint32_t kRollupEpochs = 0x80000000;

// An owner's keys are replaced by keys of the next generation, whose epoch has its number in these
// bits; what the epoch is without them is the month, and whether the key is of rollups.
inline constexpr uint32_t kGenerationShift = 20;
inline constexpr uint32_t kGenerationMax = 0x7fe;  // so that none is kErasedEpoch
inline constexpr uint32_t kGenerations = 0x7ff00000;
inline constexpr uint32_t BaseEpoch(uint32_t epoch) { return epoch & ~kGenerations; }
inline constexpr uint32_t GenerationOf(uint32_t epoch) {
  return (epoch & kGenerations) >> kGenerationShift;
}

// What sealing adds to a plaintext: the row's header, nonce and tag.
inline constexpr std::size_t kRowOverheadBytes = 22 + 24 + 16;

// The clear beginning of a sealed row. Believe it only once OpenRow returned OK for the same value.
struct RowHeader {
  OwnerKind owner_kind = OwnerKind::kGateway;
  OwnerId owner;
  uint32_t epoch = 0;
};
// Returns DataLoss if the value is too short or of another version.
StatusOr<RowHeader> ParseRowHeader(std::string_view value);

// Thread-safe.
class Vault {
 public:
  // Loads every data key of the store; makes the gateway's own keys if the store has none yet.
  // `db` must outlive the vault.
  // Of two master keys, which a rotation that was cut short has left, every key may be wrapped by
  // either; afterwards all are by the newer one, durably. Returns PermissionDenied if they open none
  // of the keys, DataLoss if they open only some or one of the gateway's own is missing.
  static StatusOr<std::unique_ptr<Vault>> Open(Database& db, crypto::MasterKeys masters);

  // The generation of the master key in use.
  uint32_t generation() const { return keyring_.generation(); }

  // Wraps every data key by `next`, in one batch; tombstones stay as they are. The master key that
  // was in use opens nothing of the store any more, once the commit is durable. Returns how many
  // keys were wrapped, and `next` is moved from; or as Database::Commit, with everything as it was.
  StatusOr<uint64_t> RotateMaster(crypto::MasterKey& next);

  // As Keyring's of the same names.
  StatusOr<crypto::Keyslots> SealSlots(std::vector<crypto::Keyslot> slots,
                                       const crypto::MasterKey* next) const {
    return keyring_.SealSlots(std::move(slots), next);
  }
  std::vector<crypto::Keyslot> GenuineSlots(const crypto::Keyslots& keyslots) const {
    return keyring_.GenuineSlots(keyslots);
  }

  // Adds the sealed row to the batch. The first row of an owner and epoch makes their data key and
  // commits it at once, on its own: the write-ahead log then holds the key before any row sealed
  // with it, whichever thread commits first. A key without rows does no harm.
  // Only keys of generation 0 are made here: `epoch` is what NewestEpoch says, or that of a row that
  // is rewritten in its place.
  // Returns FailedPrecondition if the key was retired, replaced or destroyed: it is never made again.
  // Otherwise as Database::Commit, with the batch unchanged.
  Status PutSealed(Batch& batch, Table table, std::string_view key, OwnerKind owner_kind,
                   const OwnerId& owner, uint32_t epoch, std::string_view plaintext);

  // The same for the gateway's own rows.
  Status PutOwn(Batch& batch, Table table, std::string_view key, std::string_view plaintext);

  // Opens a row of either kind, as it was read from `table` under `key`.
  // Returns NotFound if its data key was destroyed or replaced, DataLoss if it is not the row that was put
  // there: a changed byte, a moved row and a foreign key are not told apart.
  StatusOr<std::string> OpenRow(Table table, std::string_view key, std::string_view value) const;

  // Get and OpenRow in one; empty if there is no such row.
  StatusOr<std::optional<std::string>> GetRow(Table table, std::string_view key) const;

  // Commit `batch` together with the end of one data key, or of all of an owner's: afterwards no row
  // sealed with it opens, and it is never made again. Again is harmless.
  // Return as Database::Commit, with everything as it was.
  Status DestroyKey(Batch& batch, const OwnerId& owner, uint32_t epoch);
  Status DestroyOwner(Batch& batch, const OwnerId& owner);
  bool IsErased(const OwnerId& owner) const;
  std::vector<OwnerId> ErasedOwners() const;  // ascending

  // The epoch of the newest generation of an owner's key: what new rows are sealed under.
  uint32_t NewestEpoch(const OwnerId& owner, uint32_t base_epoch) const;
  // False if PutSealed would refuse the newest generation, because it was retired or destroyed.
  bool MaySeal(const OwnerId& owner, uint32_t base_epoch) const;
  // The owners' data keys that still open rows, in no order.
  using OwnerKey = std::pair<OwnerId, uint32_t>;  // and its epoch
  std::vector<OwnerKey> OwnersKeys() const;

  // renew.cc. Replacing owners' keys takes three steps, and after a crash the same again does the
  // rest: Renew; everything of Replaced sealed anew under NewestEpoch; DropReplaced.
  //
  // Commits `batch` together with the next generation of each of these keys, which are active. Nobody
  // may be between NewestEpoch and the commit of what he sealed under it.
  // Returns ResourceExhausted if there are kGenerationMax of one, otherwise as Database::Commit.
  Status Renew(Batch& batch, const std::vector<OwnerKey>& keys);
  // Keys of which there is a newer generation, ascending.
  std::vector<OwnerKey> Replaced() const;
  // Commits `batch` together with the end of keys of which there is a newer generation. No row may
  // be sealed under them any more; whoever began to read before still opens what he finds: Reader.
  // Returns as Database::Commit, with everything as it was.
  Status DropReplaced(Batch& batch, const std::vector<OwnerKey>& keys);

  // Held by whoever scans owners' rows beside the pipeline thread, for as long as the scan takes:
  // the rows of a moment ago open, though their keys have been replaced meanwhile.
  class Reader {
   public:
    explicit Reader(Vault& vault);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    Vault& vault_;
  };

  // Database::Commit.
  Status Commit(Batch& batch) { return db_.Commit(batch); }
  Database& db() const { return db_; }

  // Keyed hashes; what they hide cannot be guessed without the store's keys. RowPseudonym's labels
  // "owner" and "series" are taken.
  OwnerId OwnerOf(const SubjectId& subject) const;
  SeriesId SeriesOf(std::string_view device, std::string_view metric) const;
  // 16 bytes for other row keys; `label` (1 to 255 bytes) keeps their kinds apart.
  std::string RowPseudonym(std::string_view label, std::string_view data) const;
  uint64_t MessageHash(std::string_view topic, std::string_view payload) const;

  // What the gateway is known by: keys that never leave the store. They live as long as the vault.
  const crypto::Signer& signer() const { return *signer_; }          // of answers
  const crypto::Signer& log_signer() const { return *log_signer_; }  // of the ledger's checkpoints
  StatusOr<crypto::TlsIdentity> MakeTlsIdentity() const { return MakeTlsIdentity(tls_in_use_); }

  // Makes the next generation of kSignKey, kLogKey or kTlsKey, durably; it is not used until UseOwn.
  // Returns its number, or InvalidArgument for another key, otherwise as Database::Commit.
  StatusOr<uint32_t> MintNext(uint32_t own_key);
  // The newest generation of one of the gateway's own keys.
  uint32_t NewestOwn(uint32_t own_key) const;
  // From now on signer(), log_signer() or MakeTlsIdentity() are of this generation. Call it before
  // anybody else has them. Returns NotFound if there is no such key.
  Status UseOwn(uint32_t own_key, uint32_t generation);
  // Keys of any generation. Return NotFound if there is none.
  StatusOr<crypto::Signer> OwnSigner(uint32_t own_key, uint32_t generation) const;
  StatusOr<crypto::TlsIdentity> MakeTlsIdentity(uint32_t generation) const;

 private:
  // The last one is of memory only: its row is gone, and it stays while somebody reads.
  enum class KeyState : uint8_t { kActive = 1, kRetired = 2, kTombstone = 3, kReplaced = 4 };
  struct KeyName {
    OwnerId owner;
    uint32_t epoch = 0;
    friend bool operator==(const KeyName&, const KeyName&) = default;
  };
  struct KeyNameHash {
    std::size_t operator()(const KeyName& name) const noexcept {
      return std::hash<OwnerId>{}(name.owner) + name.epoch;
    }
  };

  Vault(Database& db, crypto::MasterKey master) : db_(db), keyring_(std::move(master)) {}
  Status LoadKeys(const crypto::SecretKey* older);
  StatusOr<uint64_t> WrapAll(const crypto::MasterKey* next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status MintOwnKeys() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status MintTlsKey(Batch& batch, uint32_t generation);
  Status MakeSigners();
  Status MintInto(Batch& batch, const KeyName& name);
  // A key of the next generation in place of `key`, in the batch. Returns ResourceExhausted if there
  // were too many.
  StatusOr<KeyName> MintNext(Batch& batch, const OwnerKey& key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // That of a generation in the states, 0 if there is none.
  uint32_t NewestGeneration(const OwnerId& owner, uint32_t base) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteGeneration(const KeyName& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetReplaced() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes sure that the key is loaded, may seal, and has its row in the database.
  Status NeedKey(const KeyName& name);
  std::string IndexHash(std::string_view label, std::string_view data) const;

  Database& db_;
  crypto::Keyring keyring_;
  std::optional<crypto::Signer> signer_, log_signer_;  // constant after Open, but for UseOwn
  uint32_t tls_in_use_ = 0;                            // likewise
  mutable Mutex mutex_;
  // Every key row of the database; a key is named here only once its row is committed.
  std::unordered_map<KeyName, KeyState, KeyNameHash> states_ ABSL_GUARDED_BY(mutex_);
  // Of owners' keys by their base epochs; those of generation 0 only are not here.
  std::unordered_map<KeyName, uint32_t, KeyNameHash> newest_ ABSL_GUARDED_BY(mutex_);
  int readers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace gateway::store
