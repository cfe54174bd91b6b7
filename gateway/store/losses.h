// What the disk lost, until the operator acknowledged it: a small file, `losses`, in the database's
// folder, because the database is what may be broken. Names ranges and files, never a household,
// a payload or a key. docs/formats.md §losses.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/model/time.h"

namespace gateway::store {

struct Loss {
  std::string what;  // "journal entries 4711 to 4800": exactly what is gone, one line
  std::string file;  // name of the damaged file; "" if none is known
  Time found;
  bool ledger = false;  // entries of the ledger are concerned
  friend bool operator==(const Loss&, const Loss&) = default;
};

// "journal entries 4711 to 4800 (file 000012.sst), found 2026-11-24T10:00:00Z"
std::string Describe(const Loss& loss);

// Thread-safe.
class Losses {
 public:
  // Reads the file in `dir`, which must exist. A damaged report is a loss of its own: what it can
  // still tell is kept. `now` is when that is found.
  // Returns Unavailable if it cannot be read or, having to be mended, written.
  static StatusOr<std::unique_ptr<Losses>> Load(const std::string& dir, Time now);

  // Durable on return. What is there already, whenever found, is not added again; beyond
  // limits::kLossesMax the last entry says that there is more.
  // Return Unavailable if the disk refused: memory then holds it nevertheless, so that releases
  // stay blocked at least as long as this process lives.
  Status Add(const Loss& loss);
  Status AddAll(const std::vector<Loss>& losses);

  // Everything that is not acknowledged, oldest first.
  std::vector<Loss> all() const;
  // Whether something is not acknowledged: then nothing is decided and nothing new is readable.
  bool blocking() const { return blocking_.load(std::memory_order_acquire); }
  bool ledger_concerned() const;

  // The operator knows. Empties the report, durably. Returns Unavailable, changing nothing, if the
  // disk refused.
  Status Acknowledge();

 private:
  explicit Losses(std::string path) : path_(std::move(path)) {}
  Status Write(const std::vector<Loss>& losses) const;

  const std::string path_;
  mutable Mutex mutex_;  // held while the file is written: it is written once in a lifetime
  std::vector<Loss> losses_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> blocking_{false};
};

// Whether the file is there: it is made with the store, and stays.
bool HasLossReport(const std::string& dir);

}  // namespace gateway::store
