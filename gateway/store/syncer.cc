#include "gateway/store/syncer.h"

#include "gateway/base/log.h"

namespace gateway::store {

Syncer::Syncer(Database& db, SyncerOptions options)
    : db_(db), options_(options), thread_([this] { Run(); }) {}

void Syncer::Notify(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_ += bytes;
    if (pending_bytes_ < options_.bytes_max) return;
  }
  work_.notify_one();
}

Status Syncer::Barrier() {
  std::unique_lock lock(mutex_);
  if (!stopping_) {
    const uint64_t ticket = ++barriers_asked_;
    work_.notify_one();
    done_.wait(lock, [&] { return barriers_served_ >= ticket; });
    return failure_;
  }
  return FailedPrecondition("the store's sync thread was stopped");
}

Status Syncer::health() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

uint64_t Syncer::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

void Syncer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Syncer::Run() {
  uint64_t synced_commits = 0;  // what was committed before we started may not be durable either
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    work_.wait_for(lock, options_.interval, [this] {
      return stopping_ || pending_bytes_ >= options_.bytes_max ||
             barriers_asked_ > barriers_served_;
    });
    last = stopping_;
    pending_bytes_ = 0;
    const uint64_t barriers = barriers_asked_;
    const bool healthy = failure_.ok();
    lock.unlock();

    // Read before the sync: a commit during it may or may not be covered, so it is not counted.
    const uint64_t commits = db_.commits();
    const bool needed = healthy && commits != synced_commits;
    Status synced;
    if (needed) synced = db_.Sync();
    if (synced.ok()) {
      synced_commits = commits;
    } else {
      Log(LogLevel::kError, "store: a sync failed; nothing is released until a restart: %s",
          Message(synced));
    }

    lock.lock();
    if (needed) ++syncs_;
    if (!synced.ok()) failure_ = synced;
    barriers_served_ = barriers;
    done_.notify_all();
  }
}

}  // namespace gateway::store
