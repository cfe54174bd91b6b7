#include "gateway/store/syncer.h"

#include <algorithm>
#include <utility>

namespace gateway::store {

Syncer::Syncer(Database& db, SyncerOptions options)
    : db_(db), options_(options), thread_([this] { Run(); }) {}

void Syncer::Record(HighWater& file, std::function<Mark()> now) {
  const MutexLock lock(mutex_);
  file_ = &file;
  mark_ = std::move(now);
}

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

Status Syncer::Keep(HighWater& file, const Mark& mark, Urgency urgency) {
  const auto now = std::chrono::steady_clock::now();
  const Mark written = file.mark();
  if (mark == written) return OkStatus();
  const bool due = urgency == Urgency::kLast || now >= next_mark_ ||
                   (urgency == Urgency::kBarrier && mark.ledger != written.ledger);
  if (!due) return OkStatus();
  next_mark_ = now + limits::kMarkInterval;
  return file.Write(mark);
}

void Syncer::Run() {
  uint64_t synced_commits = 0;  // what was committed before we started may not be durable either
  for (bool last = false; !last;) {
    uint64_t barriers = 0;
    Urgency urgency = Urgency::kNone;
    HighWater* file = nullptr;
    std::function<Mark()> mark_now;
    {
      const MutexLock lock(mutex_);
      AwaitWork();
      last = stopping_;
      pending_bytes_ = 0;
      barriers = barriers_asked_;
      urgency = last                             ? Urgency::kLast
                : barriers_asked_ != barriers_served_ ? Urgency::kBarrier
                                                      : Urgency::kNone;
      file = file_;
      mark_now = mark_;
    }
    // Before the sync: it says what the sync makes durable.
    const Mark mark = file == nullptr ? Mark() : mark_now();

    // Read before the sync: a commit during it may or may not be covered, so it is not counted.
    const uint64_t commits = db_.commits();
    Status synced = db_.Tend(std::chrono::steady_clock::now());
    const bool needed = synced.ok() && commits != synced_commits;
    if (needed) synced = db_.Sync();
    if (synced.ok()) synced_commits = commits;
    if (synced.ok() && file != nullptr) synced = Keep(*file, mark, urgency);

    const MutexLock lock(mutex_);
    if (needed) ++syncs_;
    failure_ = synced;
    barriers_served_ = barriers;
    done_.NotifyAll();
  }
}

}  // namespace gateway::store
