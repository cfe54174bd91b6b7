#include "gateway/proof/note.h"

#include <charconv>
#include <limits>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/hash.h"
#include "gateway/proof/base64.h"
#include "gateway/proof/merkle.h"

namespace gateway::proof {
namespace {

constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kNoteSignaturesMax = 64;
constexpr std::size_t kTimeBytes = 8;

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

// The next character of UTF-8 text; empty if it is malformed, over-long or a surrogate.
std::optional<uint32_t> TakeCharacter(std::string_view& text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || text.size() < size) return std::nullopt;
  uint32_t character = size == 1 ? lead : lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return std::nullopt;
    character = character << 6 | (static_cast<uint8_t>(text[i]) & 0x3fu);
  }
  text.remove_prefix(size);
  const bool over_long = (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
  const bool surrogate = character >= 0xd800 && character < 0xe000;
  if (over_long || surrogate || character > 0x10ffff) return std::nullopt;
  return character;
}

bool IsSpace(uint32_t c) {  // Unicode's White_Space
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

// UTF-8 without control characters but the newline.
bool IsNoteText(std::string_view text) {
  while (!text.empty()) {
    const std::optional<uint32_t> character = TakeCharacter(text);
    if (!character.has_value() || (*character < 0x20 && *character != '\n')) return false;
  }
  return true;
}

bool IsKeyName(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const std::optional<uint32_t> character = TakeCharacter(name);
    if (!character.has_value() || *character < 0x20 || IsSpace(*character) || *character == '+') {
      return false;
    }
  }
  return true;
}

// Splits off what stands before the first newline; empty if there is none.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::string KeyIdOf(std::string_view name, NoteKeyType type, std::string_view public_key) {
  ByteWriter data;
  data.Raw(name).U8('\n').U8(static_cast<uint8_t>(type)).Raw(public_key);
  return crypto::Sha256(data.bytes()).substr(0, kKeyIdBytes);
}

Status Malformed(std::string_view why) { return InvalidArgument("signed note: %s", why); }

StatusOr<NoteSignature> ParseSignature(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix)) return Malformed("a signature without its dash");
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsKeyName(line.substr(0, space))) {
    return Malformed("a signature without a name");
  }
  ASSIGN_OR_RETURN(const std::string bytes, Base64Decode(line.substr(space + 1)));
  if (bytes.size() <= kKeyIdBytes) return Malformed("a signature of no bytes");
  return NoteSignature{.name = std::string(line.substr(0, space)),
                       .key_id = bytes.substr(0, kKeyIdBytes),
                       .signature = bytes.substr(kKeyIdBytes)};
}

bool Verifies(std::string_view text, const NoteSignature& signature, const NoteKey& key) {
  if (key.type == NoteKeyType::kLog) {
    return crypto::VerifySignature(key.public_key, text, signature.signature);
  }
  if (signature.signature.size() != kTimeBytes + crypto::kSignatureBytes) return false;
  const uint64_t time = ByteReader(signature.signature).U64();
  if (time == 0 || time > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return false;
  const std::string message = Format("cosignature/v1\ntime %d\n", time).append(text);
  return crypto::VerifySignature(key.public_key, message,
                                 std::string_view(signature.signature).substr(kTimeBytes));
}

}  // namespace

std::string FormatVkey(const NoteKey& key) {
  const std::string bytes =
      ByteWriter().U8(static_cast<uint8_t>(key.type)).Raw(key.public_key).Take();
  return key.name + "+" + HexEncode(KeyIdOf(key.name, key.type, key.public_key)) + "+" +
         Base64Encode(bytes);
}

StatusOr<NoteKey> ParseVkey(std::string_view text) {
  // Base64 has a plus too, names and ids do not.
  const std::size_t id_at = text.find('+');
  const std::size_t key_at = id_at == std::string_view::npos ? id_at : text.find('+', id_at + 1);
  if (key_at == std::string_view::npos || !IsKeyName(text.substr(0, id_at))) {
    return InvalidArgument("verification key: must be a name, 8 hex digits and base64, joined by +");
  }
  ASSIGN_OR_RETURN(const std::string id, HexDecode(text.substr(id_at + 1, key_at - id_at - 1)));
  ASSIGN_OR_RETURN(const std::string bytes, Base64Decode(text.substr(key_at + 1)));
  if (bytes.size() != 1 + crypto::kPublicKeyBytes ||
      (bytes[0] != static_cast<char>(NoteKeyType::kLog) &&
       bytes[0] != static_cast<char>(NoteKeyType::kWitness))) {
    return InvalidArgument("verification key: not Ed25519 of a log or a witness");
  }
  NoteKey key{.name = std::string(text.substr(0, id_at)),
              .type = static_cast<NoteKeyType>(bytes[0]),
              .public_key = bytes.substr(1)};
  if (KeyIdOf(key.name, key.type, key.public_key) != id) {
    return InvalidArgument("verification key: its id is that of another key");
  }
  return key;
}

