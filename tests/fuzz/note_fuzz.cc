// What a log's witnesses and clients read: keys, signed notes, checkpoints and proofs. The input is
// taken as each of them. What is accepted is written again to the same bytes; a proof, its
// checkpoint signed again by the log's key, holds exactly when the definition of the tree says so.
#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/proof/base64.h"
#include "gateway/proof/merkle.h"
#include "gateway/proof/note.h"
#include "gateway/proof/tlog_proof.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

namespace gateway {
namespace {

using proof::Checkpoint;
using proof::Note;
using proof::NoteKey;
using proof::NoteKeyType;
using proof::TlogProof;

NoteKey LogKey() {
  return {.name = std::string(fuzz::kLogName),
          .type = NoteKeyType::kLog,
          .public_key = fuzz::LogSigner().public_key()};
}

std::string FormatNote(const Note& note) {
  std::string bytes = note.text + "\n";
  for (const proof::NoteSignature& signature : note.signatures) {
    bytes += "\xe2\x80\x94 " + signature.name + " " +
             proof::Base64Encode(signature.key_id + signature.signature) + "\n";
  }
  return bytes;
}

void ReadVkey(std::string_view bytes) {
  const StatusOr<NoteKey> key = proof::ParseVkey(bytes);
  if (key.ok()) GW_CHECK(proof::FormatVkey(*key) == bytes);
}

void ReadCheckpoint(std::string_view text) {
  const StatusOr<Checkpoint> checkpoint = proof::ParseCheckpoint(text);
  // Extension lines may follow.
  if (checkpoint.ok()) GW_CHECK(text.starts_with(proof::CheckpointText(*checkpoint)));
}

void ReadNote(std::string_view bytes) {
  const StatusOr<Note> note = proof::ParseNote(bytes);
  if (!note.ok()) return;
  GW_CHECK(FormatNote(*note) == bytes);
  ReadCheckpoint(note->text);

  const NoteKey key = LogKey();
  const auto signers = proof::VerifyNote(*note, {&key, 1});
  if (signers.ok() && !signers->empty()) {
    GW_CHECK(std::ranges::any_of(note->signatures, [&](const proof::NoteSignature& signature) {
      return signature.name == key.name &&
             crypto::VerifySignature(key.public_key, note->text, signature.signature);
    }));
  }

  const StatusOr<Note> ours =
      proof::ParseNote(proof::SignNote(note->text, fuzz::kLogName, fuzz::LogSigner()));
  GW_CHECK(ours.ok() || note->text.size() + 200 > proof::kNoteBytesMax);
  if (!ours.ok()) return;
  GW_CHECK(ours->text == note->text && ours->signatures.size() == 1);
  const auto us = proof::VerifyNote(*ours, {&key, 1});
  GW_CHECK(us.ok() && us->size() == 1);
}

// The root by the definition of RFC 9162 §2.1, from the outside in; empty if the path does not fit.
std::optional<std::string> NaiveRoot(uint64_t index, uint64_t size, const std::string& leaf,
                                     std::span<const std::string> path) {
  if (index >= size) return std::nullopt;
  if (size == 1) return path.empty() ? std::optional(leaf) : std::nullopt;
  if (path.empty()) return std::nullopt;
  const uint64_t left = std::bit_floor(size - 1);
  const std::span<const std::string> rest = path.first(path.size() - 1);
  const bool goes_left = index < left;
  const auto below = goes_left ? NaiveRoot(index, left, leaf, rest)
                               : NaiveRoot(index - left, size - left, leaf, rest);
  if (!below.has_value()) return std::nullopt;
  return goes_left ? proof::NodeHash(*below, path.back()) : proof::NodeHash(path.back(), *below);
}

StatusOr<Checkpoint> VerifySigned(TlogProof proof, const Checkpoint& checkpoint) {
  proof.checkpoint =
      proof::SignNote(proof::CheckpointText(checkpoint), fuzz::kLogName, fuzz::LogSigner());
  return proof::VerifyLogged(fuzz::kLoggedEntry, proof::FormatTlogProof(proof), LogKey());
}

void ReadProof(std::string_view text) {
  const StatusOr<TlogProof> proof = proof::ParseTlogProof(text);
  const StatusOr<Checkpoint> logged = proof::VerifyLogged(fuzz::kLoggedEntry, text, LogKey());
  GW_CHECK(proof.ok() || !logged.ok());
  if (!proof.ok()) return;
  const std::string again = proof::FormatTlogProof(*proof);
  const std::size_t header = text.find('\n') + 1;
  const std::size_t extra =
      text.substr(header).starts_with("extra ") ? text.find('\n', header) + 1 - header : 0;
  GW_CHECK(again == std::string(text.substr(0, header)) + std::string(text.substr(header + extra)));

  const StatusOr<Note> note = proof::ParseNote(proof->checkpoint);
  if (!note.ok()) return;
  StatusOr<Checkpoint> checkpoint = proof::ParseCheckpoint(note->text);
  if (!checkpoint.ok()) return;
  checkpoint->origin = fuzz::kLogName;
  const std::optional<std::string> root = NaiveRoot(
      proof->index, checkpoint->size, proof::LeafHash(fuzz::kLoggedEntry), proof->hashes);
  const StatusOr<Checkpoint> as_it_is = VerifySigned(*proof, *checkpoint);
  GW_CHECK(as_it_is.ok() == (root == checkpoint->root));
  if (!root.has_value()) return;
  checkpoint->root = *root;
  const StatusOr<Checkpoint> mended = VerifySigned(*proof, *checkpoint);
  GW_CHECK(mended.ok() && *mended == *checkpoint);
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view bytes = gateway::fuzz::Bytes(data, size);
  gateway::ReadVkey(bytes);
  gateway::ReadCheckpoint(bytes);
  gateway::ReadNote(bytes);
  gateway::ReadProof(bytes);
  return 0;
}
