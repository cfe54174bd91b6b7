// The one thread that makes commits durable: every second, after 64 KiB, or when someone waits at
// a barrier. Nobody else calls fsync: RocksDB would queue the MQTT callback behind it. It also tends
// the store: looks how much room is left, and heals it after an error of the disk.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"
#include "gateway/model/limits.h"
#include "gateway/store/database.h"
#include "gateway/store/high_water.h"

namespace gateway::store {

struct SyncerOptions {
  std::chrono::milliseconds interval = limits::kSyncInterval;
  std::size_t bytes_max = limits::kSyncBytesMax;
};

// Thread-safe, except Stop. After a sync that failed the kernel may have dropped the bytes, so that
// a later success would prove nothing: health and every Barrier return the error until the store
// was healed, which writes everything that was committed anew.
class Syncer {
 public:
  // Starts the thread. `db` must outlive the syncer and stay open until Stop.
  explicit Syncer(Database& db, SyncerOptions options = {});
  ~Syncer() { Stop(); }
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  // From now on what is durable is also written to `file`, which must outlive the thread: before a
  // barrier returns after which the ledger is longer, else at most every limits::kMarkInterval, and
  // by Stop. `now` tells what is committed; any thread may call it. Call once.
  void Record(HighWater& file, std::function<Mark()> now);

  // Counts committed bytes towards an early sync. Never blocks for a disk.
  void Notify(std::size_t bytes);

  // Blocks until everything committed before the call is durable; OK means that it is.
  // Returns FailedPrecondition if the syncer was stopped first.
  Status Barrier();

  // OK if the last sync was, and the store was well.
  Status health() const;
  // How many times the disk was asked; quiet intervals ask nothing.
  uint64_t syncs() const;

  // Serves the waiting barriers with a last sync and ends the thread. Again is a no-op.
  void Stop();

 private:
  void Run();
  // Writes `mark`, which is durable, if it is worth it.
  enum class Urgency { kNone, kBarrier, kLast };
  Status Keep(HighWater& file, const Mark& mark, Urgency urgency);
  // Waits for the interval, enough bytes, a barrier or Stop.
  void AwaitWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Database& db_;
  const SyncerOptions options_;

  mutable Mutex mutex_;  // never held while the disk works
  CondVar work_;
  CondVar done_;
  std::size_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t barriers_asked_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t barriers_served_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t syncs_ ABSL_GUARDED_BY(mutex_) = 0;
  Status failure_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  HighWater* file_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::function<Mark()> mark_ ABSL_GUARDED_BY(mutex_);

  std::chrono::steady_clock::time_point next_mark_{};  // confined to the thread

  std::thread thread_;  // last: starts when all else is ready
};

}  // namespace gateway::store
