// The documents in force as the federation reads them, and who somebody is by the roster.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/policy/documents.h"
#include "gateway/port/cell_source.h"

namespace gateway::federation {

// Somebody in the roster: a gateway or a party. Points into the documents it came from.
struct Caller {
  const policy::RosterGateway* gateway = nullptr;
  const policy::Party* party = nullptr;
  bool known() const { return gateway != nullptr || party != nullptr; }
};

// Thread-safe.
class Directory {
 public:
  // `source` must outlive the directory.
  explicit Directory(const port::CellSource& source) : source_(source) {}

  // Parsed once for each activation. Null while no documents are active or if they do not parse,
  // which is logged.
  std::shared_ptr<const policy::Documents> Current() const;

  // Whom the roster knows by this pin at `now` (real time): outside its own dates it knows nobody.
  static Caller WhoHas(const policy::Documents& documents, std::string_view pin, Time now);

 private:
  const port::CellSource& source_;
  mutable Mutex mutex_;
  mutable std::shared_ptr<const port::ActiveDocuments> texts_ ABSL_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const policy::Documents> parsed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::federation
