// What should be subscribed to, between whoever changes it and the thread that talks to the broker.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/ingest/subscriptions.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {

// Changed and pending are thread-safe; Take belongs to one thread.
class WantedFilters {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Ask = std::function<std::vector<Filter>()>;

  // Wanted at first: `filters`. `ask` may be null if Changed() is never called.
  WantedFilters(std::vector<Filter> filters, Ask ask)
      : ask_(std::move(ask)), first_(std::move(filters)) {}

  // They may be others now.
  void Changed() {
    const MutexLock lock(mutex_);
    pending_ = true;
  }

  // What is wanted from now on, if that may have changed: of too many the first kFiltersMax. Asks at
  // most once in kFiltersPause, for which a change may have to wait.
  std::optional<std::vector<Filter>> Take(TimePoint now) {
    if (first_.has_value()) return std::exchange(first_, std::nullopt);
    if (now < next_) return std::nullopt;
    {
      const MutexLock lock(mutex_);
      if (!std::exchange(pending_, false)) return std::nullopt;
    }
    next_ = now + limits::kFiltersPause;
    std::vector<Filter> filters = ask_();
    if (filters.size() > limits::kFiltersMax) filters.resize(limits::kFiltersMax);
    return filters;
  }

  // There is a change that was not taken.
  bool pending() const {
    const MutexLock lock(mutex_);
    return pending_;
  }

 private:
  const Ask ask_;
  std::optional<std::vector<Filter>> first_;
  TimePoint next_{};
  mutable Mutex mutex_;
  bool pending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gateway::ingest
