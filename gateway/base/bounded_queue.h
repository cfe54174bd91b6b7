// A first-in-first-out queue with a fixed capacity. Producers never block: a full queue refuses,
// and the caller decides what that means. Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "gateway/base/mutex.h"

namespace gateway {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // Returns false, leaving `item` untouched, if the queue is full or closed.
  bool TryPush(T&& item) {
    {
      const MutexLock lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    ready_.NotifyOne();
    return true;
  }

  // Waits up to `timeout` for an item; empty when none came or the queue was closed and drained.
  std::optional<T> PopFor(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const MutexLock lock(mutex_);
    while (!closed_ && items_.empty() && ready_.WaitUntil(mutex_, deadline)) {
    }
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  // Refuses further items and wakes every waiter. What is queued can still be taken.
  void Close() {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    ready_.NotifyAll();
  }

 private:
  const std::size_t capacity_;
  Mutex mutex_;
  CondVar ready_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gateway