StatusOr<Note> ParseNote(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax) {
    return InvalidArgument("signed note: %d bytes, limit %d", bytes.size(), kNoteBytesMax);
  }
  if (!IsNoteText(bytes)) return Malformed("not UTF-8, or with control characters");
  // The last empty line: the text before it may hold empty lines of its own.
  const std::size_t split = bytes.rfind("\n\n");
  if (split == std::string_view::npos) return Malformed("no empty line before the signatures");
  Note note{.text = std::string(bytes.substr(0, split + 1)), .signatures = {}};
  std::string_view rest = bytes.substr(split + 2);
  while (!rest.empty()) {
    const std::optional<std::string_view> line = TakeLine(rest);
    if (!line.has_value()) return Malformed("the last line does not end");
    ASSIGN_OR_RETURN(NoteSignature signature, ParseSignature(*line));
    if (note.signatures.size() == kNoteSignaturesMax) {
      return InvalidArgument("signed note: more than %d signatures", kNoteSignaturesMax);
    }
    note.signatures.push_back(std::move(signature));
  }
  if (note.signatures.empty()) return Malformed("no signature");
  return note;
}

StatusOr<std::vector<NoteKey>> VerifyNote(const Note& note, std::span<const NoteKey> known) {
  std::vector<bool> signed_by(known.size(), false);
  for (const NoteSignature& signature : note.signatures) {
    bool is_known = false;
    bool valid = false;
    for (std::size_t i = 0; i < known.size(); ++i) {
      const NoteKey& key = known[i];
      if (key.name != signature.name ||
          KeyIdOf(key.name, key.type, key.public_key) != signature.key_id) {
        continue;
      }
      is_known = true;
      if (!Verifies(note.text, signature, key)) continue;
      valid = true;
      signed_by[i] = true;
    }
    if (is_known && !valid) {
      return DataLoss("signed note: the signature of \"%s\" does not verify", signature.name);
    }
  }
  std::vector<NoteKey> signers;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (signed_by[i]) signers.push_back(known[i]);
  }
  return signers;
}

std::string SignNote(std::string_view text, std::string_view name, const crypto::Signer& signer) {
  GW_CHECK(text.ends_with('\n') && IsNoteText(text) && IsKeyName(name));
  const std::string bytes =
      KeyIdOf(name, NoteKeyType::kLog, signer.public_key()) + signer.Sign(text);
  std::string note(text);
  note.append("\n").append(kSignaturePrefix).append(name).append(" ");
  return note.append(Base64Encode(bytes)).append("\n");
}

std::string CheckpointText(const Checkpoint& checkpoint) {
  GW_CHECK(!checkpoint.origin.empty() && checkpoint.origin.find('\n') == std::string::npos);
  GW_CHECK(checkpoint.root.size() == kHashBytes);
  return Format("%s\n%d\n%s\n", checkpoint.origin, checkpoint.size, Base64Encode(checkpoint.root));
}

StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  const std::optional<std::string_view> origin = TakeLine(text);
  const std::optional<std::string_view> size = TakeLine(text);
  const std::optional<std::string_view> root = TakeLine(text);
  if (!root.has_value() || origin->empty()) {
    return InvalidArgument("checkpoint: must be origin, size and root, a line each");
  }
  Checkpoint checkpoint;
  checkpoint.origin = std::string(*origin);
  const auto [end, error] =
      std::from_chars(size->data(), size->data() + size->size(), checkpoint.size);
  if (error != std::errc() || std::to_string(checkpoint.size) != *size) {
    return InvalidArgument("checkpoint: the size is no decimal number of 64 bits");
  }
  ASSIGN_OR_RETURN(checkpoint.root, Base64Decode(*root));
  if (checkpoint.root.size() != kHashBytes) {
    return InvalidArgument("checkpoint: a root of %d bytes, must be %d", checkpoint.root.size(),
                           kHashBytes);
  }
  while (!text.empty()) {
    const std::optional<std::string_view> extension = TakeLine(text);
    if (!extension.has_value() || extension->empty()) {
      return InvalidArgument("checkpoint: an extension line is empty or does not end");
    }
  }
  return checkpoint;
}

std::string LogOrigin(std::string_view commons, std::string_view gateway, bool replay) {
  return Format("%s/gw/%s%s", commons, gateway, replay ? "/replay" : "");
}

}  // namespace gateway::proof
