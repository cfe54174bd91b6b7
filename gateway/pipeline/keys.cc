// Pipeline as Commands, the part about what opens the store.
#include <sys/stat.h>

#include <algorithm>

#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/key_renewal.h"

namespace gateway::pipeline {

using crypto::Keyslot;

namespace {

const char* TypeOf(const Keyslot& slot) {
  switch (slot.type) {
    case crypto::SlotType::kPassphrase:
      return "passphrase";
    case crypto::SlotType::kKeyFile:
      return "key-file";
    case crypto::SlotType::kStewards:
      return "stewards";
  }
  return "";
}

std::string DetailOf(const Keyslot& slot) {
  if (slot.type == crypto::SlotType::kPassphrase) {
    return Format("argon2id, %d passes over %d MiB", slot.cost.ops, slot.cost.mem_kib >> 10);
  }
  if (slot.type == crypto::SlotType::kStewards) {
    return Format("%d of %d", static_cast<int>(slot.threshold), slot.shares.size());
  }
  return "";
}

StatusOr<crypto::Keyslots> ReadKeyslots(const std::string& path) {
  if (path.empty()) return FailedPrecondition("this store was opened without a keyslots file");
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return FailedPrecondition("file %s: mode %04o lets others at it; chmod 600 it", path,
                              info.st_mode & 07777);
  }
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, crypto::kKeyslotsBytesMax));
  auto keyslots = crypto::ParseKeyslots(bytes);
  if (!keyslots.ok()) return Annotate(keyslots.status(), path);
  return keyslots;
}

}  // namespace

StatusOr<std::vector<Keyslot>> Pipeline::GenuineKeyslots() const {
  ASSIGN_OR_RETURN(const crypto::Keyslots keyslots, ReadKeyslots(keyslots_path_));
  std::vector<Keyslot> genuine = vault_->GenuineSlots(keyslots);
  if (genuine.empty()) {
    return DataLoss("file %s: none of its %d slots was made by this gateway", keyslots_path_,
                    keyslots.slots.size());
  }
  return genuine;
}

Status Pipeline::WriteKeyslots(std::vector<Keyslot> slots) const {
  // What the data keys are wrapped by must be durable before an older master key leaves the file.
  if (syncer_ != nullptr) RETURN_IF_ERROR(syncer_->Barrier());
  ASSIGN_OR_RETURN(const crypto::Keyslots keyslots,
                   vault_->SealSlots(std::move(slots),
                                               next_master_ ? &*next_master_ : nullptr));
  return WriteFile(keyslots_path_, crypto::SerializeKeyslots(keyslots), FileMode::kPrivate,
                   IfExists::kReplace);
}

Status Pipeline::SettleKeyslots() {
  if (keyslots_path_.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const crypto::Keyslots keyslots, ReadKeyslots(keyslots_path_));
  ASSIGN_OR_RETURN(std::vector<Keyslot> genuine, GenuineKeyslots());
  const bool two = std::ranges::any_of(
      keyslots.slots, [](const Keyslot& slot) { return slot.sealed.size() > 1; });
  if (genuine.size() != keyslots.slots.size()) {
    Log(LogLevel::kError, "file %s: %u slots are damaged or not this gateway's; they open nothing",
        keyslots_path_, keyslots.slots.size() - genuine.size());
  }
  // Vault::Open has made durable that all keys are under the newer master key.
  return two ? WriteKeyslots(std::move(genuine)) : OkStatus();
}

// The file holds both master keys from before the commit until after it is durable. A commit that
// failed may still have happened: `next_master_` stays then, in the file as here.
StatusOr<uint64_t> Pipeline::FinishRenewal(const std::string& without) {
  ASSIGN_OR_RETURN(std::vector<Keyslot> slots, GenuineKeyslots());
  std::erase_if(slots, [&](const Keyslot& slot) { return slot.public_key == without; });
  RETURN_IF_ERROR(WriteKeyslots(slots));
  ASSIGN_OR_RETURN(const uint64_t wrapped, vault_->RotateMaster(*next_master_));
  next_master_.reset();
  RETURN_IF_ERROR(WriteKeyslots(std::move(slots)));
  return wrapped;
}

StatusOr<uint64_t> Pipeline::RenewMasterKey(const std::string& without) {
  // The file may have given the pending key to the slot that is to go; end that renewal first.
  if (next_master_.has_value()) RETURN_IF_ERROR(FinishRenewal("").status());
  ASSIGN_OR_RETURN(crypto::SecretKey fresh, crypto::SecretKey::Random());
  next_master_ = crypto::MasterKey{std::move(fresh), vault_->generation() + 1};
  return FinishRenewal(without);
}

