// Read access to what has been decided: the only data that a network-facing module can reach.
#pragma once

#include <functional>
#include <optional>
#include <string>

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
  std::string bytes;  // the serialised cell, exactly as committed to in the ledger
  uint64_t leaf = 0;  // index of the release leaf that lists it
};

class CellSource {
 public:
  virtual ~CellSource() = default;
  // Calls `visit` for each decided, durable cell that matches, in the order of decision, until it
  // returns false. Thread-safe; reads immutable rows, never waits for the pipeline.
  // Returns DataLoss if a row does not open.
  virtual Status VisitCells(const CellFilter& filter,
                            const std::function<bool(const DecidedCell&)>& visit) const = 0;
};

}  // namespace gateway::port
