// The files of RocksDB's write-ahead log, watched so that the store syncs them by itself and not by
// DB::SyncWAL. That one asserts that no write to the log and no other sync of it has failed, which
// another thread's may have a moment ago; Debian builds RocksDB with its asserts, and the process
// would die of a disk that failed once (rocksdb pull request 12448). It is also asked about files
// that could not be deleted, of which RocksDB tells nobody. Internal to store.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"

namespace gateway::store {

// The file system of one opening of the store. Thread-safe.
class LogFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit LogFiles(std::shared_ptr<rocksdb::FileSystem> below);
  const char* Name() const override { return "LogFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;

  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // OK if every file that was to be deleted is gone, else the first error. The next opening of the
  // store deletes what this one could not.
  rocksdb::IOStatus deleted() const;

  // Makes durable what was written to logs before the call, and the names of those logs. Writes go
  // on meanwhile. Returns the error of the disk; if an operation on a log that is still open failed
  // at any time, whoever saw it, that one: what the kernel says later would prove nothing.
  rocksdb::IOStatus Sync();

 private:
  class Log;
  class WatchedFile;

  mutable Mutex mutex_;  // never held while the disk works
  std::vector<std::weak_ptr<Log>> logs_ ABSL_GUARDED_BY(mutex_);  // RocksDB has them open
  std::string dir_ ABSL_GUARDED_BY(mutex_);
  uint64_t made_ ABSL_GUARDED_BY(mutex_) = 0;   // logs so far
  uint64_t named_ ABSL_GUARDED_BY(mutex_) = 0;  // of them, those whose names are durable
  rocksdb::IOStatus deleted_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::store