StatusOr<std::vector<port::KeySlotRow>> Pipeline::ListKeySlots() {
  return Call<StatusOr<std::vector<port::KeySlotRow>>>(
      [&]() -> StatusOr<std::vector<port::KeySlotRow>> {
        ASSIGN_OR_RETURN(const crypto::Keyslots keyslots, ReadKeyslots(keyslots_path_));
        const std::vector<Keyslot> genuine = vault_->GenuineSlots(keyslots);
        std::vector<port::KeySlotRow> rows;
        for (const Keyslot& slot : keyslots.slots) {
          const bool ours = std::ranges::count(genuine, slot.public_key, &Keyslot::public_key) > 0;
          rows.push_back({.id = slot.public_key,
                          .type = TypeOf(slot),
                          .detail = ours ? DetailOf(slot) : "damaged: opens nothing"});
        }
        return rows;
      });
}

Status Pipeline::AddKeySlot(const std::string& slot) {
  return Call<Status>([&]() -> Status {
    ASSIGN_OR_RETURN(Keyslot added, crypto::ParseSlot(slot));
    ASSIGN_OR_RETURN(std::vector<Keyslot> slots, GenuineKeyslots());
    if (std::ranges::count(slots, added.public_key, &Keyslot::public_key) > 0) {
      return AlreadyExists("there is a keyslot of this key already");
    }
    if (slots.size() >= crypto::kKeyslotsMax) {
      return ResourceExhausted("there are %d keyslots, the limit; remove one first",
                               crypto::kKeyslotsMax);
    }
    slots.push_back(std::move(added));
    return WriteKeyslots(std::move(slots));
  });
}

Status Pipeline::RemoveKeySlot(const std::string& id) {
  return Call<Status>([&]() -> Status {
    // A removal that stopped half way is ended first.
    const bool pending = next_master_.has_value();
    if (pending) RETURN_IF_ERROR(FinishRenewal("").status());
    ASSIGN_OR_RETURN(const std::vector<Keyslot> slots, GenuineKeyslots());
    if (std::ranges::count(slots, id, &Keyslot::public_key) == 0) {
      if (pending) return OkStatus();
      return NotFound("there is no such keyslot; see `commons key slot list`");
    }
    if (slots.size() == 1) {
      return FailedPrecondition("it is the last keyslot: without it nothing opens the store");
    }
    // An old copy of the file may be anywhere, and the slot still opens that one.
    return RenewMasterKey(id).status();
  });
}

StatusOr<uint64_t> Pipeline::RenewDataKeys() {
  RETURN_IF_ERROR(database_->space());  // for a while there are two of every row
  KeyRenewal renewal(*vault_);
  {
    // What is being sealed under an old key must be in the journal before the key is replaced.
    const MutexLock intake(intake_gate_);
    RETURN_IF_ERROR(renewal.Begin(MonthOf(clock_.SystemNow())));
    RETURN_IF_ERROR(renewal.ResealQuarantine());
  }
  RETURN_IF_ERROR(SealAnew(renewal));
  return renewal.made();
}

Status Pipeline::SealAnew(KeyRenewal& renewal) {
  const Time now = clock_.SystemNow();
  RETURN_IF_ERROR(
      core_->CheckpointAndForgetBlocks(ClockSound(now) ? now : core_->clock_floor()));
  RETURN_IF_ERROR(renewal.Finish());
  if (renewal.damaged() > 0) {
    Log(LogLevel::kError,
        "keys: %d rows do not open; they stay as they are, and so do the keys they were sealed under",
        renewal.damaged());
  }
  RETURN_IF_ERROR(RewriteOwnersTables());
  RETURN_IF_ERROR(database_->Rewrite(store::Table::kKeys));
  RETURN_IF_ERROR(renewal.End());
  return syncer_->Barrier();
}

Status Pipeline::FinishSealingAnew() {
  ASSIGN_OR_RETURN(const bool pending, KeyRenewal::IsPending(*vault_));
  if (!pending) return OkStatus();
  KeyRenewal renewal(*vault_);
  // Every row opens as it is; a full disk must not keep the gateway from starting.
  if (const Status finished = SealAnew(renewal); !finished.ok()) {
    Log(LogLevel::kError, "keys: what is under old keys is not all sealed anew; the next start "
        "tries again: %s", std::string(Message(finished)));
  }
  return OkStatus();
}

StatusOr<uint64_t> Pipeline::RotateKeys(const std::string& level) {
  return Call<StatusOr<uint64_t>>([&]() -> StatusOr<uint64_t> {
    if (level == "master") return RenewMasterKey();
    if (level == "data") return RenewDataKeys();
    if (level != "identity") {
      return InvalidArgument(
          "keys are rotated at the levels \"master\", \"data\" and \"identity\", not \"%s\"", level);
    }
    constexpr uint32_t kIdentity[] = {store::kSignKey, store::kLogKey, store::kTlsKey};
    for (const uint32_t own_key : kIdentity) {
      RETURN_IF_ERROR(vault_->MintNext(own_key).status());
    }
    return std::size(kIdentity);
  });
}

}  // namespace gateway::pipeline
