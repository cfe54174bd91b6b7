// What a backup says of itself: which files it has, by size and hash, and of which moment of which
// gateway. Signed by the gateway; its hash is the backup's id, so that a changed byte is another
// backup. docs/formats.md §backups. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"

namespace gateway::backup {

// The format of the stores that this program can restore; pipeline asserts that it is store's own.
inline constexpr uint32_t kStoreFormat = 3;

struct BackupFile {
  std::string name;  // in the database's folder
  uint64_t bytes = 0;
  std::string hash;  // BLAKE2b-256
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct Manifest {
  std::string gateway;
  Time created;
  bool replay = false;
  uint32_t store_format = kStoreFormat;
  uint32_t generation = 0;  // of the master key; 0 if it has none
  uint64_t journal_last = 0;
  uint64_t ledger_size = 0;
  std::string ledger_root;          // 32 bytes
  std::string base;                 // id of the backup whose objects are left out; "" if none is
  std::vector<std::string> erased;  // 16-byte pseudonyms of erased households
  std::vector<BackupFile> files;    // ascending by name
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

struct SignedManifest {
  std::string id;        // 64 hex digits: BLAKE2b-256 of the envelope
  std::string envelope;  // DSSE
  std::string signer;    // public key; whether it is the gateway's is for the caller to know
  Manifest manifest;
};

// Whether a file of a database may have this name: no path, nothing hidden, nothing of ours.
bool IsFileName(std::string_view name);
bool IsBackupId(std::string_view id);

// Returns InvalidArgument if the manifest breaks a limit of model/limits.h.
StatusOr<SignedManifest> SignManifest(Manifest manifest, const crypto::Signer& signer);

// Returns DataLoss if the bytes are not exactly what SignManifest made: the signature, a limit, a
// file name or the order is wrong. FailedPrecondition if the store has a format we do not know.
StatusOr<SignedManifest> OpenManifest(std::string_view envelope);

uint64_t TotalBytes(const Manifest& manifest);

}  // namespace gateway::backup
