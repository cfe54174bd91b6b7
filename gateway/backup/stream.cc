#include "gateway/backup/stream.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"

namespace gateway::backup {
namespace {

constexpr std::string_view kMagic("CGBS1\0", 6);
constexpr uint8_t kObjectTag = 1;
constexpr uint8_t kEndTag = 0;
constexpr std::size_t kObjectHeadBytes = 32 + 8;

}  // namespace

StatusOr<uint64_t> WriteStream(const SignedManifest& backup, const std::string& dir,
                               const std::set<std::string>& known, Meter& meter,
                               const ByteSink& sink) {
  ByteWriter head;
  head.Raw(kMagic).U32(static_cast<uint32_t>(backup.envelope.size())).Raw(backup.envelope);
  RETURN_IF_ERROR(sink(head.bytes()));
  std::set<std::string> done = known;
  uint64_t written = 0;
  for (const BackupFile& file : backup.manifest.files) {
    if (!done.insert(file.hash).second) {
      RETURN_IF_ERROR(meter.Add(file.bytes));
      continue;
    }
    RETURN_IF_ERROR(sink(head.Clear().U8(kObjectTag).Raw(file.hash).U64(file.bytes).bytes()));
    crypto::Hasher hasher;
    const Status read = ReadPieces(dir + "/" + file.name, [&](std::string_view piece) {
      hasher.Add(piece);
      RETURN_IF_ERROR(sink(piece));
      return meter.Add(piece.size());
    });
    RETURN_IF_ERROR(read);
    if (hasher.Finish() != file.hash) {
      return DataLoss("file %s: it changed while it was read", file.name);
    }
    written += file.bytes;
  }
  RETURN_IF_ERROR(sink(head.Clear().U8(kEndTag).bytes()));
  return written;
}

Status StreamReader::Enter(Part part, std::size_t need) {
  part_ = part;
  need_ = need;
  part_bytes_.clear();
  return OkStatus();
}

Status StreamReader::TakePart() {
  ByteReader in(part_bytes_);
  switch (part_) {
    case Part::kMagic: {
      if (in.Raw(kMagic.size()) != kMagic) return DataLoss("backup file: no format we know");
      const uint32_t size = in.U32();
      if (size == 0 || size > crypto::kEnvelopeBytesMax) {
        return DataLoss("backup file: a manifest of %d bytes", size);
      }
      return Enter(Part::kManifest, size);
    }
    case Part::kManifest: {
      ASSIGN_OR_RETURN(SignedManifest opened, OpenManifest(part_bytes_));
      backup_ = std::move(opened);
      return Enter(Part::kTag, 1);
    }
    case Part::kTag: {
      const uint8_t tag = in.U8();
      if (tag == kObjectTag) return Enter(Part::kObjectHead, kObjectHeadBytes);
      if (tag == kEndTag) return Enter(Part::kEnd, 0);
      return DataLoss("backup file: damaged between two objects");
    }
    case Part::kObjectHead: {
      const std::string hash(in.Raw(32));
      object_left_ = in.U64();
      const auto& files = backup_->manifest.files;
      const auto file = std::ranges::find(files, hash, &BackupFile::hash);
      if (file == files.end() || file->bytes != object_left_ || !seen_.insert(hash).second) {
        return DataLoss("backup file: an object that its manifest does not list");
      }
      visiting_ = visitor_ != nullptr && (wanted_ == nullptr || wanted_->contains(hash));
      if (visiting_) RETURN_IF_ERROR(visitor_->Begin(hash));
      return Enter(Part::kObject, 0);
    }
    case Part::kObject:
    case Part::kEnd:
      break;
  }
  return OkStatus();
}

Status StreamReader::TakeObjectBytes(std::string_view& bytes) {
  const std::string_view piece =
      bytes.substr(0, static_cast<std::size_t>(std::min<uint64_t>(object_left_, bytes.size())));
  bytes.remove_prefix(piece.size());
  object_left_ -= piece.size();
  if (visiting_ && !piece.empty()) RETURN_IF_ERROR(visitor_->Piece(piece));
  if (object_left_ > 0) return OkStatus();
  if (visiting_) RETURN_IF_ERROR(visitor_->End());
  return Enter(Part::kTag, 1);
}

Status StreamReader::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::kEnd) return DataLoss("backup file: bytes after its end");
    if (part_ == Part::kObject) {
      RETURN_IF_ERROR(TakeObjectBytes(bytes));
      continue;
    }
    const std::string_view piece =
        bytes.substr(0, std::min(need_ - part_bytes_.size(), bytes.size()));
    part_bytes_.append(piece);
    bytes.remove_prefix(piece.size());
    if (part_bytes_.size() == need_) RETURN_IF_ERROR(TakePart());
    // An object without bytes ends where it begins.
    if (part_ == Part::kObject && object_left_ == 0) RETURN_IF_ERROR(TakeObjectBytes(bytes));
  }
  return OkStatus();
}

Status StreamReader::Finish() const {
  if (part_ == Part::kEnd) return OkStatus();
  return DataLoss("backup file: it ends too early");
}

}  // namespace gateway::backup
