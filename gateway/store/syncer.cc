#include "gateway/store/syncer.h"

#include <algorithm>

namespace gateway::store {

Syncer::Syncer(Database& db, SyncerOptions options)
    : db_(db), options_(options), thread_([this] { Run(); }) {}

void Syncer::Notify(std::size_t bytes) {
  {
    const MutexLock lock(mutex_);
    pending_bytes_ += bytes;
    if (pending_bytes_ < options_.bytes_max) return;
  }
  work_.NotifyOne();
}

Status Syncer::Barrier() {
  const MutexLock lock(mutex_);
  if (!stopping_) {
    const uint64_t ticket = ++barriers_asked_;
    work_.NotifyOne();
    while (barriers_served_ < ticket) done_.Wait(mutex_);
    return failure_;
  }
  return FailedPrecondition("the store's sync thread was stopped");
}

Status Syncer::health() const {
  const MutexLock lock(mutex_);
  return failure_;
}

uint64_t Syncer::syncs() const {
  const MutexLock lock(mutex_);
  return syncs_;
}

void Syncer::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_.NotifyOne();
  if (thread_.joinable()) thread_.join();
}

void Syncer::AwaitWork() {
  const auto deadline =
      std::chrono::steady_clock::now() +
      (failure_.ok() ? options_.interval : std::min(options_.interval, limits::kHealPauseMin));
  while (!stopping_ && pending_bytes_ < options_.bytes_max && barriers_asked_ == barriers_served_ &&
         work_.WaitUntil(mutex_, deadline)) {
  }
}

void Syncer::Run() {
  uint64_t synced_commits = 0;  // what was committed before we started may not be durable either
  for (bool last = false; !last;) {
    uint64_t barriers = 0;
    {
      const MutexLock lock(mutex_);
      AwaitWork();
      last = stopping_;
      pending_bytes_ = 0;
      barriers = barriers_asked_;
    }

    // Read before the sync: a commit during it may or may not be covered, so it is not counted.
    const uint64_t commits = db_.commits();
    Status synced = db_.Tend(std::chrono::steady_clock::now());
    const bool needed = synced.ok() && commits != synced_commits;
    if (needed) synced = db_.Sync();
    if (synced.ok()) synced_commits = commits;

    const MutexLock lock(mutex_);
    if (needed) ++syncs_;
    failure_ = synced;
    barriers_served_ = barriers;
    done_.NotifyAll();
  }
}

}  // namespace gateway::store
