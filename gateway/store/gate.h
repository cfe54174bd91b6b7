// Who uses the open RocksDB, and who replaces it by another. Internal to store.
#pragma once

#include <chrono>

#include "gateway/base/mutex.h"

namespace gateway::store {

// Many threads inside, or one that locked it. Whoever waits to lock it lets nobody else in, so that
// readers cannot starve it; but a thread that is inside already always comes in again: a read in
// the middle of a scan would otherwise wait for a lock that waits for the scan. Thread-safe.
class Gate {
 public:
  class Inside {
   public:
    explicit Inside(Gate& gate) : gate_(gate), outer_(innermost_), again_(gate.IsInside()) {
      if (!again_) gate_.Enter();
      innermost_ = this;
    }
    ~Inside() {
      innermost_ = outer_;
      if (!again_) gate_.Leave();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    friend class Gate;
    inline static thread_local const Inside* innermost_ = nullptr;
    Gate& gate_;
    const Inside* const outer_;
    const bool again_;
  };

  // Returns false, with everything as it was, if somebody is still inside at the deadline. The
  // calling thread must not be inside.
  bool Lock(std::chrono::steady_clock::time_point deadline) {
    const MutexLock lock(mutex_);
    locked_ = true;
    while (inside_ > 0 && changed_.WaitUntil(mutex_, deadline)) {
    }
    if (inside_ == 0) return true;
    locked_ = false;
    changed_.NotifyAll();
    return false;
  }
  void Unlock() {
    const MutexLock lock(mutex_);
    locked_ = false;
    changed_.NotifyAll();
  }

 private:
  bool IsInside() const {
    for (const Inside* at = Inside::innermost_; at != nullptr; at = at->outer_) {
      if (&at->gate_ == this) return true;
    }
    return false;
  }
  void Enter() {
    const MutexLock lock(mutex_);
    while (locked_) changed_.Wait(mutex_);
    ++inside_;
  }
  void Leave() {
    const MutexLock lock(mutex_);
    if (--inside_ == 0 && locked_) changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
  bool locked_ ABSL_GUARDED_BY(mutex_) = false;  // or somebody waits for it
};

}  // namespace gateway::store
