// A backup as one stream of bytes, which gateway/crypto/age seals into a file: the manifest, then
// the objects that the backup it builds on does not have. Pure, except that WriteStream reads files.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "gateway/backup/disk.h"
#include "gateway/backup/manifest.h"
#include "gateway/backup/source.h"
#include "gateway/base/status.h"

namespace gateway::backup {

using ByteSink = std::function<Status(std::string_view bytes)>;

// Objects of `known` are left out. Returns how many bytes of objects were written.
// Returns DataLoss if a file of `dir` is no longer what the manifest says, or what `sink` did.
StatusOr<uint64_t> WriteStream(const SignedManifest& backup, const std::string& dir,
                               const std::set<std::string>& known, Meter& meter,
                               const ByteSink& sink);

// Takes a stream apart as its bytes come. Thread-compatible.
class StreamReader {
 public:
  // `visitor` may be null: objects are skipped. `wanted` too: every object is visited, otherwise
  // only those. Both outlive the reader.
  StreamReader(ObjectVisitor* visitor, const std::set<std::string>* wanted)
      : visitor_(visitor), wanted_(wanted) {}

  // Returns DataLoss if the bytes are no stream, or what the visitor did.
  Status Add(std::string_view bytes);
  // Returns DataLoss if the stream has not come to its end.
  Status Finish() const;
  // Empty until it has been read.
  const std::optional<SignedManifest>& backup() const { return backup_; }

 private:
  enum class Part { kMagic, kManifest, kTag, kObjectHead, kObject, kEnd };
  Status Enter(Part part, std::size_t need);
  Status TakePart();
  Status TakeObjectBytes(std::string_view& bytes);

  ObjectVisitor* const visitor_;
  const std::set<std::string>* const wanted_;
  Part part_ = Part::kMagic;
  std::string part_bytes_;
  std::size_t need_ = 10;  // the magic and the manifest's size
  uint64_t object_left_ = 0;
  bool visiting_ = false;
  std::set<std::string> seen_;
  std::optional<SignedManifest> backup_;
};

}  // namespace gateway::backup
