#include "gateway/backup/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"

namespace gateway::backup {
namespace {

namespace fs = std::filesystem;

StatusOr<std::vector<std::string>> NamesIn(const std::string& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return Unavailable("folder %s: %s", dir, error.message());
  std::ranges::sort(names);
  return names;
}

// Size and nothing else: `verify` reads the bytes.
bool IsThere(const std::string& object, uint64_t bytes) {
  struct stat info {};
  return lstat(object.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<uint64_t>(info.st_size) == bytes;
}

Status CopyObject(const std::string& from, const std::string& to, const BackupFile& file,
                  Meter& meter) {
  ASSIGN_OR_RETURN(NewFile object, NewFile::Create(to));
  crypto::Hasher hasher;
  const Status read = ReadPieces(from, [&](std::string_view piece) {
    hasher.Add(piece);
    RETURN_IF_ERROR(object.Write(piece));
    return meter.Add(piece.size());
  });
  RETURN_IF_ERROR(read);
  if (hasher.Finish() != file.hash) return DataLoss("file %s: it changed while it was read", from);
  return object.Finish();
}

// What was copied until the manifest is there.
struct Copies {
  std::vector<std::string> paths;
  uint64_t bytes = 0;
  ~Copies() {
    for (const std::string& path : paths) unlink(path.c_str());
  }
};

}  // namespace

StatusOr<uint64_t> CountBytes(const std::string& dir) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(dir));
  uint64_t bytes = 0;
  for (const std::string& name : names) {
    if (!IsFileName(name)) {
      return InvalidArgument("folder %s: a file with a name that no database gives", dir);
    }
    std::error_code error;
    bytes += fs::file_size(fs::path(dir) / name, error);
    if (error) return Unavailable("file %s: %s", name, error.message());
  }
  return bytes;
}

StatusOr<std::vector<BackupFile>> HashFiles(const std::string& dir, Meter& meter) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(dir));
  std::vector<BackupFile> files;
  for (const std::string& name : names) {
    BackupFile file{.name = name, .bytes = 0, .hash = {}};
    crypto::Hasher hasher;
    RETURN_IF_ERROR(ReadPieces(dir + "/" + name, [&](std::string_view piece) {
      hasher.Add(piece);
      file.bytes += piece.size();
      return meter.Add(piece.size());
    }));
    file.hash = hasher.Finish();
    files.push_back(std::move(file));
  }
  return files;
}

StatusOr<uint64_t> WriteFolder(const std::string& folder, const std::string& dir,
                               const SignedManifest& backup, Meter& meter) {
  RETURN_IF_ERROR(MakeDirectory(folder));
  RETURN_IF_ERROR(MakeDirectory(folder + "/objects"));
  RETURN_IF_ERROR(MakeDirectory(folder + "/manifests"));
  Copies copies;
  std::set<std::string> seen;
  for (const BackupFile& file : backup.manifest.files) {
    const std::string object = folder + "/objects/" + HexEncode(file.hash);
    if (!seen.insert(file.hash).second || IsThere(object, file.bytes)) {
      RETURN_IF_ERROR(meter.Add(file.bytes));
      continue;
    }
    // Before it is made, so that what fails half way is removed as well.
    copies.paths.push_back(object);
    RETURN_IF_ERROR(CopyObject(dir + "/" + file.name, object, file, meter));
    copies.bytes += file.bytes;
  }
  RETURN_IF_ERROR(SyncDirectory(folder + "/objects"));
  RETURN_IF_ERROR(SyncDirectory(folder));
  RETURN_IF_ERROR(WriteFile(folder + "/manifests/" + backup.id, backup.envelope,
                            FileMode::kPrivate, IfExists::kReplace));
  copies.paths.clear();
  return copies.bytes;
}

StatusOr<std::vector<SignedManifest>> ListFolder(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder + "/manifests"));
  std::vector<SignedManifest> backups;
  for (const std::string& name : names) {
    if (!IsBackupId(name)) continue;
    ASSIGN_OR_RETURN(const std::string bytes,
                     ReadFile(folder + "/manifests/" + name, crypto::kEnvelopeBytesMax));
    auto opened = OpenManifest(bytes);
    if (opened.ok() && opened->id == name) backups.push_back(*std::move(opened));
  }
  std::ranges::sort(backups, [](const SignedManifest& a, const SignedManifest& b) {
    return std::tie(a.manifest.created, a.manifest.journal_last, a.id) <
           std::tie(b.manifest.created, b.manifest.journal_last, b.id);
  });
  return backups;
}

}  // namespace gateway::backup
