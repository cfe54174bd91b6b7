#include "gateway/backup/manifest.h"

#include <algorithm>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"

namespace gateway::backup {
namespace {

constexpr std::string_view kMagic("CGBM1\0", 6);
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kOwnerBytes = 16;

Status CheckFiles(const std::vector<BackupFile>& files) {
  if (files.empty()) return InvalidArgument("backup: it has no files");
  if (files.size() > limits::kBackupFilesMax) {
    return InvalidArgument("backup: %d files, limit %d", files.size(), limits::kBackupFilesMax);
  }
  uint64_t total = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const BackupFile& file = files[i];
    if (!IsFileName(file.name)) {
      return InvalidArgument("backup: file %d has a name that no database gives", i + 1);
    }
    if (i > 0 && files[i - 1].name >= file.name) {
      return InvalidArgument("backup: files out of order at %s", file.name);
    }
    if (file.hash.size() != kHashBytes) return InvalidArgument("backup: %s: no hash", file.name);
    if (file.bytes > limits::kBackupBytesMax - total) {
      return InvalidArgument("backup: %s: more than %d bytes in all", file.name,
                             limits::kBackupBytesMax);
    }
    total += file.bytes;
  }
  return OkStatus();
}

Status Check(const Manifest& manifest) {
  if (manifest.erased.size() > limits::kErasuresMax) {
    return InvalidArgument("backup: %d erased households, limit %d", manifest.erased.size(),
                           limits::kErasuresMax);
  }
  for (const std::string& owner : manifest.erased) {
    if (owner.size() != kOwnerBytes) return InvalidArgument("backup: an erased owner is no owner");
  }
  if (!manifest.base.empty() && !IsBackupId(manifest.base)) {
    return InvalidArgument("backup: its base is no backup's id");
  }
  if (manifest.ledger_root.size() != kHashBytes) return InvalidArgument("backup: no ledger root");
  return CheckFiles(manifest.files);
}

std::string Encode(const Manifest& manifest) {
  ByteWriter out;
  out.Raw(kMagic).Text(manifest.gateway).I64(manifest.created.time_since_epoch().count());
  out.U8(manifest.replay ? 1 : 0).U32(manifest.store_format).U32(manifest.generation);
  out.U64(manifest.journal_last).U64(manifest.ledger_size).Raw(manifest.ledger_root);
  out.Text(manifest.base).U32(static_cast<uint32_t>(manifest.erased.size()));
  for (const std::string& owner : manifest.erased) out.Raw(owner);
  out.U32(static_cast<uint32_t>(manifest.files.size()));
  for (const BackupFile& file : manifest.files) {
    out.Text(file.name).U64(file.bytes).Raw(file.hash);
  }
  return out.Take();
}

StatusOr<Manifest> Decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic) return DataLoss("backup: its manifest has no format we know");
  Manifest manifest;
  manifest.gateway = in.Text();
  manifest.created = Time(Millis(in.I64()));
  const uint8_t replay = in.U8();
  manifest.replay = replay == 1;
  manifest.store_format = in.U32();
  manifest.generation = in.U32();
  manifest.journal_last = in.U64();
  manifest.ledger_size = in.U64();
  manifest.ledger_root = in.Raw(kHashBytes);
  manifest.base = in.Text();
  // A count is believed only as far as the bytes reach.
  for (uint32_t n = in.U32(); n > 0 && in.ok(); --n) {
    manifest.erased.emplace_back(in.Raw(kOwnerBytes));
  }
  for (uint32_t n = in.U32(); n > 0 && in.ok(); --n) {
    BackupFile file;
    file.name = in.Text();
    file.bytes = in.U64();
    file.hash = in.Raw(kHashBytes);
    manifest.files.push_back(std::move(file));
  }
  RETURN_IF_ERROR(in.Finish("backup: manifest"));
  if (replay > 1) return DataLoss("backup: manifest: an unknown clock");
  if (const Status checked = Check(manifest); !checked.ok()) {
    return DataLoss("%s", Message(checked));
  }
  if (manifest.store_format != kStoreFormat) {
    return FailedPrecondition("backup: its store has format %u, this program knows only %u",
                              manifest.store_format, kStoreFormat);
  }
  return manifest;
}

}  // namespace

bool IsFileName(std::string_view name) {
  if (name.empty() || name.size() > limits::kBackupFileNameBytesMax) return false;
  if (name.front() == '.' || name == "restored" || name == "erasures" || name == "withdrawals") {
    return false;
  }
  return std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool IsBackupId(std::string_view id) {
  return id.size() == 2 * kHashBytes && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

StatusOr<SignedManifest> SignManifest(Manifest manifest, const crypto::Signer& signer) {
  RETURN_IF_ERROR(Check(manifest));
  crypto::Envelope envelope;
  envelope.payload_type = crypto::kBackupType;
  envelope.payload = signer.public_key() + Encode(manifest);
  crypto::SignEnvelope(envelope, signer);
  SignedManifest made;
  made.envelope = crypto::SerializeEnvelope(envelope);
  made.id = HexEncode(crypto::Blake2b256(made.envelope));
  made.signer = signer.public_key();
  made.manifest = std::move(manifest);
  return made;
}

StatusOr<SignedManifest> OpenManifest(std::string_view bytes) {
  const auto envelope = crypto::ParseEnvelope(bytes);
  if (!envelope.ok()) return DataLoss("backup: manifest: %s", Message(envelope.status()));
  SignedManifest opened;
  opened.signer = envelope->payload.substr(0, crypto::kPublicKeyBytes);
  const std::vector<std::string> trusted{opened.signer};
  if (envelope->payload_type != crypto::kBackupType || envelope->signatures.size() != 1 ||
      crypto::ValidSigners(*envelope, trusted).size() != 1) {
    return DataLoss("backup: manifest: its signature is not good");
  }
  ASSIGN_OR_RETURN(opened.manifest,
                   Decode(std::string_view(envelope->payload).substr(crypto::kPublicKeyBytes)));
  opened.id = HexEncode(crypto::Blake2b256(bytes));
  opened.envelope = bytes;
  return opened;
}

uint64_t TotalBytes(const Manifest& manifest) {
  uint64_t total = 0;
  for (const BackupFile& file : manifest.files) total += file.bytes;
  return total;
}

}  // namespace gateway::backup
