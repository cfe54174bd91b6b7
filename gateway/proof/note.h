// Signed notes and checkpoints of the C2SP (c2sp.org/signed-note, c2sp.org/tlog-checkpoint,
// c2sp.org/tlog-cosignature): standard bytes, so that anybody's tools verify our log. Pure.
//
//   note        text (ends in "\n") "\n" ("— " name " " base64(key id ‖ signature) "\n")+
//   key id      SHA-256(name ‖ 0x0A ‖ type ‖ public key), the first four bytes
//   vkey        name "+" 8 hex digits "+" base64(type ‖ public key)
//   checkpoint  origin "\n" size "\n" base64(root) "\n", as the text of a note
//
// Base64 is padded and canonical, names hold neither spaces nor "+", and a note is UTF-8 without
// control characters but the newline. docs/formats.md §checkpoints-and-proofs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"

namespace gateway::proof {

inline constexpr std::size_t kNoteBytesMax = 64u << 10;

enum class NoteKeyType : uint8_t {
  kLog = 0x01,      // Ed25519 over the text
  kWitness = 0x04,  // Ed25519 over "cosignature/v1\ntime <t>\n" ‖ text, with a time
};

struct NoteKey {
  std::string name;
  NoteKeyType type = NoteKeyType::kLog;
  std::string public_key;  // Ed25519, 32 bytes
  friend bool operator==(const NoteKey&, const NoteKey&) = default;
};
std::string FormatVkey(const NoteKey& key);
// Returns InvalidArgument if the text is no vkey of a known type, or its id is another key's.
StatusOr<NoteKey> ParseVkey(std::string_view text);

struct NoteSignature {
  std::string name;
  std::string key_id;     // 4 bytes
  std::string signature;  // what follows the key id: 64 bytes, or 8 + 64 with a time
};
struct Note {
  std::string text;  // ends in "\n"
  std::vector<NoteSignature> signatures;
};
// Returns InvalidArgument if the bytes are no note: no signature, more than 64 of them, more than
// kNoteBytesMax bytes, control characters, base64 that is not canonical.
StatusOr<Note> ParseNote(std::string_view bytes);

// The keys of `known` that signed the note, each once and in that order. Signatures of keys that
// nobody knows are ignored.
// Returns DataLoss if a known key's signature does not verify: the note is then no evidence at all.
StatusOr<std::vector<NoteKey>> VerifyNote(const Note& note, std::span<const NoteKey> known);

// The text as a note with the one signature of a log's key. Ed25519 is deterministic: the same text
// and key give the same bytes. GW_CHECKs that the text ends in "\n" and the name is a key's.
std::string SignNote(std::string_view text, std::string_view name, const crypto::Signer& signer);

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  std::string root;  // 32 bytes
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};
// Without extension lines. GW_CHECKs what only a bug can break (origin without "\n", 32-byte root).
std::string CheckpointText(const Checkpoint& checkpoint);
// Returns InvalidArgument if the text is no checkpoint; extension lines are allowed and ignored.
StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

// The origin of a gateway's log: "<commons>/gw/<gateway>", with "/replay" for recorded data.
std::string LogOrigin(std::string_view commons, std::string_view gateway, bool replay);

}  // namespace gateway::proof
