#include "gateway/backup/source.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "gateway/backup/folder.h"
#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"

namespace gateway::backup {
namespace {

class FolderSource final : public Source {
 public:
  FolderSource(std::string folder, SignedManifest backup)
      : folder_(std::move(folder)), backup_(std::move(backup)) {}
  const SignedManifest& backup() const override { return backup_; }

  Status Visit(ObjectVisitor& visitor) const override {
    std::set<std::string> seen;
    for (const BackupFile& file : backup_.manifest.files) {
      if (!seen.insert(file.hash).second) continue;
      bool begun = false;
      const Status read =
          ReadPieces(folder_ + "/objects/" + HexEncode(file.hash), [&](std::string_view piece) {
            if (!std::exchange(begun, true)) RETURN_IF_ERROR(visitor.Begin(file.hash));
            return visitor.Piece(piece);
          });
      if (read.code() == StatusCode::kNotFound) continue;
      RETURN_IF_ERROR(read);
      if (!begun) RETURN_IF_ERROR(visitor.Begin(file.hash));
      RETURN_IF_ERROR(visitor.End());
    }
    return OkStatus();
  }

 private:
  const std::string folder_;
  const SignedManifest backup_;
};

// Compares each object with what the manifest says.
class Checker : public ObjectVisitor {
 public:
  Checker(const Manifest& manifest, const Progress& progress)
      : manifest_(manifest), meter_(progress, TotalBytes(manifest)) {
    for (const BackupFile& file : manifest.files) files_[file.hash].push_back(&file);
  }

  Status Begin(std::string_view hash) override {
    const auto it = files_.find(std::string(hash));
    if (it == files_.end()) return DataLoss("backup: an object that it does not list");
    current_ = it->second.front();
    bytes_ = 0;
    hasher_.emplace();
    return OkStatus();
  }
  Status Piece(std::string_view bytes) override {
    hasher_->Add(bytes);
    bytes_ += bytes.size();
    return meter_.Add(bytes.size());
  }
  Status End() override {
    const std::string name = current_->name;
    seen_.insert(current_->hash);
    if (bytes_ != current_->bytes) {
      problems_.push_back(Format("object %s (%s): %d bytes, should be %d",
                                 HexEncode(current_->hash), name, bytes_, current_->bytes));
    } else if (hasher_->Finish() != current_->hash) {
      problems_.push_back(
          Format("object %s (%s): its bytes are damaged", HexEncode(current_->hash), name));
    }
    return OkStatus();
  }

  std::vector<std::string> Finish() {
    for (const BackupFile& file : manifest_.files) {
      if (seen_.contains(file.hash)) continue;
      problems_.push_back(Format("object %s (%s): missing", HexEncode(file.hash), file.name));
    }
    return std::move(problems_);
  }

 protected:
  // Every file that is this object.
  const std::vector<const BackupFile*>& Files() const { return files_.at(current_->hash); }
  bool bad() const { return !problems_.empty(); }

 private:
  const Manifest& manifest_;
  Meter meter_;
  std::map<std::string, std::vector<const BackupFile*>> files_;
  std::set<std::string> seen_;
  const BackupFile* current_ = nullptr;
  uint64_t bytes_ = 0;
  std::optional<crypto::Hasher> hasher_;
  std::vector<std::string> problems_;
};

class Extractor final : public Checker {
 public:
  Extractor(const Manifest& manifest, std::string dir, const Progress& progress)
      : Checker(manifest, progress), dir_(std::move(dir)) {}

  Status Begin(std::string_view hash) override {
    RETURN_IF_ERROR(Checker::Begin(hash));
    for (const BackupFile* file : Files()) {
      ASSIGN_OR_RETURN(NewFile made, NewFile::Create(dir_ + "/" + file->name));
      files_.push_back(std::move(made));
    }
    return OkStatus();
  }
  Status Piece(std::string_view bytes) override {
    for (NewFile& file : files_) RETURN_IF_ERROR(file.Write(bytes));
    return Checker::Piece(bytes);
  }
  Status End() override {
    RETURN_IF_ERROR(Checker::End());
    if (!bad()) {
      for (NewFile& file : files_) RETURN_IF_ERROR(file.Finish());
    }
    files_.clear();
    return OkStatus();
  }

 private:
  const std::string dir_;
  std::vector<NewFile> files_;
};

}  // namespace

StatusOr<std::unique_ptr<Source>> OpenFolder(const std::string& folder, const std::string& id) {
  std::string wanted = id;
  if (wanted.empty()) {
    ASSIGN_OR_RETURN(const std::vector<SignedManifest> backups, ListFolder(folder));
    if (backups.empty()) return NotFound("folder %s: no backup whose manifest is whole", folder);
    wanted = backups.back().id;
  }
  if (!IsBackupId(wanted)) return InvalidArgument("\"%s\": a backup's id has 64 hex digits", id);
  auto bytes = ReadFile(folder + "/manifests/" + wanted, crypto::kEnvelopeBytesMax);
  if (!bytes.ok()) return bytes.status();
  ASSIGN_OR_RETURN(SignedManifest backup, OpenManifest(*bytes));
  if (backup.id != wanted) return DataLoss("backup %s: its manifest is another's", wanted);
  return std::make_unique<FolderSource>(folder, std::move(backup));
}

StatusOr<std::vector<std::string>> Check(const Source& source, const Progress& progress) {
  Checker checker(source.backup().manifest, progress);
  const Status visited = source.Visit(checker);
  if (visited.ok()) return checker.Finish();
  if (visited.code() != StatusCode::kDataLoss) return visited;
  std::vector<std::string> problems = checker.Finish();
  problems.insert(problems.begin(), std::string(Message(visited)));
  return problems;
}

Status Extract(const Source& source, const std::string& dir, const Progress& progress) {
  Extractor extractor(source.backup().manifest, dir, progress);
  RETURN_IF_ERROR(source.Visit(extractor));
  if (const std::vector<std::string> problems = extractor.Finish(); !problems.empty()) {
    return DataLoss("backup: %s", problems.front());
  }
  return SyncDirectory(dir);
}

}  // namespace gateway::backup
