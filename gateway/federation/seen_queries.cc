#include "gateway/federation/seen_queries.h"

#include "gateway/model/limits.h"

namespace gateway::federation {

using policy::QueryCode;

void SeenQueries::Forget(Time now) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    const Name& name = by_expiry_.begin()->second;
    const auto open = open_.find(name.first);
    if (--open->second == 0) open_.erase(open);
    seen_.erase(name);
    forgotten_until_ = by_expiry_.begin()->first;
    by_expiry_.erase(by_expiry_.begin());
  }
}

QueryCode SeenQueries::Take(const PartyId& party, const policy::Query& query, Time now) {
  if (query.issued < started_) return QueryCode::kExpired;
  const MutexLock lock(mutex_);
  Forget(now);
  if (query.expires <= forgotten_until_) return QueryCode::kExpired;
  Name name(party, query.nonce);
  if (seen_.contains(name)) return QueryCode::kReplayed;
  if (seen_.size() >= limits::kNoncesMax) return QueryCode::kBusy;
  std::size_t& open = open_[party];
  if (open >= limits::kNoncesPerPartyMax) return QueryCode::kBusy;
  ++open;
  by_expiry_.emplace(query.expires, name);
  seen_.insert(std::move(name));
  return QueryCode::kOk;
}

}  // namespace gateway::federation
