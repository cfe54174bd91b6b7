// Offline proofs that an entry is in a log (c2sp.org/tlog-proof@v1). Pure.
//
//   "c2sp.org/tlog-proof@v1\n" ["extra " base64 "\n"] "index " i "\n" (base64(hash) "\n")* "\n"
//   checkpoint note
//
// Hashes are those of RFC 9162 §2.1.3, the leaf's sibling first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/proof/note.h"

namespace gateway::proof {

struct TlogProof {
  uint64_t index = 0;
  std::vector<std::string> hashes;  // 32 bytes each, at most 64
  std::string checkpoint;           // the signed note, verbatim
};
std::string FormatTlogProof(const TlogProof& proof);
// Returns InvalidArgument if the text is no such proof. An extra line is allowed and ignored.
StatusOr<TlogProof> ParseTlogProof(std::string_view text);

// Whether `entry` is in the log that `log_key` signs: the checkpoint's origin must be the key's
// name. Returns what the checkpoint says.
// Returns InvalidArgument if the proof is malformed, PermissionDenied if `log_key` did not sign the
// checkpoint, DataLoss if the entry is not where the proof says.
StatusOr<Checkpoint> VerifyLogged(std::string_view entry, std::string_view proof,
                                  const NoteKey& log_key);

}  // namespace gateway::proof
