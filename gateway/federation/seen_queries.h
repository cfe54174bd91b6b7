// Which questions were asked before. A question that comes twice, from whoever copied it on the
// way, is refused as long as it could still be valid.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/policy/query.h"

namespace gateway::federation {

// In memory only: a restart forgets, so questions issued before `started` are refused as expired.
// Thread-safe.
class SeenQueries {
 public:
  explicit SeenQueries(Time started) : started_(started) {}

  // kOk the first time. kReplayed if the party used the nonce before, kExpired if the question was
  // issued before the start, or does not outlast one that is forgotten (the clock was set back),
  // kBusy if the party, or all together, have too many open ones.
  policy::QueryCode Take(const PartyId& party, const policy::Query& query, Time now);

 private:
  using Name = std::pair<PartyId, std::string>;  // party, nonce
  void Forget(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Time started_;
  Mutex mutex_;
  std::set<Name> seen_ ABSL_GUARDED_BY(mutex_);
  std::multimap<Time, Name> by_expiry_ ABSL_GUARDED_BY(mutex_);
  Time forgotten_until_ ABSL_GUARDED_BY(mutex_) = Time::min();
  std::map<PartyId, std::size_t> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::federation
