#include "gateway/store/salvage_files.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <memory>
#include <system_error>

#include "gateway/store/rocks.h"

namespace gateway::store {
namespace {

namespace fs = std::filesystem;

fs::path WorkOf(const std::string& dir) { return fs::path(dir) / "salvage"; }

}  // namespace

bool IsTableFile(const fs::path& name) { return name.extension() == ".sst"; }
bool IsLog(const fs::path& name) { return name.extension() == ".log"; }
bool IsManifest(const fs::path& name) { return name.string().starts_with("MANIFEST-"); }
bool IsRocks(const fs::path& name) {
  return IsTableFile(name) || IsLog(name) || IsManifest(name) || name == kCurrent ||
         name == "IDENTITY" || name.string().starts_with("OPTIONS-");
}

StatusOr<std::vector<std::string>> FilesIn(const std::string& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_directory(error)) names.push_back(it->path().filename());
  }
  if (error) return Unavailable("store \"%s\": %s", dir, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

Status Done(const std::error_code& error, std::string_view what) {
  if (!error) return OkStatus();
  if (error == std::errc::no_space_on_device) {
    return ResourceExhausted("salvaging the store, %s: %s; free disk space", what, error.message());
  }
  return Unavailable("salvaging the store, %s: %s", what, error.message());
}

Status LinkOrCopy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);
  return Done(error, "linking a file");
}

Status MakeEmpty(const fs::path& dir) {
  std::error_code error;
  fs::remove_all(dir, error);
  if (!error) fs::create_directories(dir, error);
  return Done(error, "making a folder");
}

Status SyncDir(const std::string& dir) {
  std::unique_ptr<rocksdb::Directory> directory;
  RETURN_IF_ERROR(FromRocks(rocksdb::Env::Default()->NewDirectory(dir, &directory), "salvaging"));
  return FromRocks(directory->Fsync(), "salvaging");
}

// Renames of folders, so that whatever a crash leaves tells what is to be done.
Status FinishReplacing(const std::string& dir) {
  const fs::path work = WorkOf(dir);
  std::error_code error;
  if (fs::exists(work / "ready", error)) {
    fs::create_directories(work / "old", error);
    ASSIGN_OR_RETURN(const std::vector<std::string> names, FilesIn(dir));
    for (const std::string& name : names) {
      if (IsRocks(name) && !error) fs::rename(fs::path(dir) / name, work / "old" / name, error);
    }
    RETURN_IF_ERROR(Done(error, "putting files away"));
    RETURN_IF_ERROR(SyncDir(dir));
    fs::rename(work / "ready", work / "moving", error);
    RETURN_IF_ERROR(Done(error, "putting files away"));
    RETURN_IF_ERROR(SyncDir(work));
  }
  if (fs::exists(work / "moving", error)) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, FilesIn(work / "moving"));
    for (const std::string& name : names) {
      if (IsRocks(name) && !error) fs::rename(work / "moving" / name, fs::path(dir) / name, error);
    }
    RETURN_IF_ERROR(Done(error, "putting files in place"));
    RETURN_IF_ERROR(SyncDir(dir));
    fs::remove_all(work / "replaced", error);
    if (!error) fs::rename(work / "moving", work / "replaced", error);
    RETURN_IF_ERROR(Done(error, "putting files in place"));
    RETURN_IF_ERROR(SyncDir(work));
  }
  TidyUp(dir);
  return OkStatus();
}

bool WasReplaced(const std::string& dir) {
  std::error_code error;
  return fs::exists(WorkOf(dir) / "replaced", error);
}

Status ForgetReplacing(const std::string& dir) {
  std::error_code error;
  fs::remove_all(WorkOf(dir) / "replaced", error);
  TidyUp(dir);
  return Done(error, "tidying up");
}

void TidyUp(const std::string& dir) {
  const fs::path work = WorkOf(dir);
  std::error_code error;
  if (fs::exists(work / "ready", error) || fs::exists(work / "moving", error)) return;
  std::vector<fs::path> rest;
  for (fs::directory_iterator it(work, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename() != "replaced") rest.push_back(it->path());
  }
  // What cannot be removed is removed the next time.
  for (const fs::path& path : rest) fs::remove_all(path, error);
  fs::remove(work, error);  // if it is empty
}

}  // namespace gateway::store
