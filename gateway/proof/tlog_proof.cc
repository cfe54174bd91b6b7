#include "gateway/proof/tlog_proof.h"

#include <charconv>

#include "gateway/base/check.h"
#include "gateway/proof/base64.h"
#include "gateway/proof/merkle.h"

namespace gateway::proof {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1\n";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::size_t kHashesMax = 64;  // the height of the largest tree

Status Malformed(std::string_view why) { return InvalidArgument("tlog-proof: %s", why); }

StatusOr<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return Malformed("it is cut off");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string FormatTlogProof(const TlogProof& proof) {
  std::string text = Format("%s%s%d\n", kHeader, kIndex, proof.index);
  for (const std::string& hash : proof.hashes) {
    GW_CHECK(hash.size() == kHashBytes);
    text.append(Base64Encode(hash)).push_back('\n');
  }
  return text.append("\n").append(proof.checkpoint);
}

StatusOr<TlogProof> ParseTlogProof(std::string_view text) {
  if (!text.starts_with(kHeader)) return Malformed("does not begin as one");
  text.remove_prefix(kHeader.size());
  ASSIGN_OR_RETURN(std::string_view line, TakeLine(text));
  if (line.starts_with(kExtra)) {
    RETURN_IF_ERROR(Base64Decode(line.substr(kExtra.size())).status());
    ASSIGN_OR_RETURN(line, TakeLine(text));
  }
  if (!line.starts_with(kIndex)) return Malformed("no index");
  line.remove_prefix(kIndex.size());
  TlogProof proof;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), proof.index);
  if (error != std::errc() || std::to_string(proof.index) != line) {
    return Malformed("the index is no decimal number of 64 bits");
  }
  while (true) {
    ASSIGN_OR_RETURN(line, TakeLine(text));
    if (line.empty()) break;
    ASSIGN_OR_RETURN(std::string hash, Base64Decode(line));
    if (hash.size() != kHashBytes) return Malformed("a hash has not 32 bytes");
    if (proof.hashes.size() == kHashesMax) return Malformed("more than 64 hashes");
    proof.hashes.push_back(std::move(hash));
  }
  proof.checkpoint = std::string(text);
  return proof;
}

StatusOr<Checkpoint> VerifyLogged(std::string_view entry, std::string_view proof,
                                  const NoteKey& log_key) {
  ASSIGN_OR_RETURN(const TlogProof parsed, ParseTlogProof(proof));
  ASSIGN_OR_RETURN(const Note note, ParseNote(parsed.checkpoint));
  const auto signers = VerifyNote(note, {&log_key, 1});
  if (!signers.ok() || signers->empty() || log_key.type != NoteKeyType::kLog) {
    return PermissionDenied("checkpoint: not signed by the key of the log \"%s\"", log_key.name);
  }
  ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpoint(note.text));
  if (checkpoint.origin != log_key.name) {
    return PermissionDenied("checkpoint: of the log \"%s\", not of \"%s\"", checkpoint.origin,
                            log_key.name);
  }
  RETURN_IF_ERROR(VerifyInclusion(parsed.index, checkpoint.size, LeafHash(entry), parsed.hashes,
                                  checkpoint.root));
  return checkpoint;
}

}  // namespace gateway::proof
