// Backups in age files: one stream each, and the sealed copy of the keys. Debian's `age -d` opens
// both.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gateway/backup/disk.h"
#include "gateway/backup/keys.h"
#include "gateway/backup/manifest.h"
#include "gateway/backup/source.h"
#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/age.h"

namespace gateway::backup {

// "age1…". Returns InvalidArgument naming the first that is none.
StatusOr<std::vector<crypto::AgeRecipient>> ParseRecipients(const std::vector<std::string>& texts);
// A file as age-keygen writes it: one identity per line, '#' begins a comment.
StatusOr<std::vector<crypto::AgeIdentity>> ReadIdentities(const std::string& path);

// Makes `path`, which must not exist. Objects of `known` are left out. Returns the bytes of objects.
// Returns as WriteStream, AlreadyExists, or what the disk says; then there is no file.
StatusOr<uint64_t> WriteAgeFile(const std::string& path,
                                std::span<const crypto::AgeRecipient> recipients,
                                const SignedManifest& backup, const std::string& dir,
                                const std::set<std::string>& known, Meter& meter);

// The backup of the first file; the others are those that it builds on. `identities` must outlive
// the source.
// Returns PermissionDenied if no identity opens a file, DataLoss if the manifest is damaged.
StatusOr<std::unique_ptr<Source>> OpenAgeFiles(std::vector<std::string> paths,
                                               std::span<const crypto::AgeIdentity> identities);

Status WriteKeysFile(const std::string& path, std::span<const crypto::AgeRecipient> recipients,
                     const KeysBackup& keys);
// Also as ReadKeys.
StatusOr<KeysBackup> ReadKeysFile(const std::string& path,
                                  std::span<const crypto::AgeIdentity> identities, Time now);

}  // namespace gateway::backup
