// Read access to what has been decided, by which rules, and to its log: the only data that a
// network-facing module can reach.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/cell.h"

namespace gateway::port {

// Empty or unset fields match everything.
struct CellFilter {
  std::string metric;
  std::string zone;
  std::string rule;
  std::optional<Time> from;   // cells that end after this
  std::optional<Time> until;  // cells that start before this
};

struct DecidedCell {
  Cell cell;
  std::string bytes;      // the serialised cell, exactly as committed to in the ledger
  std::string nonce;      // 32 bytes: opens the commitment
  uint64_t leaf = 0;      // index of the release entry that lists it
  uint32_t position = 0;  // in that entry
  // Whom and what for the cell's rule named when the cell was decided: residents agreed to these
  // and to no later ones.
  std::string purpose;      // an id of the policy of that version
  std::string purpose_iri;  // what that id stood for then
  std::vector<std::string> recipients;
  std::string retracted;  // why stewards marked it as wrong; "" if they did not
};

// The documents in force: the exact texts that were signed.
struct ActiveDocuments {
  std::string charter, policy, roster;
};

struct Moment {
  Time now;           // the gateway's time; of the recording under a replay clock
  bool sound = true;  // whether it may be believed
};

// An entry of the ledger and the proof that it is there (proof/tlog_proof.h).
struct LoggedEntry {
  std::string entry;
  std::string proof;
};

// A retraction of one cell of a release entry.
struct RetractionRef {
  uint64_t leaf = 0;      // index of the retraction's own entry
  uint32_t position = 0;  // of the cell in the release entry
};

class CellSource {
 public:
  virtual ~CellSource() = default;
  // All of these are thread-safe, read immutable rows, and never wait for the pipeline.

  // Calls `visit` for each decided, durable cell that matches, in the order of decision, until it
  // returns false.
  // Returns DataLoss if a row does not open.
  virtual Status VisitCells(const CellFilter& filter,
                            const std::function<bool(const DecidedCell&)>& visit) const = 0;

  // Null until documents were activated. The same pointer as long as they are the same.
  virtual std::shared_ptr<const ActiveDocuments> documents() const = 0;
  virtual Moment moment() const = 0;
  virtual bool replay() const = 0;

  // The newest signed checkpoint that is durable; "" until documents were activated.
  virtual std::string checkpoint() const = 0;
  // Returns NotFound if the entry is not below the checkpoint's size, DataLoss if it is damaged.
  virtual StatusOr<LoggedEntry> Logged(uint64_t leaf) const = 0;
  // What was retracted of the release entry `leaf`.
  virtual std::vector<RetractionRef> RetractionsOf(uint64_t leaf) const = 0;
};

}  // namespace gateway::port
