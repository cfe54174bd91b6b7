// What a Database is made of. Internal to store: database.cc uses it, heal.cc replaces it.
#pragma once

#include <rocksdb/listener.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/store/database.h"
#include "gateway/store/gate.h"
#include "gateway/store/rocks_store.h"

namespace gateway::store {

// What the disk did, in order of how much it takes to cure it.
enum class Ailment : int {
  kNone = 0,
  kBackground = 1,  // a file could not be written; its rows are still in memory and in the log
  kLog = 2,         // the write-ahead log failed: what it holds beyond our commits is unknown
};

struct Database::Impl {
  explicit Impl(DatabaseOptions given) : options(std::move(given)), memory(MakeMemory()) {}

  // Tells of errors that no caller sees, and keeps RocksDB from curing them behind our back.
  struct Listener final : rocksdb::EventListener {
    explicit Listener(Impl& owner) : impl(owner) {}
    void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
      [[maybe_unused]] const Status known =
          impl.FallIll(Ailment::kBackground, FromRocks(*error, "writing the store's files"));
    }
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                              bool* auto_recovery) override {
      *auto_recovery = false;
    }
    Impl& impl;
  };

  // Remembers it, says so once, and returns the error.
  Status FallIll(Ailment what, const Status& error);
  Status CheckOpen() const {
    if (closed.load()) return FailedPrecondition("the store is closed");
    return store != nullptr ? OkStatus() : Health();
  }
  // For whoever writes.
  Status CheckSound() const {
    if (closed.load()) return FailedPrecondition("the store is closed");
    return ailment.load(std::memory_order_acquire) == Ailment::kNone ? OkStatus() : Health();
  }
  Status Health() const {
    const MutexLock lock(mutex);
    return illness;
  }

  Status Convert(const Batch& batch, rocksdb::WriteBatch& writes) const;
  void RememberToUndo(const rocksdb::WriteBatch& failed);
  void LookForRoom();
  void Recovered(std::string_view how);
  Status Resume();
  Status Reopen();
  Status Undo(RocksStore& fresh);
  Status Close();
  Status OpenStore();

  const DatabaseOptions options;
  const RocksMemory memory;
  Gate gate;  // whoever uses `store` is inside; locked while it is replaced
  std::unique_ptr<RocksStore> store;  // null after it could not be opened again
  bool salvaged = false;  // set by Open, before there is another thread
  std::atomic<uint64_t> commits{0};
  std::atomic<uint64_t> acknowledged{0};  // number of the last change that was committed
  std::atomic<uint64_t> reopened{0};
  std::atomic<uint64_t> lost{0};
  std::atomic<bool> closed{false};

  mutable Mutex mutex;  // never held while the disk works
  std::atomic<Ailment> ailment{Ailment::kNone};  // changed under mutex
  Status illness ABSL_GUARDED_BY(mutex);
  Status space ABSL_GUARDED_BY(mutex);
  // What rows were before commits that failed. Such a commit may be whole in the log all the same,
  // and come back when it is read.
  std::vector<rocksdb::WriteBatch> undo ABSL_GUARDED_BY(mutex);
  bool undo_known ABSL_GUARDED_BY(mutex) = true;

  // Confined to the thread that tends.
  std::chrono::milliseconds healing_pause{0};
  std::chrono::steady_clock::time_point next_healing{};
  std::chrono::steady_clock::time_point next_look{};
};

}  // namespace gateway::store
