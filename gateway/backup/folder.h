// Making a backup of a folder of files that do not change any more (a store's checkpoint): hash
// them, then put what is new into a backup folder. FOLDER/objects/<hash> and
// FOLDER/manifests/<id>; an object that is there already is not copied, and the manifest comes
// last, so that a crash leaves the older backups whole and its objects to the next one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/backup/disk.h"
#include "gateway/backup/manifest.h"
#include "gateway/base/status.h"

namespace gateway::backup {

// How many bytes lie in the files of `dir`.
// Returns InvalidArgument if one has a name that IsFileName refuses.
StatusOr<uint64_t> CountBytes(const std::string& dir);

// The files of `dir` with their hashes, ascending by name.
StatusOr<std::vector<BackupFile>> HashFiles(const std::string& dir, Meter& meter);

// Copies from `dir` what FOLDER lacks, then writes the manifest. Returns the bytes copied.
// Returns DataLoss if a file of `dir` is no longer what the manifest says, ResourceExhausted if the
// disk is full, Cancelled if the meter says so; then nothing new is left in FOLDER.
StatusOr<uint64_t> WriteFolder(const std::string& folder, const std::string& dir,
                               const SignedManifest& backup, Meter& meter);

// Every backup in FOLDER whose manifest opens, oldest first.
StatusOr<std::vector<SignedManifest>> ListFolder(const std::string& folder);

}  // namespace gateway::backup
