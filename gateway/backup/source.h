// Where a backup is read from, and what is done with it: check all of it, or put its files into a
// folder. One walk serves both, so that what is restored is what was checked.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backup/disk.h"
#include "gateway/backup/manifest.h"
#include "gateway/base/status.h"

namespace gateway::backup {

// Receives objects, one after the other. An error ends the walk.
class ObjectVisitor {
 public:
  virtual ~ObjectVisitor() = default;
  virtual Status Begin(std::string_view hash) = 0;
  virtual Status Piece(std::string_view bytes) = 0;
  virtual Status End() = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual const SignedManifest& backup() const = 0;
  // Visits every object of the backup that is there, unchecked, each once.
  // Returns DataLoss if nothing can be read from some point on, or what the visitor did.
  virtual Status Visit(ObjectVisitor& visitor) const = 0;
};

// The backup `id` of a folder; the newest for "".
// Returns NotFound if there is none, DataLoss if its manifest is damaged.
StatusOr<std::unique_ptr<Source>> OpenFolder(const std::string& folder, const std::string& id);

// Reads all of the backup. Returns what is missing or damaged, one line each: none if it is whole.
// Returns an error if it could not be read to its end for another reason.
StatusOr<std::vector<std::string>> Check(const Source& source, const Progress& progress);

// Puts the backup's files into `dir`, which is there and empty, and makes them durable.
// Returns DataLoss if an object is missing or damaged.
Status Extract(const Source& source, const std::string& dir, const Progress& progress);

}  // namespace gateway::backup
