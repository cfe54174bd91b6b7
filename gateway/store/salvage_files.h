// The files of a store, and how the one that salvage made takes the damaged one's place: in the
// folder `salvage` beside them, `new` is in the making, `ready` is whole and durable, `moving` is on
// its way, and `replaced` says that it arrived. Internal to store; docs/formats.md §quarantine.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::store {

inline constexpr std::string_view kCurrent = "CURRENT";

bool IsTableFile(const std::filesystem::path& name);
bool IsLog(const std::filesystem::path& name);
bool IsManifest(const std::filesystem::path& name);
// Files that are RocksDB's, but for LOCK, which is held meanwhile.
bool IsRocks(const std::filesystem::path& name);

// Names, ascending; not those of folders.
StatusOr<std::vector<std::string>> FilesIn(const std::string& dir);
// What a failed step left is worth nothing, so one error is as good as another.
Status Done(const std::error_code& error, std::string_view what);
Status LinkOrCopy(const std::filesystem::path& from, const std::filesystem::path& to);
Status MakeEmpty(const std::filesystem::path& dir);
Status SyncDir(const std::string& dir);

// Puts the store that is ready, if there is one, in the place of that in `dir`. Can be repeated
// until it worked, whatever a crash left.
Status FinishReplacing(const std::string& dir);
// Whether the store in `dir` is one that was put there, and ForgetReplacing has not been called
// since: how much it has is then not what was known of the one before.
bool WasReplaced(const std::string& dir);
Status ForgetReplacing(const std::string& dir);
// Removes what a refused or cut-off salvage left, but nothing that is needed to finish.
void TidyUp(const std::string& dir);

}  // namespace gateway::store
