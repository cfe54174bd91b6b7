#include "gateway/backup/age_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <utility>

#include "gateway/backup/stream.h"
#include "gateway/base/file.h"
#include "gateway/crypto/secret.h"

namespace gateway::backup {
namespace {

constexpr std::size_t kIdentityBytesMax = 64u << 10;

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// A sealed file, which `fill` writes.
Status Seal(const std::string& path, std::span<const crypto::AgeRecipient> recipients,
            const std::function<Status(const ByteSink&)>& fill) {
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0) return AlreadyExists("file %s: it is there already", path);
  ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  ASSIGN_OR_RETURN(crypto::AgeWriter writer,
                   crypto::AgeWriter::Create(recipients, [&](std::string_view sealed) {
                     return file.Write(sealed);
                   }));
  RETURN_IF_ERROR(fill([&](std::string_view bytes) { return writer.Write(bytes); }));
  RETURN_IF_ERROR(writer.Finish());
  RETURN_IF_ERROR(file.Finish());
  return SyncDirectory(FolderOf(path));
}

// Visits what is sealed in the file, piece by piece, until `visit` returns false or an error.
Status Unseal(const std::string& path, std::span<const crypto::AgeIdentity> identities,
              const std::function<StatusOr<bool>(std::string_view piece)>& visit) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return NotFound("file %s: there is no such file", path);
    return FromErrno("file", path);
  }
  const auto read_some = [&](char* buffer, std::size_t size) -> StatusOr<std::size_t> {
    while (true) {
      const ssize_t got = read(fd, buffer, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return FromErrno("file", path);
    }
  };
  const Status status = [&]() -> Status {
    ASSIGN_OR_RETURN(crypto::AgeReader reader, crypto::AgeReader::Open(identities, read_some));
    while (true) {
      ASSIGN_OR_RETURN(const std::string_view piece, reader.Next());
      if (piece.empty()) return OkStatus();
      ASSIGN_OR_RETURN(const bool more, visit(piece));
      if (!more) return OkStatus();
    }
  }();
  close(fd);
  return Annotate(status, path);
}

class AgeSource final : public Source {
 public:
  AgeSource(std::vector<std::string> paths, std::span<const crypto::AgeIdentity> identities,
            SignedManifest backup)
      : paths_(std::move(paths)), identities_(identities), backup_(std::move(backup)) {}
  const SignedManifest& backup() const override { return backup_; }

  Status Visit(ObjectVisitor& visitor) const override {
    std::set<std::string> wanted;
    for (const BackupFile& file : backup_.manifest.files) wanted.insert(file.hash);
    for (const std::string& path : paths_) {
      // Of what several files have, the first is taken.
      Taken taken(visitor, wanted);
      const std::set<std::string> left = wanted;
      StreamReader reader(&taken, &left);
      RETURN_IF_ERROR(
          Unseal(path, identities_, [&](std::string_view piece) -> StatusOr<bool> {
            const Status added = reader.Add(piece);
            if (!added.ok()) return added;
            return true;
          }));
      RETURN_IF_ERROR(Annotate(reader.Finish(), path));
      if (&path == &paths_.front() && reader.backup()->id != backup_.id) {
        return FailedPrecondition("file %s: it changed while it was read", path);
      }
    }
    return OkStatus();
  }

 private:
  // Passes objects on and takes them off the list.
  class Taken final : public ObjectVisitor {
   public:
    Taken(ObjectVisitor& next, std::set<std::string>& wanted) : next_(next), wanted_(wanted) {}
    Status Begin(std::string_view hash) override {
      wanted_.erase(std::string(hash));
      return next_.Begin(hash);
    }
    Status Piece(std::string_view bytes) override { return next_.Piece(bytes); }
    Status End() override { return next_.End(); }

   private:
    ObjectVisitor& next_;
    std::set<std::string>& wanted_;
  };

  const std::vector<std::string> paths_;
  const std::span<const crypto::AgeIdentity> identities_;
  const SignedManifest backup_;
};

}  // namespace

StatusOr<std::vector<crypto::AgeRecipient>> ParseRecipients(
    const std::vector<std::string>& texts) {
  std::vector<crypto::AgeRecipient> recipients;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(crypto::AgeRecipient recipient, crypto::AgeRecipient::Parse(text));
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

StatusOr<std::vector<crypto::AgeIdentity>> ReadIdentities(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, ReadFile(path, kIdentityBytesMax));
  std::vector<crypto::AgeIdentity> identities;
  Status status;
  for (std::string_view rest = text; status.ok() && !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty() || line.front() == '#') continue;
    auto identity = crypto::AgeIdentity::Parse(line);
    status = identity.status();
    if (identity.ok()) identities.push_back(*std::move(identity));
  }
  crypto::Wipe(text.data(), text.size());
  RETURN_IF_ERROR(Annotate(status, path));
  if (identities.empty()) return InvalidArgument("file %s: no identity in it", path);
  return identities;
}

StatusOr<uint64_t> WriteAgeFile(const std::string& path,
                                std::span<const crypto::AgeRecipient> recipients,
                                const SignedManifest& backup, const std::string& dir,
                                const std::set<std::string>& known, Meter& meter) {
  uint64_t written = 0;
  RETURN_IF_ERROR(Seal(path, recipients, [&](const ByteSink& sink) -> Status {
    ASSIGN_OR_RETURN(written, WriteStream(backup, dir, known, meter, sink));
    return OkStatus();
  }));
  return written;
}

StatusOr<std::unique_ptr<Source>> OpenAgeFiles(std::vector<std::string> paths,
                                               std::span<const crypto::AgeIdentity> identities) {
  if (paths.empty()) return InvalidArgument("backup: no file");
  StreamReader reader(nullptr, nullptr);
  RETURN_IF_ERROR(
      Unseal(paths.front(), identities, [&](std::string_view piece) -> StatusOr<bool> {
        const Status added = reader.Add(piece);
        if (!added.ok()) return added;
        return !reader.backup().has_value();
      }));
  if (!reader.backup().has_value()) return DataLoss("%s: it ends too early", paths.front());
  return std::make_unique<AgeSource>(std::move(paths), identities, *reader.backup());
}

Status WriteKeysFile(const std::string& path, std::span<const crypto::AgeRecipient> recipients,
                     const KeysBackup& keys) {
  return Seal(path, recipients, [&](const ByteSink& sink) { return sink(WriteKeys(keys)); });
}

StatusOr<KeysBackup> ReadKeysFile(const std::string& path,
                                  std::span<const crypto::AgeIdentity> identities, Time now) {
  std::string bytes;
  RETURN_IF_ERROR(Unseal(path, identities, [&](std::string_view piece) -> StatusOr<bool> {
    if (bytes.size() + piece.size() > kKeysBackupBytesMax) {
      return DataLoss("more than %d bytes", kKeysBackupBytesMax);
    }
    bytes.append(piece);
    return true;
  }));
  return ReadKeys(bytes, now);
}

}  // namespace gateway::backup
